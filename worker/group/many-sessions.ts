/**
 * All sessions of a group, and their connections, at once. Every wake-up of the object comes this way: one by one, each session would search each
 * of its indexes; here, every index is made of a whole list.
 */
import type { ElectionName } from "../../shared/protocol/names.ts";
import { rankIn } from "./election.ts";
import { Queue, type Rank } from "./queue.ts";
import { observes } from "./session-indexes.ts";
import type { Component, Connection, DeadlineKey, Session } from "./state.ts";
import { noDeadlines, noNames, type Turn } from "./turn.ts";

/** Into a state that has its elections, and neither sessions nor components. */
export function putSessions(turn: Turn, sessions: readonly Session[]): void {
  turn.change({
    sessions: noNames<Session>().of(sessions.map((session) => [session.id, session])),
    lost: noDeadlines<string>().of(sessions.flatMap(lossOf)),
    watchersOfAll: watchersOf(sessions.filter(({ watched }) => watched.all)),
    observers: sessions.filter(observes).length,
    subjects: noNames<number>().of(subjectsOf(sessions)),
    lastOrder: lastOrderOf(turn.state.lastOrder, sessions),
  });
  for (const [name, { places, candidates }] of standingOf(turn, sessions)) {
    turn.patchElection(name, { places, queue: Queue.of(candidates) });
  }
  for (const [name, { election, contenders, watchers }] of componentsOf(sessions)) {
    turn.patchComponent(name, { election, contenders, watchers: watchersOf(watchers) });
  }
}

interface Standing {
  places: number;
  readonly candidates: [string, Rank][];
}

/** Who has a place in each election, and who of them can be asked. */
function standingOf(turn: Turn, sessions: readonly Session[]): ReadonlyMap<ElectionName, Standing> {
  const standing = new Map<ElectionName, Standing>();
  for (const session of sessions) {
    session.places.each((name) => {
      const election = turn.election(name);
      if (election === undefined) return;
      const one = standing.get(name) ?? { places: 0, candidates: [] };
      standing.set(name, one);
      one.places += 1;
      const rank = rankIn(session, election);
      if (rank !== null) one.candidates.push([session.id, rank]);
    });
  }
  return standing;
}

interface Known {
  election: ElectionName | null;
  contenders: number;
  readonly watchers: Session[];
}

function componentsOf(sessions: readonly Session[]): ReadonlyMap<string, Known> {
  const components = new Map<string, Known>();
  const known = (name: string): Known => {
    const one = components.get(name) ?? { election: null, contenders: 0, watchers: [] };
    components.set(name, one);
    return one;
  };
  for (const session of sessions) {
    session.contenders.each((name, { election }) => {
      const one = known(name);
      one.election = election;
      one.contenders += 1;
    });
    for (const name of session.watched.names) known(name).watchers.push(session);
  }
  return components;
}

/** Of sessions, into a state that has none yet. */
export function putConnections(turn: Turn, connections: readonly Connection[]): void {
  turn.change({
    connections: noNames<Connection>().of(connections.map((connection) => [connection.id, connection])),
    expiring: noDeadlines<string>().of(
      connections.flatMap(({ id, access: { until } }) => (until === undefined ? [] : [[{ at: until, name: id }, id]])),
    ),
  });
}

const watchersOf = (sessions: readonly Session[]): Component["watchers"] =>
  noNames<true>().of(sessions.map(({ id }) => [id, true]));

const lossOf = ({ id, link }: Session): [DeadlineKey, string][] =>
  link.type === "lost" ? [[{ at: link.at, name: id }, id]] : [];

function subjectsOf(sessions: readonly Session[]): [subject: string, sessions: number][] {
  const counts = new Map<string, number>();
  for (const { subject } of sessions) if (subject !== null) counts.set(subject, (counts.get(subject) ?? 0) + 1);
  return [...counts];
}

function lastOrderOf(least: number, sessions: readonly Session[]): number {
  let last = least;
  for (const { places } of sessions) {
    places.each((_, { order }) => {
      last = Math.max(last, order);
    });
  }
  return last;
}
