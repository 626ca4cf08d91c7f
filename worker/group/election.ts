/** Questions about one election: whether it is held, by whom, and where a session stands in its queue. */
import { componentOf, type ElectionName } from "../../shared/protocol/names.ts";
import { Queue, type Rank, type Standing } from "./queue.ts";
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

/** An election with a term, whether it drains or not. */
export type HeldElection = Election & { readonly state: Exclude<ElectionState, { readonly type: "vacant" }> };

export const isHeld = (election: Election | undefined): election is HeldElection =>
  election !== undefined && election.state.type !== "vacant";

/** Whether the election's present term is this session's. */
export const isHeldBy = (sessionId: string, election: Election | undefined): election is HeldElection =>
  isHeld(election) && election.state.sessionId === sessionId;

/** `null` while the session is no candidate: no place, mute, lost, busy there, or it has the present term itself. */
function rankIn(session: Session, election: Election): Rank | null {
  const place = session.places.get(election.name);
  if (place === undefined || session.mute || session.link.type === "lost") return null;
  if (session.busy.includes(election.name) || isHeldBy(session.id, election)) return null;
  return {
    demoted: place.demotedAt === election.acceptedEpoch,
    priority: priorityIn(session, election.name),
    order: place.order,
  };
}

/** Where the session stands in the queue of the election. */
export function standingIn(session: Session, election: Election): Standing {
  if (!session.places.has(election.name) || isHeldBy(session.id, election)) return null;
  return rankIn(session, election) ?? "aside";
}

/** The session's component names in one election. */
export function* componentsIn({ contenders }: Session, election: ElectionName): Generator<string> {
  const own = componentOf(election);
  if (own === null) {
    for (const [component, contender] of contenders.entries()) if (contender.election === election) yield component;
  } else if (contenders.get(own)?.election === election) yield own;
}

/** A dedicated contender's own priority, otherwise its process's. */
export function priorityIn(session: Session, election: ElectionName): number {
  const component = componentOf(election);
  return (component === null ? undefined : session.contenders.get(component)?.priority) ?? session.priority;
}
