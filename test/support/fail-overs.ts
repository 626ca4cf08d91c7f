/**
 * Leaders that fall silent on open sockets of real backends, many groups side by side, in real time: objects hibernate by
 * themselves, and nobody but the platform brings their alarms.
 */
import { setTimeout as wait } from "node:timers/promises";
import { leaseFor, renewalSlackFor } from "../../shared/lease.ts";
import { groupPath } from "../../shared/protocol/paths.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import type { LivePeer } from "../../tools/harness/live-peer.ts";
import { connectPeer, type Destination } from "../../tools/harness/socket-peer.ts";
import { SECRET, tokenFor } from "../../tools/harness/tokens.ts";

/** With tokens an object always has a later deadline than the one that is due: the end of a token. */
export type Mode = "open" | "token";

/**
 * Those of the next candidate. While they `run`, it speaks when the lease is over, and needs no alarm. Where they `stand still`
 * without the group knowing, the alarm is a net; where they are `known to stand still`, it comes for the end of the lease.
 */
export type Timers = "run" | "stand still" | "known to stand still";

export interface FailOverOptions {
  readonly modes: readonly Mode[];
  readonly leasesMs: readonly number[];
  readonly timers: readonly Timers[];
  /** Of each kind. */
  readonly groups: number;
  /** W. */
  readonly horizonAheadMs: number;
}

/** All fail-overs of one kind. */
export interface FailOverRow {
  readonly mode: Mode;
  readonly leaseMs: number;
  readonly timers: Timers;
  readonly groups: number;
  readonly inTime: number;
  /** How many objects had hibernated before the next leader was granted. */
  readonly hibernated: number;
  /** From the last renewal of the silent leader to the grant of the next one; `null`: one was never granted. */
  readonly slowestMs: number | null;
  /** The latest that counts as in time, without what the machine may add. */
  readonly boundMs: number;
}

interface FailOver {
  readonly gapMs: number | null;
  readonly wakes: number;
}

/** What a busy machine may add to a bound before a fail-over counts as late. */
const MACHINE_MS = 5_000;
const CONTENDERS = [{ component: "dispatcher" }];
const BEATS_UNTIL_KNOWN = 2;

/** Starts a backend for each mode and lease, and resolves when every group has a new leader, or is too late. */
export async function runFailOvers(options: FailOverOptions): Promise<FailOverRow[]> {
  const kinds = options.leasesMs.flatMap((leaseMs) => options.modes.map((mode) => ({ mode, leaseMs })));
  const backends: LocalBackend[] = [];
  const rows: Promise<FailOverRow>[] = [];
  try {
    for (const kind of kinds) {
      const backend = await startLocalBackend({ bindings: bindingsFor(kind, options) });
      backends.push(backend);
      for (const timers of options.timers) {
        const row = { ...kind, timers };
        rows.push(rowOf(await openGroups(backend, row, options.groups), row, options));
      }
    }
    return await Promise.all(rows);
  } finally {
    await Promise.all(backends.map((backend) => backend.stop()));
  }
}

type Kind = Pick<FailOverRow, "mode" | "leaseMs" | "timers">;

const bindingsFor = ({ mode, leaseMs }: Omit<Kind, "timers">, { horizonAheadMs }: FailOverOptions) => ({
  LEASE_MS: String(leaseMs),
  HORIZON_AHEAD_MS: String(horizonAheadMs),
  LOG_LEVEL: "error",
  ...(mode === "open" ? { OPEN_MODE: "loopback" } : { AUTH_SECRET: SECRET }),
});

interface Group {
  readonly destination: Destination;
  readonly pair: Pair;
}

/** One after the other: a burst of upgrades would keep leaders from renewing. */
async function openGroups({ url }: LocalBackend, kind: Kind, groups: number): Promise<Group[]> {
  const opened: Group[] = [];
  for (let index = 0; index < groups; index += 1) {
    const group = `${kind.timers.replaceAll(" ", "-")}-${index}`;
    const destination = { url, group, ...(kind.mode === "token" && { token: tokenFor("admin") }) };
    opened.push({ destination, pair: await openPair(destination, kind) });
  }
  return opened;
}

async function rowOf(groups: readonly Group[], kind: Kind, { horizonAheadMs }: FailOverOptions): Promise<FailOverRow> {
  const boundMs = kind.leaseMs + slackFor(kind, horizonAheadMs);
  const failOvers = await Promise.all(groups.map((group) => failOver(group, kind, boundMs)));
  return { ...kind, groups: groups.length, boundMs, ...summaryOf(failOvers, boundMs) };
}

/** How long after the lease the group looks at it. */
function slackFor({ leaseMs, timers }: Kind, horizonAheadMs: number): number {
  const slackMs = renewalSlackFor(leaseMs);
  return timers === "stand still" ? Math.max(slackMs, Math.min(2 * leaseMs, horizonAheadMs)) : slackMs;
}

function summaryOf(failOvers: readonly FailOver[], boundMs: number) {
  const gaps = failOvers.map(({ gapMs }) => gapMs);
  return {
    inTime: gaps.filter((gapMs) => gapMs !== null && gapMs <= boundMs + MACHINE_MS).length,
    hibernated: failOvers.filter(({ wakes }) => wakes > 1).length,
    slowestMs: gaps.includes(null) ? null : Math.max(...gaps.map(Number)),
  };
}

interface Pair {
  readonly leader: LivePeer;
  readonly next: LivePeer;
  readonly leaderSessionId: string;
  /** When the leader has sent its last renewal. */
  readonly renewedAt: number;
}

async function openPair(destination: Destination, { timers }: Kind): Promise<Pair> {
  const leader = await connectPeer(destination);
  const next = await connectPeer(destination);
  next.isHeldUp = timers !== "run";
  await leader.hello({ contenders: CONTENDERS });
  const renewedAt = performance.now();
  const { leaderSessionId } = await leader.win();
  await next.hello({ contenders: CONTENDERS });
  return { leader, next, leaderSessionId, renewedAt };
}

async function failOver({ pair, destination }: Group, kind: Kind, boundMs: number): Promise<FailOver> {
  const { leader, next } = pair;
  const silentFrom = kind.timers === "known to stand still" ? await keepLeading(pair, kind) : pair.renewedAt;
  leader.silent = true;
  const granted = next.next("grant").then(
    () => performance.now() - silentFrom,
    () => null, // its connection was ended
  );
  const tooLate = wait(silentFrom + boundMs + MACHINE_MS - performance.now(), null, { ref: false });
  const gapMs = await Promise.race([granted, tooLate]);
  if (gapMs !== null && gapMs < kind.leaseMs) throw new Error(`${destination.group}: two leaders, after ${gapMs} ms`);
  const wakes = await wakesOf(destination);
  for (const peer of [leader, next]) peer.drop();
  return { gapMs, wakes };
}

/** Renews on the beat until the group has seen that the next candidate does not keep time. When the last one was sent. */
async function keepLeading({ leader, leaderSessionId }: Pair, { leaseMs }: Kind): Promise<number> {
  let sentAt = 0;
  for (let beats = 0; beats < BEATS_UNTIL_KNOWN; beats += 1) {
    await wait(leaseFor(leaseMs).renewEveryMs);
    sentAt = performance.now();
    const held = await leader.renew(leaderSessionId);
    if (!held.includes(leaderSessionId)) throw new Error("the leader has lost its term, although it renews");
  }
  return sentAt;
}

/** How often the group's object was loaded. */
async function wakesOf({ url, group, token }: Destination): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}${groupPath(group, "metrics")}`, { headers });
  const [, count] = /^\w*wakes_total\S* (\d+)$/m.exec(await answer.text()) ?? [];
  if (count === undefined) throw new Error(`the metrics of ${group} do not tell how often it woke`);
  return Number(count);
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;

/** The rows as text, one line for each, with a head. */
export function failOverTable(rows: readonly FailOverRow[]): string {
  const line = (...cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 2 ? cell.padEnd(22) : cell.padStart(12))).join("  ");
  const head = line("D", "mode", "the next one's timers", "in time", "hibernated", "slowest", "bound");
  const lines = rows.map(({ leaseMs, mode, timers, groups, inTime, hibernated, slowestMs, boundMs }) =>
    line(
      seconds(leaseMs),
      mode,
      timers,
      `${inTime} of ${groups}`,
      `${hibernated} of ${groups}`,
      slowestMs === null ? "never" : seconds(slowestMs),
      seconds(boundMs),
    ),
  );
  return [head, ...lines].join("\n");
}
