/** What a fault did to one election, from what its members believed. */
import { type Interval, STALL_MS } from "./seat.ts";

export interface Hit {
  /** When the fault began. */
  readonly at: number;
  /** When the process that was stopped ran again. */
  readonly resumedAt?: number | undefined;
  /** The end of the observation. */
  readonly until: number;
  /** The beliefs of each member, in the order of time. */
  readonly beliefs: readonly (readonly Interval[])[];
}

export interface Effect {
  /** The number of the member that led. */
  readonly loser: number;
  /** The longest time in which two members, both running, believed to lead. */
  readonly overlapMs: number;
  readonly leaderlessMs: number;
  /**
   * From the moment when both another member led and the old leader ran, to the last moment at which the old one
   * believed. Negative: it knew before another one led. Absent: nobody else led.
   */
  readonly toldMs?: number;
}

/** `undefined` if nobody led when the fault began. */
export function effectOf(hit: Hit): Effect | undefined {
  const { at, until, beliefs } = hit;
  const loser = beliefs.findIndex((intervals) => covering(intervals, at) !== undefined);
  const term = covering(beliefs[loser] ?? [], at)?.term;
  if (term === undefined) return undefined;
  const within = beliefs.map((intervals) => intervals.filter(({ to }) => to >= at));
  const others = within.filter((_, index) => index !== loser).flat();
  const next = Math.min(...others.filter(({ from }) => from >= at).map(({ from }) => from));
  return {
    loser,
    overlapMs: longestOverlap(within),
    leaderlessMs: longestGap(within.flat(), at, until),
    ...(Number.isFinite(next) && {
      toldMs: toldMs(
        hit,
        (beliefs[loser] ?? []).filter((one) => one.term === term),
        next,
      ),
    }),
  };
}

/** A look may be late by as much as it takes to say that the member did not run. */
const covering = (intervals: readonly Interval[], at: number): Interval | undefined =>
  intervals.find(({ from, to }) => from <= at && at <= to + STALL_MS);

function toldMs({ resumedAt }: Hit, term: readonly Interval[], next: number): number {
  const last = Math.max(...term.map(({ to }) => to));
  // Before it runs again nobody can tell it anything.
  return resumedAt === undefined ? last - next : Math.max(0, last - Math.max(next, resumedAt));
}

function longestOverlap(members: readonly (readonly Interval[])[]): number {
  let longest = 0;
  for (const [index, ones] of members.entries()) {
    for (const one of ones) {
      for (const other of members.slice(index + 1).flat()) {
        longest = Math.max(longest, Math.min(one.to, other.to) - Math.max(one.from, other.from));
      }
    }
  }
  return longest;
}

function longestGap(intervals: readonly Interval[], at: number, until: number): number {
  let [covered, longest] = [at, 0];
  for (const { from, to } of intervals.toSorted((one, other) => one.from - other.from)) {
    longest = Math.max(longest, from - covered);
    covered = Math.max(covered, to);
  }
  return Math.max(longest, until - covered);
}
