/** Jobs that run once, with real processes; `npm run once` is the whole table. */
import { expect, test } from "vitest";
import { problemsOf, runRounds } from "../support/once-rounds.ts";

test("[J1] [J2] [J3] [J6] processes with clocks seconds apart, some of them killed: each occurrence once, no two runs at a time", async () => {
  const results = await runRounds({
    ...{ processes: 4, occurrences: 20, tickMs: 100, skewMs: 1_000, killed: 0.1, leaseMs: 2_000 },
  });
  expect(results.flatMap(problemsOf), JSON.stringify(results)).toEqual([]);
});
