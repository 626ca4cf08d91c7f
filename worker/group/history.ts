/** The terms of a group, for operators. Take it after a `tick`, so that no term is shown that is over already. */
import type { ElectionName } from "../../shared/protocol/names.ts";
import { componentsIn, type HeldElection, isHeld } from "./election.ts";
import type { EndedTerm } from "./events.ts";
import type { GroupState } from "./state.ts";
import { keptConfirmations } from "./terms.ts";
import { processName } from "./views.ts";

/** A term of the history. A running one has neither end nor reason. */
export type TermStatus = Omit<EndedTerm, "endedAt" | "reason" | "note" | "subject"> & {
  readonly endedAt: number | null;
  readonly reason: EndedTerm["reason"] | null;
  readonly note: string | null;
  /** True: for a part of the gap nobody contended, so nobody could lead. */
  readonly idle: boolean;
};

/** The newest `limit` terms that have not ended, newest first. */
export function runningTerms(state: GroupState, limit: number): TermStatus[] {
  const running = [...state.elections.values()].filter(isHeld);
  running.sort((left, right) => right.state.epoch - left.state.epoch);
  return running.slice(0, limit).map((election) => runningTerm(state, election));
}

function runningTerm(state: GroupState, election: HeldElection): TermStatus {
  const { name, endedAt, state: term } = election;
  const acceptedAt = term.acceptedAt ?? term.grantedAt;
  return {
    election: name,
    epoch: term.epoch,
    leaderSessionId: term.leaderSessionId,
    sessionId: term.sessionId,
    process: processName(state, term.sessionId),
    grantedAt: term.grantedAt,
    acceptedAt,
    confirmed: keptConfirmations([...term.confirmed, ...publishedBy(state, election)]),
    endedAt: null,
    reason: null,
    note: null,
    gapMs: endedAt === null ? null : acceptedAt - endedAt,
    idle: false,
  };
}

/** The newest `limit` terms of a group, newest first: those that run, then those that have ended. `ended`: as many of them, or all. */
export function history(state: GroupState, ended: readonly EndedTerm[], limit: number): TermStatus[] {
  const shown = ended.map(({ subject: _, ...term }): TermStatus => ({ ...term, idle: false }));
  const terms = [...runningTerms(state, limit), ...shown].slice(0, limit);
  const endOfLast = new Map<ElectionName, number>();
  // A group forgets an election with its last contender, and so when its last term ended; the terms before still have that.
  const oldestFirst = terms.toReversed().map((term) => {
    const before = endOfLast.get(term.election);
    if (term.endedAt !== null) endOfLast.set(term.election, term.endedAt);
    if (term.gapMs !== null || before === undefined) return term;
    return { ...term, gapMs: Math.max(0, term.acceptedAt - before), idle: true };
  });
  return oldestFirst.reverse();
}

function publishedBy(state: GroupState, { name, state: term }: HeldElection): EndedTerm["confirmed"] {
  const session = state.sessions.get(term.sessionId);
  if (session === undefined) return [];
  return componentsIn(session, name).flatMap((component) => {
    const record = state.components.get(component)?.record;
    return record?.leader.leaderSessionId === term.leaderSessionId ? [{ component, at: record.confirmedAt }] : [];
  });
}
