import { stdout } from "node:process";
import { describe, expect, test } from "vitest";
import { seed } from "../support/seeded.ts";
import { shippedCores } from "./cores.ts";
import { noTally, replayLine, type SIZES, search } from "./run.ts";

const RUNS: readonly { readonly size: keyof typeof SIZES; readonly numRuns: number; readonly callers: boolean }[] = [
  { size: "deep", numRuns: 2_000, callers: false },
  { size: "shallow", numRuns: 1_000, callers: false },
  { size: "deep", numRuns: 1_000, callers: true },
];

describe("[S1] [S2] [S3] [S5] [S6] [S7] [S9] [S10] [S12] [C1] [G2] [O4] [N1] [N5] random runs of the shipped cores", () => {
  test.each(RUNS)(
    "$numRuns $size runs (with processes without a socket: $callers) break no rule, and end with a leader",
    ({ size, numRuns, callers }) => {
      const tally = noTally();
      const failure = search(shippedCores, { seed, numRuns, size, callers }, tally);
      const { runs, moves, terms, offers, slowest } = tally;
      stdout.write(
        `${runs} ${size} runs, ${moves} moves, ${terms} terms out of ${offers} offers; ` +
          `the slowest recovery took ${slowest.tookMs} ms of at most ${slowest.boundMs}\n`,
      );
      expect(failure === null ? "" : `${failure.error.message}\n${replayLine(failure.run)}`).toBe("");
    },
  );
});
