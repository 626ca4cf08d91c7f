/** From the last renewal of the leading process, which is then killed by SIGKILL, to the grant in another one. */

import { leaseFor } from "../../shared/lease.ts";
import { build } from "../../tools/build.ts";
import { type Cluster, candidate, startCluster } from "../../tools/harness/cluster.ts";
import { beliefs } from "../../tools/harness/history.ts";
import { withBackend } from "../backend.ts";
import { machineMs } from "../peers/contender.ts";
import { pointsOf } from "../peers/points.ts";
import type { Measured, Row } from "../row.ts";
import { pause } from "../sockets.ts";

/** The time that may come on top of D, in the median and at most. */
const SLACK_MS = { p50: 50, max: 150 } as const;
const LEADER = "one";
const NANOSECONDS_PER_MS = 1e6;

interface Crash {
  readonly leaseMs: number;
  /** Candidates in front of the one that lives, whose processes are stopped at the moment of the crash. */
  readonly silent: number;
  readonly count: number;
}

async function crashes({ leaseMs, silent, count }: Crash): Promise<Measured> {
  await build(); // the processes run what a user would install
  return withBackend({ LEASE_MS: String(leaseMs) }, async ({ url }) => {
    const [samples, sinceKill]: [number[], number[]] = [[], []];
    const phases = pointsOf(leaseFor(leaseMs).renewEveryMs * (1 - 2 * MARGIN));
    for (let index = 0; index < count; index++) {
      const group = `crash-${index}`;
      const cluster = await startCluster(url, group, ["a"]);
      const { leader, stopped, next } = await lineUp(cluster, url, group, silent);
      await renewedSince(cluster, leaseMs, phases.next().value);
      for (const { child } of stopped) child.kill("SIGSTOP");
      const killedAt = machineMs();
      leader.child.kill("SIGKILL");
      await cluster.leader("a", leader.leads.get("a"));
      const ledAt = Number(next.told.at(-1)?.at) / NANOSECONDS_PER_MS;
      samples.push(ledAt - lastRenewal(cluster, leaseMs));
      sinceKill.push(ledAt - killedAt);
      await cluster.end();
    }
    const [least, most] = [Math.min(...sinceKill), Math.max(...sinceKill)].map(Math.round);
    return { samples, reference: { name: "D", value: leaseMs }, note: `${least} to ${most} ms after the kill` };
  });
}

async function lineUp(cluster: Cluster, url: string, group: string, silent: number) {
  cluster.start(LEADER);
  const leader = await cluster.leader("a");
  const start = async (name: string) => {
    const member = cluster.start(name);
    await candidate(url, group, name);
    return member;
  };
  const stopped: Awaited<ReturnType<typeof start>>[] = [];
  for (let index = 0; index < silent; index++) stopped.push(await start(`silent-${index}`));
  return { leader, stopped, next: await start("next") };
}

/** The part of an interval, right after a renewal and right before one, in which none is killed: an answer may be under way. */
const MARGIN = 0.1;

/** Resolves when the last renewal is so old: this much more than the margin. */
async function renewedSince(cluster: Cluster, leaseMs: number, ageMs: number): Promise<void> {
  const { renewEveryMs } = leaseFor(leaseMs);
  for (;;) {
    const leftMs = lastRenewal(cluster, leaseMs) + MARGIN * renewEveryMs + ageMs - machineMs();
    if (leftMs <= 0 && leftMs > -MARGIN * renewEveryMs) return;
    await pause(leftMs > 0 ? leftMs : (MARGIN * renewEveryMs) / 2);
  }
}

/** When the leader sent its last answered renewal, by its own account of the time for which it may lead. */
function lastRenewal(cluster: Cluster, leaseMs: number): number {
  const belief = beliefs(cluster.histories()).find((one) => one.process === LEADER);
  return Number(belief?.until ?? Number.NaN) / NANOSECONDS_PER_MS - leaseFor(leaseMs).renewDeadlineMs;
}

function crash(id: string, name: string, settings: Crash): Row {
  const { leaseMs, silent, count } = settings;
  const stopped = silent === 0 ? "" : `; those ${silent} are stopped at the moment of the crash, their sockets open`;
  return {
    id,
    name,
    unit: "ms",
    settings: `since the last renewal; D = ${leaseMs} ms, E = ${leaseFor(leaseMs).renewEveryMs} ms${stopped}; n = ${count}`,
    bounds: [
      { of: "min", least: leaseMs },
      { of: "p50", most: leaseMs + SLACK_MS.p50 },
      { of: "max", most: leaseMs + SLACK_MS.max },
    ],
    measure: () => crashes(settings),
  };
}

export const CRASH_ROWS: readonly Row[] = [
  crash("crash-2s", "crash fail-over, D = 2 s", { leaseMs: 2_000, silent: 0, count: 10 }),
  crash("crash-default", "crash fail-over, default D", { leaseMs: 10_000, silent: 0, count: 5 }),
  crash("crash-2s-silent-3", "crash fail-over, D = 2 s, 3 dead in front", { leaseMs: 2_000, silent: 3, count: 10 }),
  crash("crash-default-silent-3", "crash fail-over, default D, 3 dead in front", {
    leaseMs: 10_000,
    silent: 3,
    count: 5,
  }),
];
