/**
 * Puts all sessions of a group, and later all its connections, into a state at once, and makes each index of the whole
 * list. Every wake-up of the object comes this way; one by one, each session would search each index.
 */
import type { ElectionName } from "../../shared/protocol/names.ts";
import { standingIn } from "./election.ts";
import { countAll, EXPIRING, HEARD, LOST, noNames, POLLED, SILENT, YIELDING } from "./indexes.ts";
import { Queue, type Rank } from "./queue.ts";
import type { Connection, Session } from "./state.ts";
import type { Turn } from "./turn.ts";

/** The state has its elections, and neither sessions nor components yet. */
export function putSessions(turn: Turn, sessions: readonly Session[]): void {
  turn.change({
    sessions: noNames<Session>().of(sessions.map((session) => [session.id, session])),
    lost: LOST.of(sessions),
    yielding: YIELDING.of(sessions),
    ...countAll(sessions),
    lastOrder: lastOrderOf(turn.state.lastOrder, sessions),
  });
  for (const [name, { places, candidates, aside }] of placedOf(turn, sessions)) {
    turn.patchElection(name, { places, queue: Queue.of(candidates, aside) });
  }
  for (const [name, known] of componentsOf(sessions)) turn.patchComponent(name, known);
}

interface Placed {
  places: number;
  readonly candidates: [string, Rank][];
  readonly aside: string[];
}

/** How many sessions have a place in each election, and which of them can be asked. */
function placedOf(turn: Turn, sessions: readonly Session[]): ReadonlyMap<ElectionName, Placed> {
  const placed = new Map<ElectionName, Placed>();
  for (const session of sessions) {
    session.places.each((name) => {
      const election = turn.election(name);
      if (election === undefined) return;
      const one = placed.get(name) ?? { places: 0, candidates: [], aside: [] };
      placed.set(name, one);
      one.places += 1;
      const standing = standingIn(session, election, turn.state);
      if (standing === "aside") one.aside.push(session.id);
      else if (standing !== null) one.candidates.push([session.id, standing]);
    });
  }
  return placed;
}

interface Known {
  readonly election: ElectionName;
  contenders: number;
}

function componentsOf(sessions: readonly Session[]): ReadonlyMap<string, Known> {
  const components = new Map<string, Known>();
  for (const session of sessions) {
    session.contenders.each((name, { election }) => {
      const known = components.get(name);
      if (known === undefined) components.set(name, { election, contenders: 1 });
      else known.contenders += 1;
    });
  }
  return components;
}

/** The state has its sessions. `connections` are all that there are. */
export function putConnections(turn: Turn, connections: readonly Connection[]): void {
  turn.change({
    connections: noNames<Connection>().of(connections.map((connection) => [connection.id, connection])),
    silent: SILENT.of(connections),
    expiring: EXPIRING.of(connections),
    polled: POLLED.of(connections),
    heard: HEARD.of(connections),
  });
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
