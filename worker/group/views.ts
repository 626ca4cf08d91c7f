/** How the group looks from outside. Take it after a `tick`, so that nothing is shown that is over already. */
import type { LeaderInformation } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { CandidateStatus, ElectionStatus, GroupStatus, LeaderStatus } from "../../shared/protocol/status.ts";
import { isHeld, priorityIn } from "./election.ts";
import type { Election, GroupState } from "./state.ts";

export const groupStatus = (state: GroupState, group: string, now: number): GroupStatus => ({
  group,
  epoch: state.epoch,
  revision: state.revision,
  paused: state.paused,
  sessions: state.sessions.size,
  elections: electionStatuses(state, now),
});

/** The connections of the holders: their sockets carry the exact ends of leases. */
export function leaderConnections({ elections, sessions }: GroupState): string[] {
  const connections = new Set<string>();
  for (const election of elections.values()) {
    const link = isHeld(election) ? sessions.get(election.state.sessionId)?.link : undefined;
    if (link?.type === "connected") connections.add(link.connection);
  }
  return [...connections];
}

/** Takes one pass over the sessions, however many elections there are. */
function electionStatuses(state: GroupState, now: number): ElectionStatus[] {
  const waiting = new Map<ElectionName, string[]>();
  for (const { id, places } of state.sessions.values()) {
    for (const name of places.keys()) {
      const ids = waiting.get(name);
      if (ids === undefined) waiting.set(name, [id]);
      else ids.push(id);
    }
  }
  return [...state.elections.values()].map((election) =>
    electionStatus(state, election, waiting.get(election.name) ?? [], now),
  );
}

function electionStatus(state: GroupState, election: Election, placed: readonly string[], now: number): ElectionStatus {
  const { state: current } = election;
  return {
    election: election.name,
    state: current.type,
    leader: isHeld(election) ? leaderStatus(state, election.state) : null,
    remainingMs: current.type === "vacant" ? null : Math.max(0, current.leaseUntil - now),
    candidates: candidates(state, election, placed),
  };
}

export const processName = (state: GroupState, sessionId: string): string | null =>
  state.sessions.get(sessionId)?.process.name ?? null;

const leaderStatus = (
  state: GroupState,
  { sessionId, leaderSessionId, epoch }: Omit<LeaderStatus, "process">,
): LeaderStatus => ({ sessionId, process: processName(state, sessionId), leaderSessionId, epoch });

function candidates(
  state: GroupState,
  { name, queue, state: current }: Election,
  placed: readonly string[],
): CandidateStatus[] {
  const ready = [...queue.sessionIds()];
  const holder = current.type === "vacant" ? null : current.sessionId;
  const others = placed.filter((id) => id !== holder && queue.rankOf(id) === undefined);
  return [...ready, ...others].flatMap((id) => {
    const session = state.sessions.get(id);
    if (session === undefined) return [];
    const components = [...session.contenders.entries()].flatMap(([component, { election }]) =>
      election === name ? [component] : [],
    );
    const ready = queue.rankOf(id) !== undefined;
    const { process } = session;
    return [{ sessionId: id, process: process.name ?? null, priority: priorityIn(session, name), components, ready }];
  });
}

export const leaderOf = (state: GroupState, component: string): LeaderInformation | null =>
  state.components.get(component)?.record?.leader ?? null;

/** The leadership that the question is about. */
export interface FenceQuestion {
  readonly component: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

/** Whether the leadership is current at this moment. It may be over at the next one. */
export interface FenceAnswer {
  /** True until the term has ended: a holder that drains may still write. */
  readonly current: boolean;
  readonly draining: boolean;
  /** The epoch of the last term of the component's election; 0 if there was none. */
  readonly epoch: number;
  readonly remainingMs: number;
}

export function fence(state: GroupState, question: FenceQuestion, now: number): FenceAnswer {
  const name = state.components.get(question.component)?.election;
  const election = name === undefined || name === null ? undefined : state.elections.get(name);
  if (!isHeld(election)) {
    return { current: false, draining: false, epoch: election?.acceptedEpoch ?? 0, remainingMs: 0 };
  }
  const { sessionId, leaderSessionId, epoch, leaseUntil, type } = election.state;
  const contends = state.sessions.get(sessionId)?.contenders.has(question.component) === true;
  const current =
    contends && leaderSessionId === question.leaderSessionId && epoch === question.epoch && leaseUntil > now;
  return {
    current,
    draining: current && type === "revoking",
    epoch,
    remainingMs: current ? leaseUntil - now : 0,
  };
}
