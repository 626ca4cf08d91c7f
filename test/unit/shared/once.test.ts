import { expect, test } from "vitest";
import { ElectionError } from "../../../shared/errors.ts";
import { Calls, type OncePorts } from "../../../shared/once/calls.ts";
import type { RunAnswer, RunCall } from "../../../shared/protocol/runs.ts";

const CALL: RunCall = { type: "renew", job: "nightly", run: "r".repeat(16) };
const LOST: RunAnswer = { type: "lost" };

/** A deployment that answers each call by its next answer, on a clock that jumps to whatever is waited for. */
function portsWith(answers: readonly (RunAnswer | ElectionError)[]) {
  let now = 0;
  const askedAt: number[] = [];
  const waits = new Set<() => void>();
  const ports: OncePorts = {
    call: async () => {
      const answer = answers[askedAt.length] ?? LOST;
      askedAt.push(now);
      if (answer instanceof ElectionError) throw answer;
      return answer;
    },
    now: () => now,
    random: () => 0,
    setTimeout: (run, ms) => {
      const wake = (): void => {
        if (!waits.delete(wake)) return;
        now += ms;
        run();
      };
      waits.add(wake);
      setImmediate(wake);
      return wake;
    },
    clearTimeout: (wake) => waits.delete(wake as () => void),
    freshId: () => "id",
    isoOf: () => null,
    by: () => "me",
  };
  return { ports, askedAt };
}

const turnedAway = (retryAfterMs: number): ElectionError =>
  Object.assign(new ElectionError("overloaded", "try later", undefined, true), { retryAfterMs });

test("[E9] [J5] where the deployment says when to ask again, the next call comes no earlier", async () => {
  const { ports, askedAt } = portsWith([turnedAway(10_000), turnedAway(30_000), LOST]);
  expect(await new Calls(ports).ask(CALL)).toMatchObject({ answer: LOST });
  expect(askedAt).toEqual([0, 10_000, 40_000]);
});

test("[E9] [J5] nobody is made to wait for longer than a minute", async () => {
  const { ports, askedAt } = portsWith([turnedAway(86_400_000), turnedAway(86_400_000)]);
  await expect(new Calls(ports).ask(CALL)).rejects.toThrow("try later");
  expect(askedAt).toEqual([0, 60_000]);
});
