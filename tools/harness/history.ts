/**
 * What processes believed, and when, on the machine's one monotonic clock; and the checker that looks for two leaders.
 *
 * Times are nanoseconds of `process.hrtime.bigint()`, which is the same clock in every process of a Linux machine.
 */
import { existsSync, readFileSync } from "node:fs";
import { leads, overlaps as overlapping, type Span } from "../../testing/leading.ts";

/** A line of a process's history. `at` is taken after the event, for `believed` before and after. */
export type Entry =
  | {
      readonly type: "grant";
      readonly at: string;
      readonly component: string;
      readonly leaderSessionId: string;
      readonly epoch: number;
    }
  | {
      readonly type: "revoke";
      readonly at: string;
      readonly component: string;
      readonly leaderSessionId: string;
      readonly reason: string;
    }
  /** The promise of its `onRevoke` settles next: what had stopped by then is no longer led. */
  | {
      readonly type: "stopped";
      readonly at: string;
      /** How long stopping was to take. */
      readonly meantMs: number;
      readonly component: string;
      readonly leaderSessionId: string;
    }
  /**
   * `isLeader()` was true at some instant between the two times; only the first and the newest are kept of each run.
   * `until`: so long it had the right to believe, by its own account, unless the group revokes it.
   */
  | {
      readonly type: "believed";
      readonly from: string;
      readonly to: string;
      readonly until: string;
      readonly component: string;
      readonly leaderSessionId: string;
      readonly epoch: number;
    };

export interface Belief {
  readonly process: string;
  readonly component: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
  /** It certainly believed at an instant not after `first`, and again at an instant not before `last`. */
  readonly first: bigint;
  readonly last: bigint;
  /** The end of its right to believe, as it last knew it. */
  readonly until: bigint;
}

export interface History {
  readonly process: string;
  readonly entries: readonly Entry[];
}

/** A process that was killed may have left half a line, or no file yet. */
export function readHistory(process: string, file: string): History {
  if (!existsSync(file)) return { process, entries: [] };
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return { process, entries: lines.map((line): Entry => JSON.parse(line)) };
}

/** One entry for each term that a process believed in. */
export function beliefs(histories: readonly History[]): Belief[] {
  const found = new Map<string, Belief>();
  for (const { process, entries } of histories) {
    for (const entry of entries) {
      if (entry.type !== "believed") continue;
      const { component, leaderSessionId, epoch } = entry;
      const key = `${process} ${component} ${leaderSessionId}`;
      const [from, to, until] = [BigInt(entry.from), BigInt(entry.to), BigInt(entry.until)];
      const known = found.get(key) ?? { process, component, leaderSessionId, epoch, first: to, last: from, until };
      found.set(key, {
        ...known,
        first: earlier(known.first, to),
        last: later(known.last, from),
        until: later(known.until, until),
      });
    }
  }
  return [...found.values()].sort((left, right) => (left.first < right.first ? -1 : 1));
}

/** Problems of these histories, one sentence each. */
export const faultsIn = (histories: readonly History[]): string[] => [
  ...overlaps(histories),
  ...epochsGoingBack(beliefs(histories)),
  ...histories.flatMap(brokenAlternation),
];

interface Stint extends Span {
  readonly process: string;
}

/** The last instant belongs to it. */
const INSTANT_MS = 1e-4;
const ms = (nanoseconds: bigint): number => Number(nanoseconds) / 1e6;

/** From its first instant that is certain to its last, what drained in the end included. */
function stintOf(
  { process, component, leaderSessionId, first, last, until }: Belief,
  histories: readonly History[],
): Stint {
  const { entries = [] } = histories.find((history) => history.process === process) ?? {};
  const isOwn = (entry: Entry): boolean => entry.component === component && entry.leaderSessionId === leaderSessionId;
  const revoked = entries.find((entry) => entry.type === "revoke" && isOwn(entry));
  const stopped = entries.find((entry) => entry.type === "stopped" && isOwn(entry));
  const span = { process, election: component, leaderSessionId, from: ms(first), to: ms(last) + INSTANT_MS };
  if (revoked?.type !== "revoke" || stopped?.type !== "stopped") return span;
  const [from, to] = [BigInt(revoked.at), BigInt(stopped.at)];
  // One that took longer than it meant to was frozen meanwhile: then its drain time may have been over before.
  if (to - from > 2n * BigInt(stopped.meantMs) * 1_000_000n) return span;
  const drained = { isLeader: false, drainsUntil: ms(to), leaseUntil: ms(until) };
  const end = Math.min(drained.drainsUntil, drained.leaseUntil);
  return leads(drained, ms(from)) ? { ...span, to: Math.max(span.to, end) } : span;
}

/** Two processes that certainly led one election at one instant. */
const overlaps = (histories: readonly History[]): string[] =>
  overlapping(beliefs(histories).map((belief) => stintOf(belief, histories))).map(({ first, second, from, to }) => {
    const us = Math.round((to - from) * 1_000);
    return `${first.process} and ${second.process} both led ${first.election} for at least ${us} us`;
  });

function later(one: bigint, other: bigint): bigint {
  if (one > other) return one;
  return other;
}

function earlier(one: bigint, other: bigint): bigint {
  if (one < other) return one;
  return other;
}

function epochsGoingBack(all: readonly Belief[]): string[] {
  const last = new Map<string, Belief>();
  return all.flatMap((belief) => {
    const before = last.get(belief.component);
    last.set(belief.component, belief);
    const grew =
      before === undefined || belief.epoch > before.epoch || belief.leaderSessionId === before.leaderSessionId;
    return grew ? [] : [`the epoch of ${belief.component} went from ${before.epoch} to ${belief.epoch}`];
  });
}

/** C1: grant, revoke, grant, revoke; each revoke with the leadership of its grant. */
function brokenAlternation({ process, entries }: History): string[] {
  const led = new Map<string, string>();
  return entries.flatMap((entry) => {
    if (entry.type === "believed" || entry.type === "stopped") return [];
    const { type, component, leaderSessionId } = entry;
    const before = led.get(component);
    if (type === "grant") led.set(component, leaderSessionId);
    else led.delete(component);
    const good = type === "grant" ? before === undefined : before === leaderSessionId;
    return good ? [] : [`${process}: ${type} of ${component} in ${leaderSessionId} after ${before ?? "nothing"}`];
  });
}

/** The milliseconds between two terms in which no process believed to lead a component. */
export function gapsMs(histories: readonly History[], component: string): number[] {
  const terms = beliefs(histories).filter((belief) => belief.component === component);
  return terms.slice(1).map((belief, index) => Number(belief.first - (terms[index]?.last ?? 0n)) / 1e6);
}
