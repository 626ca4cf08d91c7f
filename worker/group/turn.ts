/**
 * The working copy of one transition. Rules read and write the group through it. It keeps the indexes in step (queues,
 * deadlines, terms), records what was touched, and collects effects. It does not outlive the transition.
 */
import type { ServerMessage } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { type HeldElection, isHeldBy, standingIn, vacantElection } from "./election.ts";
import type { Effect, EndedTerm, Outcome } from "./events.ts";
import {
  AWAITED,
  DEADLINES,
  EXPIRING,
  HEARD,
  LOST,
  noNames,
  POLLED,
  recount,
  SILENT,
  TERMS,
  UNAWAITED,
  WATCHERS_OF_ALL,
  YIELDING,
} from "./indexes.ts";
import { recountLoads, Spreading } from "./loads.ts";
import type { Queue } from "./queue.ts";
import type {
  Component,
  Connection,
  Deadline,
  Election,
  ElectionState,
  GroupState,
  Job,
  LeaderRecord,
  Place,
  Session,
} from "./state.ts";

const sameDeadline = (left: Deadline | null, right: Deadline | null): boolean =>
  left?.at === right?.at && left?.lookAt === right?.lookAt && left?.awaited === right?.awaited;

const isPartOf = (state: GroupState, part: Partial<GroupState>): boolean =>
  Object.keys(part).every((key) => Reflect.get(state, key) === Reflect.get(part, key));

const holderOf = (state: ElectionState): string | null => (state.type === "vacant" ? null : state.sessionId);

/** What no index of connections depends on. */
type Unindexed = Partial<Pick<Connection, "frames" | "confirms" | "renewedAt" | "statement" | "asked" | "late">>;

/** What a turn has touched: candidates for a row, and the terms that it has ended. */
export interface Touched {
  readonly sessions: Set<string>;
  readonly elections: Set<ElectionName>;
  readonly records: Set<string>;
  readonly jobs: Set<string>;
  readonly ended: EndedTerm[];
}

export class Turn {
  state: GroupState;
  readonly now: number;
  readonly effects: Effect[] = [];
  readonly touched: Touched = {
    sessions: new Set(),
    elections: new Set(),
    records: new Set(),
    jobs: new Set(),
    ended: [],
  };
  /** Elections that `settle` has to decide: their candidates, state or watchers have changed. */
  readonly undecided = new Set<ElectionName>();
  /** Sessions whose leases or statements have changed: the turn ends with a new attachment for their connections. */
  readonly reattached = new Set<string>();
  /** Everything that is stored is to be deleted. */
  purged = false;
  readonly #nonce: string;
  #ids = 0;
  #ownState: GroupState | null = null;
  #spreading: Spreading | null = null;

  constructor(state: GroupState, now: number, nonce: string) {
    this.state = state;
    this.now = now;
    this.#nonce = nonce;
  }

  freshId(): string {
    this.#ids += 1;
    return `${this.#nonce}.${this.#ids}`;
  }

  /** Above all that the group has given out, also before a restore (S5). */
  freshEpoch(): number {
    const { epoch, jobEpoch } = this.state;
    return Math.max(epoch + 1, jobEpoch + 1, this.now);
  }

  /** Copies the state before the first change; the state that the turn was given stays as it was. */
  change(part: Partial<GroupState>): void {
    if (this.#ownState === null && isPartOf(this.state, part)) return;
    this.#ownState ??= { ...this.state };
    this.state = Object.assign(this.#ownState, part);
  }

  // Messages

  /** Sends to the session's socket, and drops the message where it has none. A polled session has answers instead. */
  send({ link }: Session, message: ServerMessage): void {
    if (link.type === "connected") this.effects.push({ type: "send", connection: link.connection, message });
  }

  /** Closes a socket and forgets the connection. What becomes of its session is up to the caller. */
  close(connection: string, code: number, reason: string): void {
    this.forgetConnection(connection);
    this.effects.push({ type: "close", connection, code, reason });
  }

  /** Answers a request or a call. Each is answered once, in this turn or a later one. */
  reply(request: string, outcome: Outcome): void {
    this.effects.push({ type: "reply", request, outcome });
  }

  // Connections

  putConnection(connection: Connection): void {
    const { connections } = this.state;
    const before = connections.get(connection.id);
    this.change({
      connections: connections.set(connection.id, connection),
      ...this.#connectionIndexes(before, connection),
    });
  }

  /** The peer lives, or did at that time; of the indexes only `heard` depends on that. `part` is changed with it, and in any case. */
  hear(id: string, at = this.now, part?: Unindexed): void {
    const { connections, heard } = this.state;
    const connection = connections.get(id);
    if (connection === undefined) return;
    if (connection.heardAt >= at) return part === undefined ? undefined : this.patchConnection(id, part);
    const after = Object.assign({ ...connection, heardAt: at }, part);
    this.change({ connections: connections.set(id, after), heard: HEARD.moved(heard, connection, after) });
  }

  /** Does nothing for a connection that is gone. */
  patchConnection(id: string, part: Unindexed): void {
    const { connections } = this.state;
    const connection = connections.get(id);
    if (connection !== undefined) this.change({ connections: connections.set(id, { ...connection, ...part }) });
  }

  forgetConnection(id: string): void {
    const { connections } = this.state;
    this.change({ connections: connections.delete(id), ...this.#connectionIndexes(connections.get(id), undefined) });
  }

  #connectionIndexes(before: Connection | undefined, after: Connection | undefined) {
    const { silent, expiring, polled, heard } = this.state;
    return {
      silent: SILENT.moved(silent, before, after),
      expiring: EXPIRING.moved(expiring, before, after),
      polled: POLLED.moved(polled, before, after),
      heard: HEARD.moved(heard, before, after),
    };
  }

  /** The session that a connection has begun or resumed. */
  sessionOf(connection: Connection | undefined): Session | undefined {
    const id = connection?.sessionId ?? null;
    return id === null ? undefined : this.session(id);
  }

  /** The session's present connection, a socket or not. */
  connectionOf({ link }: Session): Connection | undefined {
    return link.type === "lost" ? undefined : this.state.connections.get(link.connection);
  }

  // Sessions

  session(id: string): Session | undefined {
    return this.state.sessions.get(id);
  }

  /**
   * Stores the session. `ranked`: the elections in whose queues the change may have moved it. The default is all of them;
   * a session may stand in hundreds, so a caller that changes one of its contenders must name the one election.
   */
  putSession(session: Session, ranked: Iterable<ElectionName> = session.places.keys()): Session {
    const before = this.session(session.id);
    this.change({ sessions: this.state.sessions.set(session.id, session), ...this.#sessionIndexes(before, session) });
    this.touched.sessions.add(session.id);
    for (const election of ranked) {
      this.rank(session, election);
      this.undecided.add(election); // a holder is ranked nowhere, but its priority counts against a rival's
    }
    return session;
  }

  /** Changes the stored session; the caller's copy may be older. */
  patchSession(id: string, part: Partial<Session>, ranked?: Iterable<ElectionName>): Session | undefined {
    const session = this.session(id);
    return session === undefined ? undefined : this.putSession({ ...session, ...part }, ranked);
  }

  removeSession(session: Session): void {
    this.change({ sessions: this.state.sessions.delete(session.id), ...this.#sessionIndexes(session, undefined) });
    this.touched.sessions.add(session.id);
  }

  #sessionIndexes(before: Session | undefined, after: Session | undefined) {
    const { lost, yielding, watchersOfAll } = this.state;
    return {
      yielding: YIELDING.moved(yielding, before, after),
      lost: LOST.moved(lost, before, after),
      watchersOfAll: WATCHERS_OF_ALL.moved(watchersOfAll, before, after),
      ...recount(this.state, before, after),
    };
  }

  /** A new place, behind every place given out before. */
  newPlace(demotedAt: number | null = null): Place {
    const order = Math.max(this.state.lastOrder + 1, this.now);
    this.change({ lastOrder: order });
    return { order, demotedAt, missed: null };
  }

  // Elections

  election(name: ElectionName): Election | undefined {
    return this.state.elections.get(name);
  }

  /** Has every election decided anew, since something about the group has changed. */
  reconsiderAll(): void {
    this.state.elections.each((name) => this.undecided.add(name));
  }

  createElection(name: ElectionName): void {
    if (this.election(name) === undefined) this.#storeElection(vacantElection(name));
  }

  /** Changes the stored election; the caller's copy may be older. */
  patchElection(name: ElectionName, part: Partial<Election>): void {
    const election = this.election(name);
    if (election !== undefined) this.#storeElection({ ...election, ...part });
  }

  #storeElection(election: Election): void {
    this.#count(this.election(election.name), election);
    this.change({ elections: this.state.elections.set(election.name, election) });
    this.touched.elections.add(election.name);
    this.undecided.add(election.name);
  }

  /** Who leads how many elections, for groups that spread them. */
  #count(before: Election | undefined, after: Election | undefined): void {
    if (!this.state.policy.spread || before?.state === after?.state) return;
    const { loads, changed } = recountLoads(this.state.loads, before, after);
    this.change({ loads });
    for (const id of changed) this.spreading.reloaded.add(id);
  }

  /** Looks at the end of the turn whether this election moves. */
  mayMove(name: ElectionName): void {
    if (this.state.policy.spread) this.spreading.movable.add(name);
  }

  /** Whether it has a `spreading`. */
  get hasSpreading(): boolean {
    return this.#spreading !== null;
  }

  /** Made when it is needed: most groups spread nothing. */
  get spreading(): Spreading {
    this.#spreading ??= new Spreading();
    return this.#spreading;
  }

  removeElection(election: Election): void {
    this.#count(this.election(election.name), undefined);
    this.putDeadline(election, null);
    this.change({ elections: this.state.elections.delete(election.name) });
    this.touched.elections.add(election.name);
  }

  /** Changes an election's state, and what follows from it: the queue, the attachments, and the index of terms. */
  putState(name: ElectionName, state: ElectionState, part: Partial<Election> = {}): void {
    const before = this.election(name);
    if (before === undefined) return;
    this.patchElection(name, { ...part, state });
    this.change({ terms: TERMS.moved(this.state.terms, before, this.election(name)) });
    const [former, holder] = [holderOf(before.state), holderOf(state)];
    if (former !== null) this.#reattach(former, former !== holder, name);
    if (holder !== null && holder !== former) this.#reattach(holder, true, name);
  }

  #reattach(id: string, isMoved: boolean, name: ElectionName): void {
    this.reattached.add(id);
    const session = isMoved ? this.session(id) : undefined;
    if (session !== undefined) this.rank(session, name);
  }

  /** Puts a session where it belongs in the queue of an election, or takes it out while it is no candidate (see `standingIn`). */
  rank(session: Session, name: ElectionName): void {
    const election = this.election(name);
    if (election === undefined) return;
    this.#putQueue(election, election.queue.place(session.id, standingIn(session, election, this.state)));
  }

  /** Takes the session out of this election. */
  removePlace(session: Session, name: ElectionName): void {
    this.putSession({ ...session, places: session.places.delete(name) }, []);
    const election = this.election(name);
    if (election === undefined) return;
    this.#putQueue(election, election.queue.place(session.id, null));
    this.patchElection(name, { places: election.places - 1 });
  }

  #putQueue(election: Election, queue: Queue): void {
    if (queue === election.queue) return;
    this.change({ elections: this.state.elections.set(election.name, { ...election, queue }) });
    this.undecided.add(election.name);
  }

  /** The election in which this session has this leadership; `undefined` for a stale or a foreign id. */
  termOf(session: Session, leaderSessionId: string): HeldElection | undefined {
    const name = this.state.terms.get(leaderSessionId);
    const election = name === undefined ? undefined : this.election(name);
    return isHeldBy(session.id, election) ? election : undefined;
  }

  /** The elections whose present term is this session's. */
  termsOf({ id, places }: Session): HeldElection[] {
    const held: HeldElection[] = [];
    places.each((name) => {
      const election = this.election(name);
      if (isHeldBy(id, election)) held.push(election);
    });
    return held;
  }

  putDeadline(election: Election, deadline: Deadline | null): void {
    if (sameDeadline(election.deadline, deadline)) return;
    const { elections, deadlines, awaited, unawaited } = this.state;
    const after = { ...election, deadline };
    this.change({
      elections: elections.set(election.name, after),
      deadlines: DEADLINES.moved(deadlines, election, after),
      awaited: AWAITED.moved(awaited, election, after),
      unawaited: UNAWAITED.moved(unawaited, election, after),
    });
  }

  // Jobs

  putJob(job: Job): void {
    const { jobs, jobEpoch } = this.state;
    this.change({ jobs: jobs.set(job.name, job), jobEpoch: Math.max(jobEpoch, job.epoch) });
    this.touched.jobs.add(job.name);
  }

  // Components

  component(name: string): Component {
    return this.state.components.get(name) ?? UNKNOWN_COMPONENT;
  }

  patchComponent(name: string, part: Partial<Component>): void {
    const before = this.component(name);
    const component = { ...before, ...part };
    const known = component.contenders > 0 || component.watchers.size > 0 || component.record !== null;
    const { components, published } = this.state;
    this.change({
      components: known ? components.set(name, component) : components.delete(name),
      published: component.record !== null ? published.set(name, true) : published.delete(name),
    });
    this.#countWatched(before, -1);
    this.#countWatched(component, +1);
  }

  putRecord(name: string, record: LeaderRecord | null): void {
    this.patchComponent(name, { record });
    this.touched.records.add(name);
  }

  #countWatched(component: Component, by: number): void {
    if (component.election === null || component.watchers.size === 0) return;
    const election = this.state.elections.get(component.election);
    if (election === undefined) return;
    const watchedComponents = election.watchedComponents + by;
    this.change({ elections: this.state.elections.set(election.name, { ...election, watchedComponents }) });
    this.undecided.add(election.name);
  }
}

const UNKNOWN_COMPONENT: Component = { election: null, contenders: 0, record: null, watchers: noNames() };
