/**
 * Who leads, word by word as GUARANTEES.md has it: "a session leads while `isLeader()` is true, and also while it drains
 * after a revoke, as long as its lease runs". It is asked of what applications were told and did, never of what a core believes.
 */

export interface AsTold {
  /** What `isLeader()` answers. */
  readonly isLeader: boolean;
  /** An `onRevoke` runs, and may until then; `null`: none does. */
  readonly drainsUntil: number | null;
  /** Until when its lease was promised, by what the process has sent and read. */
  readonly leaseUntil: number;
}

export const leads = ({ isLeader, drainsUntil, leaseUntil }: AsTold, now: number): boolean =>
  isLeader || (drainsUntil !== null && now < drainsUntil && now < leaseUntil);

/** At one instant: two that lead one election, or `null`. */
export function twoLeaders<Who>(
  leading: Iterable<readonly [election: string, who: Who]>,
): { readonly election: string; readonly first: Who; readonly second: Who } | null {
  const found = new Map<string, Who>();
  for (const [election, who] of leading) {
    const first = found.get(election);
    if (first !== undefined && first !== who) return { election, first, second: who };
    found.set(election, who);
  }
  return null;
}

/** From when to when somebody has led. */
export interface Span {
  readonly election: string;
  /** The leadership, which one process or several may lead by. */
  readonly leaderSessionId: string;
  readonly from: number;
  readonly to: number;
}

/** Over time: all pairs that have led one election at once. */
export function overlaps<S extends Span>(
  spans: readonly S[],
): { readonly first: S; readonly second: S; readonly from: number; readonly to: number }[] {
  return spans.flatMap((first, index) =>
    spans.slice(index + 1).flatMap((second) => {
      if (first.election !== second.election || first.leaderSessionId === second.leaderSessionId) return [];
      const from = Math.max(first.from, second.from);
      const to = Math.min(first.to, second.to);
      return from < to ? [{ first, second, from, to }] : [];
    }),
  );
}
