/** From SIGKILL of the leading process to the grant in another one. */

import { leaseFor } from "../../shared/lease.ts";
import { build } from "../../tools/build.ts";
import { candidate, startCluster } from "../../tools/harness/cluster.ts";
import { withBackend } from "../backend.ts";
import type { Row } from "../row.ts";

/** The time that may come on top of D. */
const SLACK_MS = 250;

async function crashes(leaseMs: number, count: number): Promise<number[]> {
  await build(); // the processes run what a user would install
  return withBackend({ LEASE_MS: String(leaseMs) }, async ({ url }) => {
    const samples: number[] = [];
    for (let index = 0; index < count; index++) {
      const cluster = await startCluster(url, `crash-${index}`, ["a"]);
      cluster.start("one");
      const leader = await cluster.leader("a");
      const next = cluster.start("two");
      await candidate(url, `crash-${index}`, "two");
      const killedAt = process.hrtime.bigint();
      leader.child.kill("SIGKILL");
      await cluster.leader("a", leader.leads.get("a"));
      samples.push(Number(BigInt(next.told.at(-1)?.at ?? 0) - killedAt) / 1e6);
      await cluster.end();
    }
    return samples;
  });
}

/** Never early: D counts from the last renewal, which was at most E before the crash. */
const crash = (id: string, name: string, leaseMs: number, count: number): Row => ({
  id,
  name,
  unit: "ms",
  settings: `D = ${leaseMs} ms, E = ${leaseFor(leaseMs).renewEveryMs} ms; D begins with the last renewal; n = ${count}`,
  reference: () => ({ name: "D", value: leaseMs }),
  bounds: [
    { of: "min", least: leaseMs - leaseFor(leaseMs).renewEveryMs },
    { of: "max", most: leaseMs + SLACK_MS },
  ],
  measure: async () => ({ samples: await crashes(leaseMs, count) }),
});

export const CRASH_ROWS: readonly Row[] = [
  crash("crash-2s", "crash fail-over, D = 2 s", 2_000, 10),
  crash("crash-default", "crash fail-over, default D", 10_000, 5),
];
