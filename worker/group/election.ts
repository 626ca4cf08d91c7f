/** Questions about one election: whether it is held, by whom, and where a session stands in its queue. */
import { componentOf, type ElectionName } from "../../shared/protocol/names.ts";
import { loadOf } from "./loads.ts";
import { preferenceOf } from "./preference.ts";
import { Queue, type Rank, type Standing, type Worth } from "./queue.ts";
import type { Election, ElectionState, GroupState, Session } from "./state.ts";

/** What of the group the order in its queues depends on. */
type Choice = Pick<GroupState, "policy" | "loads">;

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
function rankIn(session: Session, election: Election, choice: Choice): Rank | null {
  const place = session.places.get(election.name);
  if (place === undefined || session.mute || session.link.type === "lost") return null;
  if (session.busy.includes(election.name) || isHeldBy(session.id, election)) return null;
  const { priority, preference } = worthIn(session, election.name, choice);
  const led = election.name === "process" ? 0 : loadOf(choice.loads, session.id).led;
  return { demoted: place.demotedAt === election.acceptedEpoch, priority, preference, led, order: place.order };
}

/** Where the session stands in the queue of the election. */
export function standingIn(session: Session, election: Election, choice: Choice): Standing {
  if (!session.places.has(election.name) || isHeldBy(session.id, election)) return null;
  return rankIn(session, election, choice) ?? "aside";
}

export function worthIn(session: Session, election: ElectionName, { policy: { prefer } }: Choice): Worth {
  const preference = prefer === null ? "" : preferenceOf(session.process.metadata?.[prefer.metadata], prefer.order);
  return { priority: priorityIn(session, election), preference };
}

/** The session's component names in one election: so many of them at most, from 1 on. */
export function componentsIn({ contenders }: Session, election: ElectionName, atMost = Infinity): string[] {
  const own = componentOf(election);
  if (own !== null) return contenders.get(own)?.election === election ? [own] : [];
  const components: string[] = [];
  contenders.some((component, contender) => {
    if (contender.election === election) components.push(component);
    return components.length >= atMost;
  });
  return components;
}

/** Whether any component of the session runs in this election. */
export function contendsIn({ contenders }: Session, election: ElectionName): boolean {
  const own = componentOf(election);
  if (own !== null) return contenders.get(own)?.election === election;
  return contenders.some((_, contender) => contender.election === election);
}

/** A dedicated contender's own priority, otherwise its process's. */
export function priorityIn(session: Session, election: ElectionName): number {
  const component = componentOf(election);
  return (component === null ? undefined : session.contenders.get(component)?.priority) ?? session.priority;
}
