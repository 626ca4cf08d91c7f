/** A process at the far end of a socket: as much of a client as the tests of the group need. */

import { expect } from "vitest";
import { encode } from "../../../shared/protocol/codec.ts";
import type {
  ClientMessage,
  Confirm,
  ContenderInfo,
  Grant,
  Hello,
  ProcessInfo,
  ServerMessage,
  Statement,
  Watch,
  Welcome,
} from "../../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../../shared/protocol/names.ts";
import type { Message } from "../../../tools/harness/inbox.ts";
import { Peer } from "../../../tools/harness/peer.ts";
import type { Access, GroupState } from "../../../worker/group/state.ts";
import { expectTrue } from "./consistency.ts";
import { Mirror } from "./mirror.ts";
import type { Wire } from "./wire.ts";

export interface Profile {
  /** A bare name runs in the process election. */
  readonly contenders?: readonly (string | ContenderInfo)[];
  readonly observe?: Watch;
  readonly priority?: number;
  readonly process?: ProcessInfo;
}

/** How long this process may believe that it leads, by its own (true) clock. */
interface Lease {
  readonly election: ElectionName;
  readonly until: number;
}

/** What a peer reaches of the world that it is in. */
export interface PeerWorld {
  readonly now: number;
  /** The clock of the group's host. */
  readonly clock: number;
  readonly state: GroupState;
  number(): number;
  /** Runs it once the present event is over. */
  later(run: () => void): void;
  open(receive: (frame: string) => void, access?: Access): Wire;
  frame(wire: Wire, data: string | ArrayBuffer): void;
  disconnect(wire: Wire): void;
}

export class PeerProcess extends Peer {
  readonly world: PeerWorld;
  readonly name: string;
  profile: Profile;
  /** What its credentials allow; absent: everything. */
  access: Access | undefined = undefined;
  wire: Wire | null = null;
  /** Where nothing of it could start now. */
  busy: readonly ElectionName[] = [];
  /** Every id that this process ever had. */
  readonly sessionIds = new Set<string>();
  /** What it believes to lead. Ends by its own word, by its own deadline, and with its session. */
  readonly leases = new Map<string, Lease>();
  /** What it will never take up again: it has reported its end, or its session is over. */
  readonly finished = new Set<string>();
  /** True time, when it speaks by its timer, as it was last asked to. */
  speaksAt = Infinity;
  /** Its timers stand still, as those of a hidden tab: it only answers. */
  isHeldUp = false;
  /** The last grant of each election. */
  readonly grants = new Map<ElectionName, Grant>();
  /** What it knows of the leaders, as an observer. */
  readonly mirror = new Mirror();
  /** True time of each statement, what it asked for, and the connection that it went over. */
  readonly #asked = new Map<
    number,
    { readonly at: number; readonly ids: readonly string[]; readonly wire: Wire | null }
  >();
  #abandoned: Hello | null = null;
  /** Over this one it has said that it leaves: what comes over it from then on concerns nobody. */
  #left: Wire | null = null;
  /** The group has heard that. */
  #hasLeft = false;
  /** R from its last `welcome`. */
  #renewDeadlineMs = 0;

  constructor(world: PeerWorld, name: string, profile: Profile) {
    super();
    this.world = world;
    this.name = name;
    this.profile = profile;
  }

  // Connecting

  connect(): this {
    const wire = this.world.open((frame) => {
      if (this.wire === wire) this.receive(frame);
    }, this.access);
    this.wire = wire;
    this.attach({
      send: (frame) => wire.open && this.world.frame(wire, frame),
      close: () => wire.open && this.world.disconnect(wire),
    });
    this.mirror.stale();
    return this;
  }

  hello(part: Partial<Extract<ClientMessage, { readonly type: "hello" }>> = {}): ServerMessage[] {
    const { contenders = [], observe, priority, process = { name: this.name } } = this.profile;
    return this.say({
      type: "hello",
      ...this.#statement(part.held),
      contenders: contenders.map(contenderInfo),
      process,
      ...(observe !== undefined && { observe }),
      ...(priority !== undefined && { priority }),
      ...part,
    });
  }

  /** Comes back over a new connection, naming what it believes to hold or `held`. */
  resume({
    held = this.held(),
    secret = this.secret,
    attempt = this.attempt + 1,
  }: {
    readonly held?: readonly string[];
    readonly secret?: string;
    readonly attempt?: number;
  } = {}): ServerMessage[] {
    const { sessionId } = this;
    this.connect();
    return this.hello({ resume: { sessionId, secret, attempt }, held });
  }

  /** Sends a hello over a connection that it gives up at once; `arriveLate` lets it arrive. */
  abandonAttempt(): void {
    const resume = this.nextResume();
    const contenders = (this.profile.contenders ?? []).map(contenderInfo);
    const held = this.held();
    this.#abandoned = { type: "hello", sentAt: this.stamp(), contenders, held, resume };
  }

  arriveLate(): void {
    if (this.#abandoned === null) return;
    const wire = this.world.open(() => undefined);
    this.world.frame(wire, encode(this.#abandoned));
    this.#abandoned = null;
  }

  closed(wire: Wire): void {
    if (wire !== this.wire || wire.closed === null) return;
    this.end(wire.closed);
    if (wire.closed.code === 4409) this.endAll();
  }

  /** The name of its newest connection. */
  get connection(): string {
    if (this.wire === null) throw new Error(`${this.name} has never connected`);
    return this.wire.id;
  }

  // Speaking

  /** Sends one message; gives back what arrived meanwhile. */
  say(message: ClientMessage): ServerMessage[] {
    const from = this.unread.length;
    this.send(message);
    return this.unread.slice(from);
  }

  /** The `sentAt` of a message that asks for these. */
  stamp(ids: readonly string[] = []): number {
    const sentAt = this.sentAt();
    this.#asked.set(sentAt, { at: this.world.now, ids, wire: this.wire });
    return sentAt;
  }

  #statement(held: readonly string[] = []): Statement {
    const holds = held.map((id) => this.leases.get(id)?.election);
    const busy = this.busy.filter((election) => !holds.includes(election));
    return { sentAt: this.stamp(held), ...(busy.length > 0 && { busy }) };
  }

  renew(...held: readonly string[]): readonly string[] {
    const statement = this.#statement(held);
    const answers = this.say({ type: "renew", ...statement, held }).filter((answer) => answer.type === "renewed");
    // It may have answered a question meanwhile.
    const [renewed, ...others] = answers.filter(({ sentAt }) => sentAt === statement.sentAt);
    expect(others).toEqual([]);
    return renewed?.held ?? [];
  }

  renewHeld(): readonly string[] {
    return this.renew(...this.held());
  }

  /** What it leads, as far as it knows. */
  held(): string[] {
    return [...this.leases].filter(([, { until }]) => until > this.world.now).map(([id]) => id);
  }

  /** The last grant of an election; the test fails where there is none. */
  grant(election: ElectionName = "process"): Grant {
    const grant = this.grants.get(election);
    if (grant === undefined) throw new Error(`${this.name} has no grant of ${election}`);
    return grant;
  }

  /** Shows by its first renewal that it leads the election. */
  accept(election: ElectionName = "process"): Grant {
    const grant = this.grant(election);
    expect(this.renew(grant.leaderSessionId)).toEqual([grant.leaderSessionId]);
    return grant;
  }

  confirm(component: string, part: Partial<Confirm> = {}): ServerMessage[] {
    const leaderSessionId = part.leaderSessionId ?? this.grant(this.#electionOf(component)).leaderSessionId;
    return this.say({ type: "confirm", id: `c${this.world.number()}`, component, leaderSessionId, ...part });
  }

  resign(election: ElectionName = "process", successor?: PeerProcess): ServerMessage[] {
    const { leaderSessionId } = this.grant(election);
    this.#end(leaderSessionId);
    const part = successor === undefined ? {} : { successor: successor.sessionId };
    return this.say({ type: "resign", leaderSessionId, ...part, ...this.#statement() });
  }

  release(election: ElectionName = "process"): ServerMessage[] {
    const { leaderSessionId } = this.grant(election);
    this.#end(leaderSessionId);
    return this.say({ type: "release", leaderSessionId, ...this.#statement() });
  }

  /** Does not take what it was granted. */
  refuse(election: ElectionName = "process"): ServerMessage[] {
    const { leaderSessionId } = this.grant(election);
    this.#end(leaderSessionId);
    return this.say({ type: "release", leaderSessionId });
  }

  /** Stops everything, and sends nothing. */
  endAll(): void {
    for (const id of this.leases.keys()) this.#end(id);
  }

  #end(leaderSessionId: string): void {
    this.leases.delete(leaderSessionId);
    this.finished.add(leaderSessionId);
  }

  register(contender: string | ContenderInfo): ServerMessage[] {
    const info = contenderInfo(contender);
    this.profile = { ...this.profile, contenders: [...(this.profile.contenders ?? []), info] };
    return this.say({ type: "register", ...info });
  }

  /** Asks for a component only if its election is free. What it is granted it leads. */
  try(contender: string | ContenderInfo): ServerMessage[] {
    const info = contenderInfo(contender);
    const { contenders = [] } = this.profile;
    const answers = this.say({ type: "register", ...info, try: true, ...this.#statement() });
    const isTaken = answers.some((answer) => answer.type === "registered" && answer.component === info.component);
    if (isTaken) this.profile = { ...this.profile, contenders: [...contenders, info] };
    return answers;
  }

  /** Reports it after it has stopped; with the last contender of an election its lease ends. */
  deregister(component: string): ServerMessage[] {
    const election = this.#electionOf(component);
    const contenders = (this.profile.contenders ?? [])
      .map(contenderInfo)
      .filter((info) => info.component !== component);
    this.profile = { ...this.profile, contenders };
    const last = contenders.every((info) => electionOf(info.component, info.election) !== election);
    for (const [id, lease] of this.leases) if (last && lease.election === election) this.#end(id);
    return this.say({ type: "deregister", component });
  }

  bye(): void {
    this.endAll();
    this.#left = this.wire;
    this.#hasLeft = false;
    this.say({ type: "bye" });
    this.#hasLeft = true;
  }

  // Hearing

  heard<T extends ServerMessage["type"]>(type: T): Message<T>[] {
    return this.inbox.all(type);
  }

  /** Those that it had to answer at once; others it answers by its timer. */
  questions(): readonly Message<"next">[] {
    return this.heard("next").filter(({ inMs }) => inMs === 0);
  }

  #electionOf(component: string): ElectionName {
    const info = (this.profile.contenders ?? []).map(contenderInfo).find((one) => one.component === component);
    return electionOf(component, info?.election);
  }

  protected override received(message: ServerMessage): void {
    super.received(message);
    if (message.type === "welcome") this.#welcomed(message);
    if (message.type === "grant") this.#granted(message);
    if (message.type === "renewed") this.#extend(message.sentAt, message.held);
    if (message.type === "leaders") this.mirror.fold(message);
  }

  /** The test sees the question and what follows from its answer. */
  protected override asked(message: Message<"next">): void {
    this.received(message);
    this.speaksAt = this.world.now + message.inMs;
    if (message.inMs === 0) this.world.later(() => this.speak());
  }

  override speak(): void {
    this.speaksAt = Infinity;
    if (this.wire?.open && !this.silent) this.renewHeld();
  }

  /** It leads from the receipt, until R after it sent the statement that the grant names (S1). */
  #granted(grant: Grant): void {
    this.grants.set(grant.election, grant);
    if (this.wire === this.#left)
      return expectTrue(!this.#hasLeft, `${this.name} is granted ${grant.election} after it has left`);
    if (grant.joined || this.finished.has(grant.leaderSessionId)) return;
    const stated = this.#asked.get(grant.sentAt);
    expect(stated?.wire, `${this.name} is granted ${grant.election} by a statement of this connection`).toBe(this.wire);
    if (!this.#stands(grant)) return this.#end(grant.leaderSessionId);
    const until = (stated?.at ?? 0) + this.#renewDeadlineMs;
    this.leases.set(grant.leaderSessionId, { election: grant.election, until });
  }

  /** Whether it still contends there: its `deregister` may be on its way while the grant is. */
  #stands({ election, components }: Grant): boolean {
    return (this.profile.contenders ?? [])
      .map(contenderInfo)
      .some((info) => electionOf(info.component, info.election) === election && components.includes(info.component));
  }

  #welcomed({ sessionId, resumed, sentAt, held, lease }: Welcome): void {
    this.#renewDeadlineMs = lease.renewDeadlineMs;
    this.sessionIds.add(sessionId);
    for (const id of this.leases.keys()) if (!resumed || !held.includes(id)) this.#end(id);
    this.#extend(sentAt, held);
  }

  #extend(sentAt: number, held: readonly string[]): void {
    const asked = this.#asked.get(sentAt);
    if (asked === undefined) throw new Error(`${this.name} has sent nothing at ${sentAt}`);
    for (const id of asked.ids) if (!held.includes(id)) this.#end(id);
    for (const leaderSessionId of held) {
      const election = [...this.grants.values()].find((grant) => grant.leaderSessionId === leaderSessionId)?.election;
      if (election === undefined) throw new Error(`${this.name} holds ${leaderSessionId} without a grant`);
      this.leases.set(leaderSessionId, { election, until: asked.at + this.#renewDeadlineMs });
    }
  }

  /** An observer whose frames arrive sees exactly what is published. */
  expectMirror(): void {
    const session = this.world.state.sessions.get(this.sessionId);
    if (session?.link.type !== "connected" || session.link.connection !== this.wire?.id) return;
    if (this.wire.open && !this.wire.deaf) this.mirror.expectTrueTo(this.world.state, session);
  }
}

const contenderInfo = (contender: string | ContenderInfo): ContenderInfo =>
  typeof contender === "string" ? { component: contender } : contender;
