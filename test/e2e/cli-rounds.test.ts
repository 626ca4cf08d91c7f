/** A few rounds of kills; `npm run soak` runs 50. */
import { expect, test } from "vitest";
import { runCommandRounds } from "../support/command-rounds.ts";
import { seed } from "../support/seeded.ts";

const ROUNDS = 5;

test("[S2] [S6] commands of five `run` never overlap, whichever process is killed", async () => {
  const lines: string[] = [];
  const report = await runCommandRounds(ROUNDS, seed, (line) => lines.push(line));

  expect(report.faults, `seed ${seed}\n${lines.join("\n")}`).toEqual([]);
  expect(report.terms).toBeGreaterThan(ROUNDS);
});
