/** Foreign mutants that nothing finds, and why that is right. */
import type { Mutation } from "./mutations.ts";

interface Survivor extends Pick<Mutation, "within" | "from" | "to"> {
  readonly file: string;
  /** `nothing`: whatever comes, it does the same. `no safety`: it does something else, and no rule S1-S20 speaks of that. */
  readonly changes: "nothing" | "no safety";
  readonly reason: string;
}

export const survivors: readonly Survivor[] = [
  {
    file: "worker/group/attachment-check.ts",
    within: "const LATEST = 8.64e15;",
    from: "8.64e15",
    to: "(8640000000000000 * 2)",
    changes: "nothing",
    reason: "no clock shows such a time: the check is for numbers that are no times",
  },
  {
    file: "worker/group/frames.ts",
    within: "function mayPass(turn: Turn, connection: Connection, { frame, characters = 0 }: FrameEvent): boolean {",
    from: "0",
    to: "1",
    changes: "nothing",
    reason: "frames are counted by each 16,384 characters: none and one are the same",
  },
  {
    file: "worker/group/idle.ts",
    within: "epoch > 0 || revision > 0 || touched.sessions.size > 0;",
    from: "epoch > 0 || revision > 0",
    to: "(epoch > 0)",
    changes: "no safety",
    reason:
      "a group without an epoch has a revision only by an order to resume it: then its idle time begins with its next session",
  },
  {
    file: "worker/group/terms.ts",
    within: "const AWAITED_SILENCES = 3;",
    from: "3",
    to: "(3 * 2)",
    changes: "no safety",
    reason: "how long an operator waits for the answer that nobody took over; the revoke itself is not delayed",
  },
];

export const survivorFor = (
  file: string,
  { within, from, to }: Pick<Mutation, "within" | "from" | "to">,
): Survivor | undefined =>
  survivors.find((one) => one.file === file && one.within === within && one.from === from && one.to === to);
