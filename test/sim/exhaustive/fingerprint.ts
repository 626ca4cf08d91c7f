/**
 * Fingerprints: equal for states that cannot be told apart, and different otherwise, but for a chance below n² / 2^65
 * among n states (hash compaction: Wolper and Leroy, "Reliable hashing without collision detection", CAV 1993). For ten
 * million states that is one in 300,000.
 *
 * - Times count from now, and ids are numbered in the order in which they are met: no core looks at more of them than
 *   which is earlier and which are the same. (Maps are walked in the order of their ids, which are random in the
 *   product, and grow here.)
 * - What nobody looks at within these few seconds is left out, by name, so that a field which is new counts.
 * - Processes that are alike may change places (`symmetric`): a state in which two of them are exchanged has the same
 *   fingerprint. They run the same program by the same clock, and the object and the judge know a process by its ids
 *   alone: so an exchange of two maps every step onto a step, and one state of each such class is enough (Ip and Dill,
 *   "Better verification through symmetry", 1996).
 */
import type { SessionState } from "../../../client/session/state.ts";
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { Packet } from "../../../testing/group/link.ts";
import type { Attachment } from "../../../worker/group/events.ts";
import type { ElectionRow, GroupRow, RecordRow, SessionRow } from "../../../worker/group/rows.ts";
import type { Connection, Election, ElectionState, GroupState, Session } from "../../../worker/group/state.ts";
import { type Hashes, idNumberOf, kept, keptPrint, knownIds, mixA, mixB, type Print } from "./print.ts";
import type { SmallClient, SmallObject, SmallState, Wire } from "./state.ts";
import type { SmallStorage } from "./storage.ts";

/** The fingerprint of a state, and without what may still happen in it. */
export interface Fingerprints {
  readonly state: Hashes;
  readonly scene: Hashes;
}

// What counts of each part

const welcomePrint = keptPrint((welcome: NonNullable<SessionState["session"]>) => welcome);
const packetPrint = keptPrint((packet: Packet<ClientMessage | ServerMessage>) => packet);

/** Settings are the same for all, and such a group is too small for a spread. */
function seenOfSession({ settings: _, nextUntil: __, connection, session, terms, ...rest }: SessionState): unknown {
  const welcome = session === null ? null : welcomePrint(session);
  return [rest, terms.map(seenOfOwnTerm), welcome, connection];
}

/** What the group has lost changes only what `drainMs()` answers. */
function seenOfOwnTerm(term: SessionState["terms"][number]): unknown {
  if (term.stage === "leading") return term;
  const { isLost: _, ...rest } = term;
  return rest;
}
const clientPrint = keptPrint(({ state, rate: _, ...rest }: SmallClient) => [rest, seenOfSession(state)]);

/** The time is for a hello that is owed, for longer than such a world lasts; but it sets the alarm. */
const seenOfAttachment = ({ connectedAt, heardAt: _, ...rest }: Attachment): unknown =>
  rest.sessionId === null ? [rest, connectedAt] : rest;
const wirePrint = keptPrint(({ client: _, up, down, attachment, ...rest }: Wire) => [
  rest,
  attachment === null ? null : seenOfAttachment(attachment),
  up.map(packetPrint),
  down.map(packetPrint),
]);

/** Rate limits are far away. */
const connectionPrint = keptPrint(
  ({ frames: _, confirms: __, renewedAt: ___, heardAt: ____, helloUntil, ...rest }: Connection) =>
    rest.sessionId === null ? [rest, helloUntil] : rest,
);
const sessionPrint = keptPrint(({ arrivedAt: _, ...session }: Session) => session);

/** Times for the history; but when a term began that was not taken yet sets the alarm. The queue follows from the places. */
function seenOfTerm(state: ElectionState): unknown {
  if (state.type === "vacant") return state;
  const { grantedAt, acceptedAt, ...rest } = state;
  return acceptedAt === null ? [rest, grantedAt] : rest;
}
const electionPrint = keptPrint(({ endedAt: _, queue: __, state, ...rest }: Election) => [rest, seenOfTerm(state)]);

/** Indexes follow from the rest; the policy and its limits stay; revisions, signs of life and the history are for readers. */
const groupPrint = keptPrint(
  ({
    policy: _policy,
    lowered: _lowered,
    sessions: _sessions,
    elections: _elections,
    connections: _connections,
    components: _components,
    jobs: _jobs,
    jobEpoch: _jobEpoch,
    published: _published,
    terms: _terms,
    silent: _silent,
    expiring: _expiring,
    polled: _polled,
    deadlines: _deadlines,
    awaited: _awaited,
    unawaited: _unawaited,
    lost: _lost,
    loads: _loads,
    yielding: _yielding,
    heard: _heard,
    revision: _revision,
    seenAt: _seenAt,
    rowBuckets: _rowBuckets,
    ...rest
  }: GroupState) => rest,
);

const groupRowPrint = keptPrint(({ revision: _, seenAt: __, ...rest }: GroupRow) => rest);
const sessionRowPrint = keptPrint((row: SessionRow) => row);
const recordRowPrint = keptPrint(({ leader }: RecordRow) => leader);
const electionRowPrint = keptPrint(({ endedAt: _, state, ...rest }: ElectionRow) => {
  if (state.type === "vacant") return [rest, state];
  const { grantedAt, ...term } = state;
  return term.untaken ? [rest, term, grantedAt] : [rest, term];
});

// Parts of which some have no order of their own

interface Entry {
  readonly id: number;
  readonly print: Print;
}

interface Parts {
  readonly sorted: readonly Print[];
  /** By id. */
  readonly entries: readonly (readonly Entry[])[];
}

function entriesOf<Value>(
  values: Iterable<readonly [string, Value]>,
  print: (value: Value) => Print,
): readonly Entry[] {
  return Array.from(values, ([id, value]) => ({ id: idNumberOf(id), print: print(value) }));
}

const groupParts = kept(
  (group: GroupState): Parts => ({
    sorted: [groupPrint(group), ...Array.from(group.elections.values(), electionPrint)],
    entries: [
      entriesOf(group.sessions.entries(), sessionPrint),
      entriesOf(group.connections.entries(), connectionPrint),
    ],
  }),
);

const storageParts = kept(
  ({ group, session, election, record }: SmallStorage): Parts => ({
    sorted: [
      ...(group === null ? [] : [groupRowPrint(group)]),
      ...Array.from(election.values(), electionRowPrint),
      ...Array.from(record.values(), recordRowPrint),
    ],
    entries: [entriesOf(session, sessionRowPrint)],
  }),
);

// All of it together

const NONE = -1;

/** Mixes prints, with ids numbered in the order in which they come, and times counted from now. */
class Mixer {
  a = 0;
  b = 0;
  #now = 0;
  #numbers = new Int32Array(1_024);
  #count = 0;
  /** Which ids have a number: those whose mark is the present round. */
  #marks = new Int32Array(1_024);
  #round = 0;

  begin(now: number): void {
    this.a = 1;
    this.b = 2;
    this.#now = now;
    this.#count = 0;
    this.#round += 1;
    if (this.#marks.length > knownIds()) return;
    this.#numbers = new Int32Array(2 * knownIds());
    this.#marks = new Int32Array(2 * knownIds());
  }

  add(value: number): void {
    this.a = mixA(this.a, value);
    this.b = mixB(this.b, value);
  }

  time(time: number | null): void {
    this.add(time === null ? NONE : Math.round(time - this.#now));
  }

  print(print: Print): void {
    const { a, b } = print.at(this.#now);
    this.a = mixA(this.a, a);
    this.b = mixB(this.b, b);
    for (const id of print.ids) this.add(this.#number(id));
  }

  parts({ sorted, entries }: Parts): void {
    this.add(sorted.length);
    for (const print of sorted) this.print(print);
    for (const unsorted of entries) this.#entries(unsorted);
  }

  /** By the numbers of their ids as far as they have one, then by how they look. */
  #entries(entries: readonly Entry[]): void {
    this.add(entries.length);
    const ranked = entries.map(({ id, print }) => ({ rank: this.#rankOf(id), print, look: print.at(this.#now) }));
    if (ranked.length > 1)
      ranked.sort((one, other) => one.rank - other.rank || one.look.a - other.look.a || one.look.b - other.look.b);
    for (const { print } of ranked) this.print(print);
  }

  #rankOf(id: number): number {
    return this.#marks[id] === this.#round ? (this.#numbers[id] ?? 0) : Number.MAX_SAFE_INTEGER;
  }

  #number(id: number): number {
    if (this.#marks[id] !== this.#round) {
      this.#marks[id] = this.#round;
      this.#numbers[id] = this.#count++;
    }
    return this.#numbers[id] ?? 0;
  }
}

const mixer = new Mixer();

export function fingerprintsOf(state: SmallState, symmetric: boolean): Fingerprints {
  let scene: Hashes | null = null;
  for (const order of symmetric ? ordersOf(state) : [asTheyAre(state)]) {
    const next = fingerprintIn(state, order);
    if (scene === null || compare(next, scene) < 0) scene = next;
  }
  scene ??= NOTHING;
  mixer.a = scene.a;
  mixer.b = scene.b;
  for (const what in state.budget) mixer.add(Reflect.get(state.budget, what));
  return { scene, state: { a: mixer.a, b: mixer.b } };
}

const NOTHING: Hashes = { a: 0, b: 0 };
const compare = (one: Hashes, other: Hashes): number => one.a - other.a || one.b - other.b;

/** With the processes in this order. */
function fingerprintIn(
  { clients, wires, current, stale, storage, led, now }: SmallState,
  order: readonly number[],
): Hashes {
  mixer.begin(now);
  for (const index of order) {
    const client = clients[index];
    if (client === undefined) continue;
    mixer.print(clientPrint(client));
    for (const wire of wires) if (wire.client === index) mixer.print(wirePrint(wire));
    mixer.add(NONE);
  }
  for (const election in led) {
    const { epoch = 0, by = 0 } = led[election] ?? {};
    mixer.time(epoch);
    mixer.add(order.indexOf(by));
  }
  mixObject(current);
  mixObject(stale);
  mixer.time(storage.alarmAt);
  mixer.parts(storageParts(storage));
  return { a: mixer.a, b: mixer.b };
}

function mixObject(object: SmallObject | null): void {
  if (object === null) return mixer.add(NONE);
  mixer.time(object.alarmAt);
  mixer.parts(groupParts(object.group));
}

// Symmetry

interface Look extends Hashes {
  readonly index: number;
  readonly rate: number;
}

/** By rate, then by how a process and its connections look whatever the ids are; every order of those that look the same. */
function ordersOf(state: SmallState): readonly (readonly number[])[] {
  const { clients } = state;
  const isAlone = (client: SmallClient): boolean =>
    clients.every(({ rate }, index) => rate !== client.rate || clients[index] === client);
  if (clients.every(isAlone)) return [asTheyAre(state)];
  const looks = clients.map((client, index) => lookOf(state, client, index)).sort(compareLooks);
  return looks.reduce<readonly (readonly number[])[]>((orders, look, place) => {
    const first = looks.findIndex((other) => compareLooks(other, look) === 0);
    if (first === place) return orders.map((order) => [...order, look.index]);
    const places = Array.from({ length: place - first + 1 }, (_, offset) => first + offset);
    return orders.flatMap((order) => places.map((at) => order.toSpliced(at, 0, look.index)));
  }, JUST_ONE);
}

const asTheyAre = ({ clients }: SmallState): readonly number[] => [...clients.keys()];
const JUST_ONE: readonly (readonly number[])[] = [[]];
const compareLooks = (one: Look, other: Look): number => one.rate - other.rate || compare(one, other);

function lookOf({ wires, now }: SmallState, client: SmallClient, index: number): Look {
  let { a, b } = clientPrint(client).at(now);
  for (const wire of wires) {
    if (wire.client !== index) continue;
    const print = wirePrint(wire).at(now);
    a = mixA(a, print.a);
    b = mixB(b, print.b);
  }
  return { index, rate: client.rate, a, b };
}
