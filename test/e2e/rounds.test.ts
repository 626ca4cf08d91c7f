/** A few rounds of random faults; `npm run soak` runs many. */
import { expect, test } from "vitest";
import { runRounds } from "../support/rounds.ts";
import { seed } from "../support/seeded.ts";

const ROUNDS = 6;

test("[S1] [S2] [S5] [C1] [N2] random faults on five processes: never two leaders, and always a next one", async () => {
  const lines: string[] = [];
  const report = await runRounds(ROUNDS, seed, (line) => lines.push(line));
  expect(report.faults, `seed ${seed}\n${lines.join("\n")}`).toEqual([]);
  expect(report.terms).toBeGreaterThan(0);
});
