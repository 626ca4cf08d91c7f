/** Questions about one election: whether it is held, by whom, and where a session stands in its queue. */
import { componentOf, type ElectionName } from "../../shared/protocol/names.ts";
import { Queue, type Rank } from "./queue.ts";
import type { Election, ElectionState, Session } from "./state.ts";

export const vacantElection = (name: ElectionName): Election => ({
  name,
  state: { type: "vacant", successor: null },
  acceptedEpoch: 0,
  endedAt: null,
  queue: Queue.empty,
  places: 0,
  watchedComponents: 0,
  pending: [],
  deadline: null,
});

/** An election with a term, offered or accepted. */
export type TakenElection = Election & { readonly state: Exclude<ElectionState, { readonly type: "vacant" }> };

/** An election with an accepted term, whether it drains or not. */
export type HeldElection = Election & { readonly state: Extract<ElectionState, { readonly horizon: number }> };

export const isHeld = (election: Election | undefined): election is HeldElection =>
  election?.state.type === "leading" || election?.state.type === "revoking";

/** Whether the election's present term, offered or accepted, is this session's. */
export const isTakenBy = (sessionId: string, election: Election | undefined): election is TakenElection =>
  election !== undefined && election.state.type !== "vacant" && election.state.sessionId === sessionId;

/** `null` while the session can't be asked: no place, declined, mute, lost, or it has the present term itself. */
export function rankIn(session: Session, election: Election): Rank | null {
  const place = session.places.get(election.name);
  if (place === undefined || place.declined || session.mute || session.link.type === "lost") return null;
  if (isTakenBy(session.id, election)) return null;
  return {
    demoted: place.demotedAt === election.acceptedEpoch,
    priority: priorityIn(session, election.name),
    order: place.order,
  };
}

/** A dedicated contender's own priority, otherwise its process's. */
export function priorityIn(session: Session, election: ElectionName): number {
  const component = componentOf(election);
  return (component === null ? undefined : session.contenders.get(component)?.priority) ?? session.priority;
}
