/** Real alarms of objects that hibernate by themselves; `npm run fail-over` is the whole table. */
import { expect, test } from "vitest";
import { failOverTable, runFailOvers } from "../support/fail-overs.ts";

/** So long after its last event an object hibernates, at most. */
const HIBERNATES_MS = 12_000;

test("[S2] [N13] the alarm of a hibernated object ends a silent leader's term where nobody else can, with tokens", async () => {
  const rows = await runFailOvers({
    modes: ["token"],
    leasesMs: [30_000, 20_000, 15_000, 10_000], // the longest wait begins first
    timers: ["stand still"],
    groups: 6,
    horizonAheadMs: 2_000, // the alarm is due so long after the lease
  });
  const table = failOverTable(rows);
  for (const { leaseMs, groups, inTime, hibernated } of rows) {
    expect(inTime, table).toBe(groups);
    if (leaseMs > HIBERNATES_MS) expect(hibernated, table).toBe(groups);
  }
});
