/** Hand-overs to the first candidate that lives, behind others whose sockets are open and which never answer. */
import { median } from "../../cli/statistics.ts";
import { askTimeoutFor, DEFAULT_LEASE_MS, leaseFor } from "../../shared/lease.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { withBackend } from "../backend.ts";
import { joinSilent } from "../crowd.ts";
import { interleaved, pairOf } from "../pair.ts";
import { PRODUCTS } from "../peers/products.ts";
import { silentHandOvers } from "../peers/silence.ts";
import type { Measured, Row } from "../row.ts";
import { pause } from "../sockets.ts";

const CONTENDS = { contenders: [{ component: "a" }] };
const SHORT_LEASE_MS = 2_000;
const LOOK_EVERY_MS = 50;
/** What a busy machine may add. */
const SLACK_MS = 150;
/** So many elections at the same time, since each waits for a time-out. */
const SAMPLES = 5;

/** How many candidates the group holds for silent. */
async function noticedIn(url: string, group: string): Promise<number> {
  const { elections } = await statusOf(url, group);
  return elections.flatMap(({ candidates }) => candidates).filter(({ ready }) => !ready).length;
}

/** They have come before the process that takes over, and the group has noticed all of them before the first hand-over. */
const noticed = (silent: number): Promise<Measured> =>
  withBackend({ LEASE_MS: String(SHORT_LEASE_MS) }, async ({ url }) => {
    await using few = await pairOf(url, "few", ["a"], { priority: 0 });
    const between = async (): Promise<void> => {
      for (let index = 0; index < silent; index++) sockets.push(await joinSilent(url, "many", CONTENDS));
    };
    const sockets: Awaited<ReturnType<typeof joinSilent>>[] = [];
    await using many = await pairOf(url, "many", ["a"], { priority: 0, between });
    while ((await noticedIn(url, "many")) < silent) await pause(LOOK_EVERY_MS);
    const { measured, reference } = await interleaved(many.handOver, few.handOver);
    for (const socket of sockets) socket.terminate();
    return { samples: measured, reference: { name: "none in front", value: median(reference) } };
  });

const noticedRow = (silent: number): Row => ({
  id: `hand-over-silent-${silent}`,
  name: `hand-over by resign, ${silent} dead in front, noticed`,
  unit: "ms",
  settings: `D = ${SHORT_LEASE_MS} ms; their sockets are open and silent since before, as the group has found out while somebody led`,
  bounds: [{ of: "ratio", most: 1.3 }],
  measure: () => noticed(silent),
});

/**
 * The first one is granted by its statement, the second one does not speak when that lease is over, and the group looks by
 * itself two leases later: then it asks all that are left at once.
 */
const LONGEST_MS = 3 * DEFAULT_LEASE_MS + askTimeoutFor(leaseFor(DEFAULT_LEASE_MS)) + SLACK_MS;

const unnoticedRow = (silent: number): Row => ({
  id: `hand-over-silent-${silent}-unnoticed`,
  name: `hand-over by resign, ${silent} dead in front, unnoticed`,
  unit: "ms",
  settings: `default lease; their process is stopped right before the resign, their sockets open; ${SAMPLES} elections at once`,
  bounds: [{ of: "max", most: LONGEST_MS }],
  measure: () =>
    PRODUCTS.ours.withServer(async (url) => ({ samples: await silentHandOvers("ours", url, silent, SAMPLES) })),
});

export const SILENT_ROWS: readonly Row[] = [noticedRow(1), noticedRow(3), unnoticedRow(3)];
