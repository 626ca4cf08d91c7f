/** Leader information: what leaders publish, and who is notified of it. */
import type { Confirm, LeaderChange, LeaderInformation, Refusal } from "../../shared/protocol/messages.ts";
import { isSame } from "../../shared/same.ts";
import { draw } from "./bucket.ts";
import { noNames } from "./indexes.ts";
import { refuse } from "./refusal.ts";
import { IN_DEBT, isInDebt } from "./row-debt.ts";
import type { Session, Watched } from "./state.ts";
import { accept } from "./terms.ts";
import type { Turn } from "./turn.ts";

/**
 * Publishes where the leader of a component is. Only the leading session can; its siblings' records stay as they are.
 * Returns why it was refused; then nothing has changed.
 */
export function confirm(turn: Turn, session: Session, message: Omit<Confirm, "type" | "id">): Refusal | null {
  const { component, leaderSessionId } = message;
  const election = turn.termOf(session, leaderSessionId);
  if (election?.state.type !== "leading" || session.contenders.get(component)?.election !== election.name)
    return refuse("not_leader", "the component does not lead by this leadership, or no longer does", { component });
  const { name: process, address, metadata } = session.process;
  const leader: LeaderInformation = {
    component,
    leaderSessionId,
    epoch: election.state.epoch,
    ...optional("address", message.address ?? address),
    ...optional("metadata", message.metadata ?? metadata),
    ...optional("process", process),
  };
  const { record } = turn.component(component);
  if (record !== null && isSame(record.leader, leader)) return null;
  if (isInDebt(turn, turn.connectionOf(session)?.access)) return refuse("limit_exceeded", IN_DEBT, { component });
  if (!mayPublish(turn, session))
    return refuse("limit_exceeded", "too many changes were published: slow down", { component });
  accept(turn, election.name); // only who leads confirms
  const first = record?.leader.leaderSessionId === leaderSessionId ? record.confirmedAt : turn.now;
  turn.putRecord(component, { leader, confirmedAt: first });
  return null;
}

function mayPublish(turn: Turn, session: Session): boolean {
  const connection = turn.connectionOf(session);
  if (connection === undefined) return true;
  const { confirms: burst, messagesPerSecond } = turn.state.policy.limits;
  const confirms = draw(connection.confirms, turn.now, { burst, perSecond: messagesPerSecond / 10 });
  if (confirms === null) return false;
  turn.patchConnection(connection.id, { confirms });
  return true;
}

const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V });

/** Makes these the session's complete set of watched components, except those that are refused. Returns the refusals. */
export function watch(turn: Turn, id: string, wanted: Watched): Refusal[] {
  const session = turn.session(id);
  if (session === undefined) return [];
  const { refusals, ...watched } = allowed(turn, session, wanted);
  if (setWatched(turn, session, watched)) turn.reattached.add(id);
  return refusals;
}

/** Returns whether that changes anything. Without a row: a client names in every `hello` what it watches, and its socket carries that through hibernation. */
export function setWatched(turn: Turn, session: Session, { all, names }: Watched): boolean {
  const { id } = session;
  const next = new Set(names);
  const before = new Set(session.watched.names);
  for (const name of before) if (!next.has(name)) setWatcher(turn, name, id, false);
  for (const name of next) if (!before.has(name)) setWatcher(turn, name, id, true);
  const same = all === session.watched.all && next.size === before.size && [...next].every((name) => before.has(name));
  if (!same) turn.patchSession(id, { watched: { all, names } }, []);
  return !same;
}

/**
 * Admits or refuses each name by itself, in the order given (O5). The session may go on watching what it watches already,
 * whatever the limits are now.
 */
function allowed(turn: Turn, { watched }: Session, { all, names }: Watched): Watched & { refusals: Refusal[] } {
  const { observed, observers, nameLength } = turn.state.policy.limits;
  const distinct = [...new Set(names)];
  const begins = (all || distinct.length > 0) && !watched.all && watched.names.length === 0;
  if (begins && turn.state.observers >= observers) {
    const message = `a group has at most ${observers} sessions that watch: watch in fewer processes, or raise limits.observers of the group`;
    const refused = all || distinct;
    return { all: false, names: [], refusals: [refuse("limit_exceeded", message, { observed: refused })] };
  }
  const known = new Set(watched.names);
  const isTooLong = (name: string): boolean => name.length > nameLength && !known.has(name);
  const short = distinct.filter((name) => !isTooLong(name));
  const places = Math.max(observed, known.size);
  const refusals: Refusal[] = [];
  const exceed = (refused: readonly string[], message: string): void => {
    if (refused.length > 0) refusals.push(refuse("limit_exceeded", message, { observed: refused }));
  };
  exceed(
    distinct.filter(isTooLong),
    `a name has at most ${nameLength} characters: shorten it, or raise limits.nameLength of the group`,
  );
  exceed(
    short.slice(places),
    `a session watches at most ${places} components by name: watch all by one observe(), or raise limits.observed of the group`,
  );
  return { all, names: short.slice(0, places), refusals };
}

function setWatcher(turn: Turn, component: string, id: string, on: boolean): void {
  const { watchers } = turn.component(component);
  turn.patchComponent(component, { watchers: on ? watchers.set(id, true) : watchers.delete(id) });
}

/** Sends everything that the session watches, if it watches anything. Returns how many characters that is. */
export function sendSnapshot(turn: Turn, session: Session): number {
  const { all, names } = session.watched;
  if (!all && names.length === 0) return 0;
  const leaders: LeaderChange[] = names.map((name) => changeOf(turn, name));
  if (all) {
    const named = new Set(names);
    for (const name of turn.state.published.keys()) if (!named.has(name)) leaders.push(changeOf(turn, name));
  }
  const { revision } = turn.state;
  turn.send(session, { type: "leaders", revision, snapshot: true, ...(all && { all }), leaders });
  return JSON.stringify(leaders).length;
}

const changeOf = (turn: Turn, component: string): LeaderChange => ({
  component,
  leader: turn.component(component).record?.leader ?? null,
});

/**
 * Notifies the watchers of what has changed in this turn: one revision, one message for each of them (O3). Before `start`
 * it is not known who watches: what changes until then is announced by it.
 */
export function announceChanges(turn: Turn): void {
  const { reconciled, unannounced } = turn.state;
  if (turn.touched.records.size + (reconciled ? unannounced.size : 0) === 0) return;
  const revision = Math.max(turn.state.revision + 1, turn.now); // also for what was put off: a snapshot may have had that one since
  turn.change({ revision });
  if (!reconciled) return putOff(turn);
  const changed = new Set([...unannounced.keys(), ...turn.touched.records]);
  turn.change({ unannounced: noNames() });
  const byWatcher = new Map<string, string[]>();
  for (const component of changed) {
    for (const id of turn.component(component).watchers.keys()) {
      if (turn.state.watchersOfAll.has(id)) continue;
      const components = byWatcher.get(id);
      if (components === undefined) byWatcher.set(id, [component]);
      else components.push(component);
    }
  }
  announce(turn, revision, [...changed], turn.state.watchersOfAll.keys());
  for (const [components, watchers] of groupByComponents(byWatcher)) announce(turn, revision, components, watchers);
}

/** Until `start`. */
function putOff(turn: Turn): void {
  let { unannounced } = turn.state;
  for (const name of turn.touched.records) unannounced = unannounced.set(name, true);
  turn.change({ unannounced });
}

/** Watchers of the same components receive the same message. */
function groupByComponents(byWatcher: ReadonlyMap<string, string[]>): Iterable<readonly [string[], string[]]> {
  const groups = new Map<string, [string[], string[]]>();
  for (const [id, components] of byWatcher) {
    const key = components.join(" ");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [components, [id]]);
    else group[1].push(id);
  }
  return groups.values();
}

function announce(turn: Turn, revision: number, components: readonly string[], watchers: Iterable<string>): void {
  const connections: string[] = [];
  for (const id of watchers) {
    const link = turn.session(id)?.link;
    if (link?.type === "connected") connections.push(link.connection);
  }
  if (connections.length === 0) return;
  const leaders = components.map((component) => changeOf(turn, component));
  turn.effects.push({
    type: "broadcast",
    connections,
    message: { type: "leaders", revision, snapshot: false, leaders },
  });
}
