/** The terms of a group, for operators. Take it after a `tick`, so that no term is shown that is over already. */
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { LeaderStatus } from "../../shared/protocol/status.ts";
import { isHeld } from "./election.ts";
import type { EndedTerm } from "./events.ts";
import type { GroupState } from "./state.ts";
import { processName } from "./views.ts";

/** A term of the history. A running one has neither end nor reason. */
export type TermStatus = Omit<EndedTerm, "endedAt" | "reason" | "note"> & {
  readonly endedAt: number | null;
  readonly reason: EndedTerm["reason"] | null;
  readonly note: string | null;
};

/** The terms that have not ended, newest first. */
export function runningTerms(state: GroupState): TermStatus[] {
  const running: TermStatus[] = [];
  for (const election of state.elections.values()) {
    if (!isHeld(election)) continue;
    const { name, endedAt, state: term } = election;
    running.push({
      election: name,
      epoch: term.epoch,
      leaderSessionId: term.leaderSessionId,
      sessionId: term.sessionId,
      process: processName(state, term.sessionId),
      grantedAt: term.grantedAt,
      acceptedAt: term.acceptedAt ?? term.grantedAt,
      confirmed: [...term.confirmed, ...publishedBy(state, term)],
      endedAt: null,
      reason: null,
      note: null,
      gapMs: endedAt === null ? null : (term.acceptedAt ?? term.grantedAt) - endedAt,
    });
  }
  return running.sort((left, right) => right.epoch - left.epoch);
}

/** The terms of a group, newest first: those that run, then those that have ended. `ended`: all that are kept. */
export function history(state: GroupState, ended: readonly EndedTerm[], limit: number): TermStatus[] {
  const terms = [...runningTerms(state), ...ended];
  const endOfLast = new Map<ElectionName, number>();
  const gaps = terms.toReversed().map(({ election, acceptedAt, endedAt, gapMs }) => {
    const before = endOfLast.get(election);
    if (endedAt !== null) endOfLast.set(election, endedAt);
    // A group forgets an election with its last contender, and so when its last term ended; the history still has that.
    return gapMs ?? (before === undefined ? null : Math.max(0, acceptedAt - before));
  });
  return terms.slice(0, limit).map((term, index) => ({ ...term, gapMs: gaps[terms.length - 1 - index] ?? null }));
}

function publishedBy(
  state: GroupState,
  { sessionId, leaderSessionId }: Pick<LeaderStatus, "sessionId" | "leaderSessionId">,
): EndedTerm["confirmed"] {
  return [...(state.sessions.get(sessionId)?.contenders.keys() ?? [])].flatMap((component) => {
    const record = state.components.get(component)?.record;
    return record?.leader.leaderSessionId === leaderSessionId ? [{ component, at: record.confirmedAt }] : [];
  });
}
