/**
 * A process group with a virtual clock: the host that ships, on a simulated platform. Everything that must always hold is
 * checked after every turn.
 */
import { expect } from "vitest";
import { MAX_LEASE_MS } from "../../../shared/lease.ts";
import { encode } from "../../../shared/protocol/codec.ts";
import type { ContenderInfo, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { parseServerMessage } from "../../../shared/protocol/server-codec.ts";
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import type { Effect, EndedTerm, EventBody, Outcome } from "../../../worker/group/events.ts";
import type { Fact } from "../../../worker/group/facts.ts";
import type { Policy, PolicyOptions } from "../../../worker/group/policy.ts";
import type { RowChange } from "../../../worker/group/rows.ts";
import type { Access, ElectionState, GroupState } from "../../../worker/group/state.ts";
import { nextDeadline, transition } from "../../../worker/group/transition.ts";
import { groupStatus } from "../../../worker/group/views.ts";
import { Host, type PollRequest } from "../../../worker/host/host.ts";
import type { Turned } from "../../../worker/host/port.ts";
import { expectBooked } from "./books.ts";
import { expectSame, expectTrue } from "./consistency.ts";
import { EpochLog, expectExactLeases, expectOneLeaderEach, expectStored } from "./judge.ts";
import { PeerProcess, type Profile } from "./peer.ts";
import { Platform, type PlatformWorld } from "./platform.ts";
import { Poller } from "./poller.ts";
import { type Stored, throughJson } from "./storage.ts";
import { Wire } from "./wire.ts";

const START = 1_000_000;

/** W is a little more than D: horizons are written so often that histories are full of them. */
const withShortHorizon = (options: PolicyOptions): PolicyOptions => {
  const { leaseMs = 10_000 } = options;
  return { horizonAheadMs: Math.min(leaseMs + Math.min(leaseMs / 50, 100), MAX_LEASE_MS), ...options };
};

/** One event, and what became of it. */
export interface GroupTurn {
  readonly event: EventBody;
  readonly changed: boolean;
  readonly rows: readonly RowChange[];
  readonly effects: readonly Effect[];
  readonly facts: readonly Fact[];
}

/** The whole of a group as large as this is looked at in some turns only: it takes longer than all else together. */
const LARGE = 64;
const LARGE_EVERY = 8;
const sizeOf = ({ sessions, elections, components }: GroupState): number =>
  sessions.size + elections.size + components.size;

export class GroupWorld implements PlatformWorld {
  now = START;
  /** How far the host's clock is ahead of true time; differs from incarnation to incarnation. */
  skew = 0;
  options: PolicyOptions;
  readonly fixed: Partial<Policy>;
  policy: Policy;
  readonly platform = new Platform(this);
  #host: Host<Wire>;
  readonly steps: GroupTurn[] = [];
  readonly replies = new Map<string, Outcome>();
  readonly peers: PeerProcess[] = [];
  /** Connections that the core may use. */
  readonly #open = new Set<string>();
  readonly #later: (() => void)[] = [];
  #depth = 0;
  /** The first rule that a turn has broken. */
  #broken: unknown = null;
  #restore: { readonly request: string; readonly bookmark: Stored } | null = null;
  #numbers = 0;
  readonly epochs = new EpochLog();
  readonly pollers: Poller<GroupWorld>[] = [];

  /** `fixed`: what no option of a deployment sets. */
  constructor(options: PolicyOptions = {}, fixed: Partial<Policy> = {}) {
    this.options = withShortHorizon(options);
    this.fixed = fixed;
    this.policy = this.platform.createPolicy(this.options);
    this.#host = this.#load();
    this.#wake();
    this.steps.length = 0;
  }

  get state(): GroupState {
    return this.#host.state;
  }

  get stored(): Stored {
    return this.platform.stored;
  }

  /** What was stored before each turn that wrote rows. */
  get bookmarks(): readonly Stored[] {
    return this.platform.bookmarks;
  }

  get wires(): ReadonlyMap<string, Wire> {
    return this.platform.wires;
  }

  get clock(): number {
    return this.now + this.skew;
  }

  // Sentences

  /** A process that has sent its hello. */
  join(name: string, profile: Profile = {}): PeerProcess {
    const peer = this.stranger(name, profile);
    peer.connect();
    peer.hello();
    return peer;
  }

  /** A process without a socket. */
  poller(name: string, contenders: readonly ContenderInfo[] = [{ component: "x" }]): Poller<GroupWorld> {
    const poller = new Poller<GroupWorld>(this, name, contenders);
    this.pollers.push(poller);
    return poller;
  }

  /** A process that has not connected yet. */
  stranger(name: string, profile: Profile = {}): PeerProcess {
    const peer = new PeerProcess(this, name, profile);
    this.peers.push(peer);
    return peer;
  }

  /** Time passes: the alarm rings whenever somebody waits or watches, and peers speak when they were asked to. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const speaker = this.#nextSpeaker();
      const [speaksAt, alarm] = [speaker?.speaksAt ?? Infinity, this.alarm() ?? Infinity];
      const due = Math.min(speaksAt, alarm);
      if (due > until) break;
      this.now = Math.max(this.now, due);
      if (alarm <= speaksAt) this.tick();
      else speaker?.speak();
    }
    this.now = until;
  }

  /** Time passes, and neither the alarm rings nor anybody speaks: what comes next comes late. */
  sleep(ms: number): void {
    this.now += ms;
  }

  #nextSpeaker(): PeerProcess | undefined {
    const timers = this.peers.filter(({ isHeldUp }) => !isHeldUp);
    return timers.sort((left, right) => left.speaksAt - right.speaksAt)[0];
  }

  /** When the alarm rings, in true time. */
  alarm(): number | null {
    const deadline = nextDeadline(this.state);
    return deadline === null ? null : deadline - this.skew;
  }

  /** Time passes while these peers renew what they hold. */
  run(ms: number, ...peers: readonly PeerProcess[]): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.advance(Math.min(this.policy.lease.renewEveryMs, until - this.now));
      for (const peer of peers) peer.renewHeld();
    }
  }

  tick(): void {
    this.apply({ type: "tick" });
  }

  revoke(
    election: ElectionName,
    { successor = null, note = null }: { readonly successor?: string | null; readonly note?: string | null } = {},
  ): string {
    return this.#ask((request) => ({ type: "revoke", request, election, successor, note }));
  }

  /** The deployment changes its settings while the group runs. */
  configure(options: PolicyOptions): void {
    this.options = withShortHorizon(options);
    this.policy = this.platform.createPolicy(this.options);
    this.#act(() => this.#host.configure(JSON.stringify(this.options)));
  }

  pause(paused = true): void {
    this.apply({ type: "pause", paused });
  }

  cleanup(force = false): Outcome | undefined {
    return this.replies.get(this.#ask((request) => ({ type: "cleanup", request, force })));
  }

  /** Asks for the first step of a restore to what was stored then; `goBack` takes the second. */
  restore(bookmark: Stored = this.stored): string {
    const request = this.#ask((request) => ({ type: "restore", request }));
    this.#restore = { request, bookmark };
    return request;
  }

  /** As soon as the group allows it, storage goes back, and with it the object and its sockets go. */
  goBack(): boolean {
    if (this.#restore === null || this.replies.get(this.#restore.request)?.type !== "restorable") return false;
    this.platform.stored = this.#restore.bookmark;
    this.#restore = null;
    this.crash();
    this.finishRestore();
    return true;
  }

  finishRestore(): void {
    this.apply({ type: "finish-restore" });
  }

  /** The object sleeps and wakes up: sockets stay, and bring their attachments. */
  hibernate(carried: "every lease" | "some leases are not carried" = "every lease"): void {
    this.#fallAsleep();
    const before = this.state;
    this.#host = this.#load();
    this.#act(() => {
      this.#wake();
      if (carried === "every lease") expectExactLeases(before, this.state); // answers may renew them
    });
  }

  /** The object wakes up, and knows the sockets of its leaders; the next frame is answered before the others are listed. */
  wakeUp(): void {
    this.#fallAsleep();
    this.#host = this.#load();
    this.#host.adopt(this.platform.alarmAt);
  }

  /** An object with a timer stays awake until that has run: it lists the sockets. */
  #fallAsleep(): void {
    if (this.platform.hasTimer && !this.state.reconciled) this.listSockets();
    this.platform.hasTimer = false;
  }

  listSockets(): void {
    this.#act(() => this.#host.configure(null));
  }

  /** The object dies with all its sockets, and comes back. */
  crash(): void {
    for (const wire of this.wires.values()) wire.open = false;
    this.#open.clear();
    this.platform.hasTimer = false;
    this.#host = this.#load();
    this.#wake();
  }

  /** The same object, seen by nobody but itself: what a replaced one goes on to be. */
  fork(): GroupWorld {
    const stale = new GroupWorld(this.options);
    stale.now = this.now;
    stale.skew = this.skew;
    stale.platform.stored = this.stored;
    for (const { open, attachment } of this.wires.values()) {
      if (!open) continue;
      stale.platform.accept(new Wire(() => undefined), attachment);
      stale.#open.add(attachment.connection);
    }
    stale.hibernate("some leases are not carried");
    return stale;
  }

  // What the tests look at

  election(name: ElectionName = "process"): ElectionState {
    return this.state.elections.get(name)?.state ?? { type: "vacant", successor: null };
  }

  /** Who holds an election, by the name of the peer. */
  holder(name: ElectionName = "process"): string | null {
    const state = this.election(name);
    return state.type === "vacant" ? null : this.nameOf(state.sessionId);
  }

  nameOf(sessionId: string): string {
    const known = [...this.peers, ...this.pollers].find(({ sessionIds }) => sessionIds.has(sessionId));
    return known?.name ?? sessionId;
  }

  status(): GroupStatus {
    return groupStatus(this.state, { group: "g", deployment: this.platform.deployment }, this.clock, null);
  }

  /** Names of those who wait, in the order of the status view. */
  candidates(name: ElectionName = "process"): string[] {
    const election = this.status().elections.find((one) => one.election === name);
    return (election?.candidates ?? []).map(({ sessionId }) => this.nameOf(sessionId));
  }

  /** The ended terms, oldest first. */
  history(): EndedTerm[] {
    return [...this.stored.history];
  }

  /** The steps that `action` causes. */
  during(action: () => void): GroupTurn[] {
    const from = this.steps.length;
    action();
    return this.steps.slice(from);
  }

  number(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  // Events

  open(receive: (frame: string) => void, access: Access = { role: "admin" }): Wire {
    const wire = new Wire(receive);
    this.#act(() => this.#host.connect(wire, access));
    this.#open.add(wire.id);
    return wire;
  }

  frame(wire: Wire, data: string | ArrayBuffer): void {
    this.#act(() => this.#host.receive(wire, data));
  }

  disconnect(wire: Wire): void {
    wire.open = false;
    this.#open.delete(wire.id);
    this.#act(() => this.#host.lose(wire));
  }

  /** Every socket is gone, and the group is notified. */
  dropAll(): void {
    for (const wire of this.wires.values()) if (wire.open) this.disconnect(wire);
  }

  /** One call of a process without a socket. */
  poll(call: PollRequest): Outcome {
    const outcomes: Outcome[] = [];
    this.#act(() => this.#host.poll({ role: "admin" }, throughJson(call), (outcome) => outcomes.push(outcome)));
    const [outcome] = outcomes;
    if (outcome === undefined) throw new Error("a call was not answered in its own turn");
    return outcome;
  }

  /** Any event, as the core takes it. */
  apply(event: EventBody): GroupTurn {
    this.#act(() => this.#host.dispatch(event));
    const step = this.steps.at(-1);
    if (step === undefined) throw new Error("the host has taken no turn");
    return step;
  }

  /** Gives the key of its answer in `replies`. */
  #ask(event: (request: string) => EventBody): string {
    let key = "";
    const keyed = (request: string): EventBody => {
      key = request;
      return event(request);
    };
    this.#act(() => this.#host.ask(keyed, () => undefined));
    return key;
  }

  #load(): Host<Wire> {
    const rows = throughJson(this.platform.stored.rows);
    return new Host(this.platform, { rows, settings: this.options, counters: new Map() });
  }

  /** Second and third phase of an incarnation. */
  #wake(): void {
    this.#act(() => this.#host.adopt(this.platform.alarmAt));
    this.listSockets();
  }

  /** What processes answer leaves when the event is over that they answer to. */
  #act(event: () => void): void {
    this.#depth += 1;
    try {
      event();
    } catch (error) {
      throw this.#broken ?? error;
    }
    this.#depth -= 1;
    while (this.#depth === 0 && this.#later.length > 0) this.#later.shift()?.();
  }

  later(run: () => void): void {
    this.#later.push(run);
  }

  // What must hold

  turned({ event, report, rows, facts }: Turned): void {
    this.steps.push({ event, changed: report.after !== report.before, rows, effects: report.effects, facts });
    try {
      this.#judgeTurn(report, rows, facts);
    } catch (error) {
      this.#broken ??= error;
      throw error;
    }
  }

  #judgeTurn({ before, after, effects }: Turned["report"], rows: Turned["rows"], facts: Turned["facts"]): void {
    expectBooked(before, after, facts, rows.filter(({ table }) => table === "term").length);
    if (after === before) expectSame(rows, [], "rows of a turn that changed nothing");
    else if (sizeOf(after) < LARGE || this.steps.length % LARGE_EVERY === 0) {
      expectStored(after, this.stored, this.clock);
    }
    this.#expectAlarm(after);
    this.#seeEpochs(after);
    for (const effect of effects) this.#judge(effect);
    for (const peer of this.peers) peer.expectMirror();
    this.expectOneLeaderEach();
  }

  expectOneLeaderEach(): void {
    expectOneLeaderEach([...this.peers, ...this.pollers], this.now);
  }

  /** The platform's alarm comes no later than what the group waits for, once all sockets are known. */
  #expectAlarm(state: GroupState): void {
    if (!state.reconciled) return;
    const deadline = nextDeadline(state);
    if (deadline !== null) expectTrue((this.platform.alarmAt ?? Infinity) <= deadline, "the alarm comes too late");
  }

  /** A poller receives its grant later: epochs are judged as they are given out. */
  #seeEpochs({ elections }: GroupState): void {
    const terms = [...elections.values()].flatMap(({ state }) => (state.type === "vacant" ? [] : [state]));
    terms.sort((left, right) => left.epoch - right.epoch);
    for (const { leaderSessionId, epoch } of terms) this.epochs.see({ leaderSessionId, epoch });
  }

  #judge(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#judgeSent(effect.connection, effect.message);
      case "broadcast":
        expect(new Set(effect.connections).size).toBe(effect.connections.length);
        for (const connection of effect.connections) this.#judgeSent(connection, effect.message);
        return;
      case "close":
        this.#expectOpen(effect.connection);
        this.#open.delete(effect.connection);
        return;
      case "attach":
        return this.#expectOpen(effect.attachment.connection);
      case "reply":
        expect(this.replies.has(effect.request)).toBe(false);
        this.replies.set(effect.request, effect.outcome);
    }
  }

  #judgeSent(connection: string, message: ServerMessage): void {
    this.#expectOpen(connection);
    expectSame(parseServerMessage(encode(message)), message, "a message survives the wire");
    if (message.type === "grant") this.epochs.see(message);
  }

  /** The core never uses a socket that it has closed or that is gone, once it knows which are there. */
  #expectOpen(connection: string): void {
    const isKnown = this.#open.has(connection) || !this.state.reconciled;
    expectTrue(isKnown, `the core used ${connection}, which is not open`);
  }

  /** The platform reports the closing handshake later: by then it is nobody's connection. */
  closed(wire: Wire): void {
    if (this.#broken !== null) return; // it would hide what is broken
    const late = { type: "disconnect", connection: wire.id, now: this.clock, nonce: "late" } as const;
    expect(transition(this.state, late).state).toBe(this.state);
    for (const peer of this.peers) peer.closed(wire);
  }
}
