import { stdout } from "node:process";
import { describe, expect, test } from "vitest";
import { seed } from "../support/seeded.ts";
import { shippedCores } from "./cores.ts";
import { type Kind, noTally, replayLine, type SIZES, search } from "./run.ts";

/** Some times as many as the mutants take that random runs find (test/sim/mutants); `npm run soak` goes on with fresh seeds. */
const RUNS: readonly { readonly size: keyof typeof SIZES; readonly numRuns: number; readonly kind: Kind }[] = [
  { size: "deep", numRuns: 300, kind: "plain" },
  { size: "shallow", numRuns: 200, kind: "plain" },
  { size: "deep", numRuns: 150, kind: "callers" },
  { size: "deep", numRuns: 150, kind: "faults" },
  { size: "deep", numRuns: 150, kind: "choice" },
  { size: "deep", numRuns: 100, kind: "choosy callers" },
  { size: "deep", numRuns: 100, kind: "tenants" },
];

describe("[S1] [S2] [S3] [S5] [S6] [S7] [S9] [S10] [S12] [C1] [G2] [O4] [N1] [N5] random runs of the shipped cores", () => {
  test.each(RUNS)("$numRuns $size runs ($kind) break no rule, and end with a leader", ({ size, numRuns, kind }) => {
    const tally = noTally();
    const failure = search(shippedCores, { seed, numRuns, size, kind }, tally);
    const { runs, moves, terms, grants, slowest } = tally;
    stdout.write(
      `${runs} ${size} runs, ${moves} moves, ${terms} terms by ${grants} grants; ` +
        `the slowest recovery took ${slowest.tookMs} ms of at most ${slowest.boundMs}\n`,
    );
    expect(failure === null ? "" : `${failure.error.message}\n${replayLine(failure.run)}`).toBe("");
  });
});
