/**
 * An independent judge of a group's state: every index is computed again from the stored part, the slow way, and
 * compared. It shares no code with the core but the types and the iteration of its maps.
 */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Access, Component, Election, GroupState, Session, Term } from "../../../worker/group/state.ts";

const CLOCK_MARGIN = 1_000;

/** Random histories ask this a million times: the matcher is called only to show a difference. */
export function expectSame(actual: unknown, expected: unknown, what = ""): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, what).toEqual(expected);
}

export function expectTrue(holds: boolean, what: string): void {
  if (!holds) expect.fail(what);
}

/** Everything that must hold between two events. `now` is the server's clock of the event that has just been handled. */
export function expectConsistent(state: GroupState, now: number): void {
  expectIndexes(state, now);
  expectConnections(state, now);
  for (const election of state.elections.values()) {
    expectSound(state, election);
    expectInTime(state, election, now);
  }
}

/** What holds of a state that was just loaded as well. */
export function expectIndexes(state: GroupState, now: number): void {
  const sessions = [...state.sessions.values()];
  const elections = [...state.elections.values()];
  expectSame([...state.terms.entries()].sort(), expectedTerms(elections).sort(), "terms");
  expectSame([...state.loads.entries()].sort(), expectedLoads(state, elections), "loads");
  const watchersOfAll = sessions.filter(({ watched }) => watched.all).map(({ id }) => id);
  expectSame([...state.watchersOfAll.keys()], sorted(watchersOfAll), "watchers of all");
  expectSame(state.contending, sessions.filter(({ contenders }) => contenders.size > 0).length, "contending sessions");
  const gone = sessions.filter(
    ({ link, contenders, places }) =>
      link.type === "lost" && (contenders.size + places.size < 1 || link.vanished === true),
  );
  expectSame(sorted(state.yielding.values()), sorted(gone.map(({ id }) => id)), "lost sessions that give way");
  const observers = sessions.filter(({ watched }) => watched.all || watched.names.length > 0);
  expectSame(state.observers, observers.length, "observers");
  const subjects = sessions.flatMap(({ subject }) => (subject === null ? [] : [subject]));
  const counted = [...state.subjects.entries()].flatMap(([subject, count]) => Array<string>(count).fill(subject));
  expectSame(counted, sorted(subjects), "sessions of each subject");
  expectComponents(state, sessions);
  const components = Map.groupBy(state.components.values(), ({ election }) => election);
  for (const election of elections) {
    expectElectionIndexes(state, election, components.get(election.name) ?? [], sessions);
  }
  expectDeadlines(state, elections, now);
  const lost = sessions.flatMap(({ id, link }) => (link.type === "lost" ? [`${link.at} ${id}`] : []));
  expectSame(sorted([...state.lost.entries()].map(([{ at }, id]) => `${at} ${id}`)), sorted(lost), "lost sessions");
  for (const session of sessions) expectPlaces(state, session);
}

const sorted = (values: Iterable<string>): string[] => [...values].sort();

function expectedTerms(elections: readonly Election[]): [string, ElectionName][] {
  return elections.flatMap(({ name, state }) => (state.type === "vacant" ? [] : [[state.leaderSessionId, name]]));
}

/** A place for each election that the session has a contender in, or holds. */
function expectPlaces(state: GroupState, session: Session): void {
  const contended = [...session.contenders.values()].map(({ election }) => election);
  const elections = [...state.elections.values()];
  const held = elections.filter((one) => "horizon" in one.state && one.state.sessionId === session.id);
  const expected = new Set([...contended, ...held.map(({ name }) => name)]);
  expectSame([...session.places.keys()], sorted(expected), `places of ${session.id}`);
  for (const [component, { election, priority }] of session.contenders.entries()) {
    expectTrue(election === "process" || election === `component:${component}`, `${component} runs in ${election}`);
    expectTrue(election !== "process" || priority === undefined, `${component} has a priority of its own`);
    expectSame(state.components.get(component)?.election, election, `kind of ${component}`);
  }
  for (const { order } of session.places.values()) expectTrue(order <= state.lastOrder, "a place beyond the last one");
}

function expectComponents(state: GroupState, sessions: readonly Session[]): void {
  const contended = sessions.flatMap(({ contenders }) => [...contenders.keys()]);
  const watched = sessions.flatMap((session) => session.watched.names);
  const recorded = [...state.components.entries()].flatMap(([name, { record }]) => (record === null ? [] : [name]));
  const known = sorted(new Set([...contended, ...watched, ...recorded]));
  expectSame([...state.components.keys()], known, "known components");
  expectSame([...state.published.keys()], sorted(recorded), "published components");
  for (const [name, component] of state.components.entries()) {
    const owners = sessions.filter(({ contenders }) => contenders.has(name));
    const election = owners[0]?.contenders.get(name)?.election ?? null;
    const watchers = sessions.filter((session) => session.watched.names.includes(name)).map(({ id }) => id);
    expectSame([component.contenders, component.election], [owners.length, election], `contenders of ${name}`);
    expectSame([...component.watchers.keys()], sorted(watchers), `watchers of ${name}`);
    if (component.record !== null) expectRecordOfLeader(state, name);
  }
}

/** A record belongs to a leading term whose holder contends for the component. */
function expectRecordOfLeader(state: GroupState, name: string): void {
  const component = state.components.get(name);
  const leader = component?.record?.leader;
  const term = component?.election ? state.elections.get(component.election)?.state : undefined;
  if (term?.type !== "leading") return expect.fail(`the record of ${name} belongs to no leading term`);
  const { leaderSessionId, epoch, sessionId } = term;
  expectSame([leader?.leaderSessionId, leader?.epoch], [leaderSessionId, epoch], `record of ${name}`);
  expectSame(leader?.component, name);
  expectTrue(state.sessions.get(sessionId)?.contenders.has(name) === true, `the leader contends for ${name}`);
}

/** What each session leads or is to lead, and what of that is about to change. */
function expectedLoads({ policy }: GroupState, elections: readonly Election[]): unknown[] {
  const loads = new Map<string, { led: number; changing: number }>();
  const add = (id: string | null, led: number, changing: number): void => {
    if (id === null || led + changing === 0) return;
    const load = loads.get(id) ?? { led: 0, changing: 0 };
    loads.set(id, { led: load.led + led, changing: load.changing + changing });
  };
  for (const { name, state } of policy.spread ? elections : []) {
    if (name === "process") continue;
    if (state.type === "leading") add(state.sessionId, 1, state.acceptedAt === null ? 1 : 0);
    else add(state.successor, 1, 1);
    if (state.type === "revoking") add(state.sessionId, 0, 1);
  }
  return [...loads].sort();
}

function expectElectionIndexes(
  state: GroupState,
  election: Election,
  components: readonly Component[],
  sessions: readonly Session[],
): void {
  const { name } = election;
  const placed = sessions.filter(({ places }) => places.has(name));
  const watched = components.filter(({ watchers }) => watchers.size > 0);
  expectSame([election.places, election.watchedComponents], [placed.length, watched.length], `counts of ${name}`);
  const candidates = expectedQueue(state, election, placed);
  expectSame([...election.queue.sessionIds()], candidates, `queue of ${name}`);
  const holder = election.state.type === "vacant" ? null : election.state.sessionId;
  const aside = placed.map(({ id }) => id).filter((id) => id !== holder && !candidates.includes(id));
  expectSame(election.queue.page(0, Infinity), [...candidates, ...sorted(aside)], `who waits in ${name}`);
  expectSame(election.queue.waiting, candidates.length + aside.length, `how many wait in ${name}`);
}

/** Who is a candidate, in the order of their turns. */
function expectedQueue({ policy, loads }: GroupState, election: Election, placed: readonly Session[]): string[] {
  const { name, state, acceptedEpoch } = election;
  const holder = state.type === "vacant" ? null : state.sessionId;
  const ranked = placed
    .filter(({ id, link, mute, busy }) => link.type !== "lost" && !mute && !busy.includes(name) && id !== holder)
    .flatMap((session) => {
      const place = session.places.get(name);
      if (place === undefined) return [];
      const demoted = place.demotedAt !== null && place.demotedAt === acceptedEpoch;
      const led = name === "process" ? 0 : (loads.get(session.id)?.led ?? 0);
      const [priority, version] = [expectedPriority(session, name), versionPlace(session, policy)];
      const key = demoted ? [0, 0, 0, place.order] : [-priority, -version, led, place.order];
      return [{ id: session.id, key: [Number(demoted), ...key] }];
    });
  ranked.sort((left, right) => compareAll(left.key, right.key));
  return ranked.map(({ id }) => id);
}

function compareAll([first = 0, ...rest]: readonly number[], [other = 0, ...others]: readonly number[]): number {
  return first - other || (rest.length === 0 ? 0 : compareAll(rest, others));
}

/** What tests name as versions, from the oldest on. */
const VERSIONS = ["1.9.0", "1.10.0-rc.1", "1.10.0", "2.0.0"];

/** Higher is preferred; 0: it names none. */
function versionPlace({ process }: Session, { prefer }: GroupState["policy"]): number {
  const at = prefer === null ? -1 : VERSIONS.indexOf(process.metadata?.[prefer.metadata] ?? "");
  if (at === -1) return 0;
  return prefer?.order === "oldest" ? VERSIONS.length - at : at + 1;
}

function expectedPriority(session: Session, name: ElectionName): number {
  if (name === "process") return session.priority;
  return session.contenders.get(name.slice("component:".length))?.priority ?? session.priority;
}

function expectDeadlines(state: GroupState, elections: readonly Election[], now: number): void {
  const all = elections.flatMap((election) => {
    const deadline = expectedDeadline(state, election, now);
    return deadline === null ? [] : [{ name: election.name, ...deadline }];
  });
  const text = ({ at, name }: { readonly at: number; readonly name: string }) => `${at} ${name}`;
  const looks = (awaited: boolean) =>
    all.filter((deadline) => deadline.awaited === awaited).map(({ lookAt, name }) => text({ at: lookAt, name }));
  expectSame(sorted([...state.deadlines.keys()].map(text)), sorted(all.map(text)), "deadlines");
  expectSame(sorted([...state.awaited.keys()].map(text)), sorted(looks(true)), "awaited deadlines");
  expectSame(sorted([...state.unawaited.keys()].map(text)), sorted(looks(false)), "deadlines that nobody awaits");
}

function expectedDeadline(state: GroupState, election: Election, now: number): Election["deadline"] {
  const times = election.pending.map(({ until }) => until);
  const { state: term } = election;
  const waiting = election.queue.size > 0;
  if (term.type === "vacant" && waiting && !state.paused && state.holdOffUntil > now)
    times.push(holdOff(state, election));
  const answer = state.holdOffUntil > now ? null : answerTime(state, election, now);
  if (answer !== null) times.push(answer);
  const preemption = preemptionTime(state, election);
  if (preemption !== null && preemption > now) times.push(preemption);
  const awaited = waiting || election.watchedComponents > 0 || election.pending.length > 0;
  if (term.type === "leading" || term.type === "revoking") {
    const { leaseUntil } = term;
    return {
      at: Math.min(...times, leaseUntil),
      lookAt: Math.min(...times, leaseLookAt(state, election, term)),
      awaited,
    };
  }
  if (times.length === 0) return null;
  return { at: Math.min(...times), lookAt: Math.min(...times), awaited };
}

/** When the end of a lease is looked at: later where a renewal may be under way, and much later where the next candidate speaks then. */
function leaseLookAt(state: GroupState, election: Election, { sessionId, leaseMs, leaseUntil, ...term }: Term): number {
  if ((state.sessions.get(sessionId)?.link.type ?? "lost") === "lost") return leaseUntil;
  const slack = Math.min(Math.floor(leaseMs / 50), 100);
  const head = candidatesOf(state, election)[0]?.connection;
  if (state.reconciled && head !== undefined && head.asked !== null && !head.late)
    return leaseUntil + Math.max(slack, Math.min(2 * leaseMs, state.policy.horizonAheadMs));
  return (term.acceptedAt === null ? Math.max(term.grantedAt + leaseMs, leaseUntil) : leaseUntil) + slack;
}

/** Until when a vacant election waits for the first of its candidates; `null` where it waits for none. */
function answerTime(state: GroupState, election: Election, now: number): number | null {
  const { queue, state: term } = election;
  if (term.type !== "vacant" || !state.reconciled || state.paused) return null;
  let soonest = Infinity;
  const soonestOf = (answer: number): number | null =>
    Math.min(answer, soonest) === Infinity ? null : Math.min(answer, soonest);
  for (const { id, connection } of candidatesOf(state, election)) {
    const paid = debtEnd(state, connection.access);
    if (paid > now) {
      soonest = Math.min(soonest, paid);
      continue;
    }
    if (connection.polling !== undefined && queue.rankOf(id)?.demoted) continue;
    if (connection.polling !== undefined) return soonestOf(connection.polling.until);
    const { asked } = connection;
    return soonestOf(asked === null || asked.due > asked.at ? Infinity : asked.due + state.policy.askTimeoutMs);
  }
  return soonestOf(Infinity);
}

/** When the subject of these credentials has paid for the rows that it has caused. */
function debtEnd({ rowBuckets, policy: { limits } }: GroupState, { role, subject }: Access): number {
  const bucket = rowBuckets.get(subject ?? "");
  if (bucket === undefined || role === "admin" || bucket.tokens >= 0) return 0;
  const share =
    subject === undefined ? Math.ceil((limits.rows * limits.sessions) / limits.sessionsPerSubject) : limits.rows;
  return bucket.at + Math.ceil((-bucket.tokens * 1_000) / (share / 100));
}

/** Those with a connection, in the order of their turns. */
function candidatesOf(state: GroupState, { queue, state: term }: Election) {
  const ids = [...queue.sessionIds()];
  const named = ids.filter((id) => term.type !== "leading" && id === term.successor);
  return [...new Set([...named, ...ids])].flatMap((id) => {
    const link = state.sessions.get(id)?.link;
    const connection = link === undefined || link.type === "lost" ? undefined : state.connections.get(link.connection);
    return connection === undefined ? [] : [{ id, connection }];
  });
}

/** A hold-off that grows while a restore waits finds those who wait with the earlier one: they look, and wait on. */
function holdOff({ holdOffUntil, pendingRestore }: GroupState, { deadline }: Election): number {
  return pendingRestore !== null && deadline !== null ? Math.min(holdOffUntil, deadline.at) : holdOffUntil;
}

/** From when a candidate of strictly higher priority may take the lead away; `null` where there is none. */
function preemptionTime(state: GroupState, { name, state: term, queue, acceptedEpoch }: Election): number | null {
  const { preempt } = state.policy;
  if (!preempt || state.paused || !state.reconciled || term.type !== "leading") return null;
  const holder = state.sessions.get(term.sessionId);
  if (holder === undefined) return null;
  const times = [...queue.sessionIds()].flatMap((id) => {
    const session = state.sessions.get(id);
    const place = session?.places.get(name);
    if (session === undefined || place === undefined || place.demotedAt === acceptedEpoch) return [];
    const worth = (one: Session): number[] => [expectedPriority(one, name), versionPlace(one, state.policy)];
    if (compareAll(worth(session), worth(holder)) <= 0) return [];
    const connection = session.link.type === "lost" ? undefined : state.connections.get(session.link.connection);
    const paid = connection === undefined ? 0 : debtEnd(state, connection.access);
    return [Math.max(term.grantedAt + preempt.cooldownMs, pauseEnd(place.missed, preempt.cooldownMs), paid)];
  });
  return times.length === 0 ? null : Math.min(...times);
}

/** A minute after the first miss, twice as long after each further one, at most an hour; no less than the cool-down. */
function pauseEnd(missed: { readonly times: number; readonly at: number } | null, cooldownMs: number): number {
  if (missed === null) return 0;
  const minutes = [1, 2, 4, 8, 16, 32][missed.times - 1] ?? 60;
  return missed.at + Math.max(minutes * 60_000, cooldownMs);
}

/** A session's link and its connection name each other; what is due of connections is indexed, and none is overdue. */
function expectConnections(state: GroupState, now: number): void {
  for (const { id, link } of state.sessions.values()) {
    if (link.type !== "lost" && state.reconciled)
      expectSame(state.connections.get(link.connection)?.sessionId, id, "a session's link");
  }
  const silent: string[] = [];
  const known = [...state.connections.values()].filter(({ sessionId }) => sessionId !== null);
  const expiring = known.filter(({ access }) => access.until !== undefined).map(({ id }) => id);
  const polled: string[] = [];
  const sockets = known.filter(({ polling }) => polling === undefined);
  const heard = sockets.map(({ heardAt, id }) => `${heardAt} ${id}`);
  for (const { id, sessionId, polling } of state.connections.values()) {
    const type = polling === undefined ? "connected" : "polled";
    if (sessionId === null) silent.push(id);
    else expectSame(state.sessions.get(sessionId)?.link, { type, connection: id }, "a connection's session");
    if (polling !== undefined) polled.push(`${polling.until} ${id}`);
  }
  expectSame(sorted(state.silent.values()), sorted(silent), "connections that owe a hello");
  expectSame(sorted([...state.heard.entries()].map(([{ at }, id]) => `${at} ${id}`)), sorted(heard), "sockets by life");
  expectSame(sorted(state.expiring.values()), sorted(expiring), "connections whose credentials end");
  const deadlines = [...state.polled.entries()].map(([{ at }, id]) => `${at} ${id}`);
  expectSame(sorted(deadlines), sorted(polled), "poll deadlines");
  for (const { at } of state.polled.keys()) expectTrue(at > now, "a poll is overdue");
  for (const { at } of state.silent.keys()) expectTrue(at > now, "a hello is overdue");
  for (const { at } of state.expiring.keys()) expectTrue(at > now, "credentials have ended");
}

function expectSound(state: GroupState, election: Election): void {
  const { name, state: term, places, pending, acceptedEpoch } = election;
  if (term.type === "vacant") return expectTrue(places + pending.length > 0, `${name} is kept for nobody`);
  expectTrue(state.sessions.has(term.sessionId), `${name} is held by a session that is not there`);
  expectTrue(term.epoch <= state.epoch, `${name} has an epoch from the future`);
  // Equal after a load, which forgives whoever is demoted.
  if (term.acceptedAt === null) expectTrue(term.epoch >= acceptedEpoch, `${name} is granted with an old epoch`);
  else expectSame(acceptedEpoch, term.epoch, `accepted epoch of ${name}`);
  expectTrue(term.leaseUntil <= term.horizon + CLOCK_MARGIN, `the lease of ${name} exceeds its horizon`);
}

const isPolled = ({ sessions }: GroupState, id: string): boolean => sessions.get(id)?.link.type === "polled";

/** Nothing that was due is left, and an election is vacant only while it waits for an answer, or for a call. */
function expectInTime(state: GroupState, election: Election, now: number): void {
  const { name, state: term, queue, pending, deadline } = election;
  expectTrue(deadline === null || deadline.at > now, `${name} has a deadline that is over`);
  for (const { until } of pending) expectTrue(until > now, `an operator of ${name} waits too long`);
  if (term.type === "leading" || term.type === "revoking")
    expectTrue(term.leaseUntil > now, `the lease of ${name} is over`);
  const open = state.reconciled && !state.paused && state.holdOffUntil <= now;
  if (term.type !== "vacant" || !open || queue.size === 0) return;
  const isWaitedFor = [...queue.sessionIds()].some((id) => !queue.rankOf(id)?.demoted || !isPolled(state, id));
  if (isWaitedFor) expectTrue((answerTime(state, election, now) ?? 0) > now, `${name} waits for nobody`);
}
