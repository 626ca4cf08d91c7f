/** Foreign mutants that nothing finds, and why that is right: the change makes no difference that a rule speaks of. */
import type { Mutation } from "./mutations.ts";

interface Survivor extends Pick<Mutation, "from" | "to"> {
  readonly file: string;
  readonly reason: string;
}

const survivors: readonly Survivor[] = [
  {
    file: "worker/group/attachment-check.ts",
    from: "8.64e15",
    to: "(8640000000000000 * 2)",
    reason: "no clock shows such a time: the check is for numbers that are no times",
  },
  {
    file: "worker/group/deadlines.ts",
    from: "session && paidAt(turn, turn.connectionOf(session)?.access)",
    to: "(paidAt(turn, turn.connectionOf(session)?.access))",
    reason: "whoever is in the queue has a session: the check is for the compiler",
  },
  {
    file: "worker/group/frames.ts",
    from: "0",
    to: "1",
    reason: "frames are counted by each 16,384 characters: none and one are the same",
  },
  {
    file: "worker/group/idle.ts",
    from: "epoch > 0 || revision > 0",
    to: "(epoch > 0)",
    reason:
      "a group without an epoch has a revision only by an order to resume it: then its idle time begins with its next session",
  },
  {
    file: "worker/group/terms.ts",
    from: "3",
    to: "(3 * 2)",
    reason: "how long an operator waits for the answer that nobody took over; the revoke itself is not delayed",
  },
];

export const reasonFor = (file: string, { from, to }: Pick<Mutation, "from" | "to">): string | undefined =>
  survivors.find((one) => one.file === file && one.from === from && one.to === to)?.reason;
