/** Runs of a job among lost answers, late calls, restarts and replaced objects: what ships keeps every promise. */
import { expect, inject, test } from "vitest";
import { shippedKit } from "./kit.ts";
import { playOnce, type Tally } from "./play.ts";

const PLAYS = Number(process.env["ONCE_RUNS"] ?? 15);

test.each([true, false])(
  "[J1] [J2] [J3] [S2] [S3] no occurrence completes twice, none begins after it was completed, no two runs overlap (retry: %s)",
  async (retry) => {
    const tally: Tally = { starts: 0, completions: 0, faults: 0 };
    for (let index = 0; index < PLAYS; index += 1)
      await playOnce(shippedKit, { seed: inject("seed") + index, retry }, tally);
    expect(tally.completions).toBe(8 * PLAYS);
    expect(tally.starts).toBeGreaterThan(6 * PLAYS);
    expect(tally.faults).toBeGreaterThan(PLAYS);
  },
);
