/**
 * A process group with a virtual clock, a simulated store, and the far ends of its sockets. It does what the shell
 * does, in the shell's order: transition, rows, effects. Everything that must always hold is checked after every event.
 */
import { expect } from "vitest";
import { byteLength, encode } from "../../../shared/protocol/codec.ts";
import type { ContenderInfo, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { parseServerMessage } from "../../../shared/protocol/server-codec.ts";
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import type { Effect, EndedTerm, EventBody, Outcome } from "../../../worker/group/events.ts";
import { type Fact, factsOf } from "../../../worker/group/facts.ts";
import { createPolicy, type Policy, type PolicyOptions } from "../../../worker/group/policy.ts";
import { emptyGroup, load, type RowChange, rowChanges } from "../../../worker/group/rows.ts";
import type { Access, ElectionState, GroupState } from "../../../worker/group/state.ts";
import { nextDeadline, transition } from "../../../worker/group/transition.ts";
import { groupStatus } from "../../../worker/group/views.ts";
import { expectBooked } from "./books.ts";
import { expectSame } from "./consistency.ts";
import { EpochLog, expectExactLeases, expectOneLeaderEach, expectStored } from "./judge.ts";
import { Peer, type Profile } from "./peer.ts";
import { Poller } from "./poller.ts";
import { applyChanges, emptyStore, type Stored, throughJson } from "./storage.ts";
import { readFrame, Wire } from "./wire.ts";

const START = 1_000_000;
/** What the platform lets a socket carry through hibernation. */
const ATTACHMENT_BYTES = 16_384;

/** One event and what came of it. */
export interface Step {
  readonly event: EventBody;
  readonly changed: boolean;
  readonly rows: readonly RowChange[];
  readonly effects: readonly Effect[];
  readonly facts: readonly Fact[];
}

export class World {
  now = START;
  /** How far the host's clock is ahead of true time; differs from incarnation to incarnation. */
  skew = 0;
  state: GroupState;
  stored: Stored = emptyStore;
  options: PolicyOptions;
  policy: Policy;
  /** What was stored before each turn that wrote rows. */
  readonly bookmarks: Stored[] = [];
  readonly steps: Step[] = [];
  readonly replies = new Map<string, Outcome>();
  readonly peers: Peer[] = [];
  readonly wires = new Map<string, Wire>();
  #restore: { readonly request: string; readonly bookmark: Stored } | null = null;
  #numbers = 0;
  readonly epochs = new EpochLog();
  readonly pollers: Poller[] = [];

  constructor(options: PolicyOptions = {}) {
    this.options = options;
    this.policy = createPolicy(options);
    this.state = emptyGroup(this.policy);
  }

  get clock(): number {
    return this.now + this.skew;
  }

  // Sentences

  /** A process that has said hello. */
  join(name: string, profile: Profile = {}): Peer {
    const peer = this.stranger(name, profile);
    peer.connect();
    peer.hello();
    return peer;
  }

  /** A process without a socket. */
  poller(name: string, contenders: readonly ContenderInfo[] = [{ component: "x" }]): Poller {
    const poller = new Poller(this, name, contenders);
    this.pollers.push(poller);
    return poller;
  }

  /** A process that has not connected yet. */
  stranger(name: string, profile: Profile = {}): Peer {
    const peer = new Peer(this, name, profile);
    this.peers.push(peer);
    return peer;
  }

  /** Time passes; the alarm rings whenever somebody waits or watches. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (let due = this.alarm(); due !== null && due <= until; due = this.alarm()) {
      this.now = Math.max(this.now, due);
      this.tick();
    }
    this.now = until;
  }

  /** When the alarm rings, in true time. */
  alarm(): number | null {
    const deadline = nextDeadline(this.state);
    return deadline === null ? null : deadline - this.skew;
  }

  /** Time passes while these peers renew whatever they hold. */
  run(ms: number, ...peers: readonly Peer[]): void {
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
    const request = `request-${this.number()}`;
    this.apply({ type: "revoke", request, election, successor, note });
    return request;
  }

  /** The deployment changes its settings while the group runs. */
  configure(options: PolicyOptions): void {
    this.options = options;
    this.policy = createPolicy(options);
    this.apply({ type: "configure", policy: this.policy });
  }

  pause(paused = true): void {
    this.apply({ type: "pause", paused });
  }

  cleanup(force = false): Outcome | undefined {
    const request = `request-${this.number()}`;
    this.apply({ type: "cleanup", request, force });
    return this.replies.get(request);
  }

  /** Asks for the first step of a restore to what was stored then; `goBack` takes the second. */
  restore(bookmark: Stored = this.stored): string {
    const request = `request-${this.number()}`;
    this.#restore = { request, bookmark };
    this.apply({ type: "restore", request });
    return request;
  }

  /** As soon as the group allows it, storage goes back, and with it the object and its sockets go. */
  goBack(): boolean {
    if (this.#restore === null || this.replies.get(this.#restore.request)?.type !== "restorable") return false;
    this.stored = this.#restore.bookmark;
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
    const before = this.state;
    this.#load();
    const attachments = [...this.wires.values()].flatMap(({ open, attachment }) => (open ? [attachment] : []));
    this.apply({ type: "start", attachments: throughJson(attachments) });
    if (carried === "every lease") expectExactLeases(before, this.state);
  }

  /** The object wakes up for these alone; the other sockets are not listed yet. */
  wakeFor(...peers: readonly Peer[]): void {
    this.#load();
    const attachments = peers.flatMap(({ wire }) => (wire?.open ? [wire.attachment] : []));
    this.apply({ type: "adopt", attachments: throughJson(attachments) });
  }

  listSockets(): void {
    const attachments = [...this.wires.values()].flatMap(({ open, attachment }) => (open ? [attachment] : []));
    this.apply({ type: "start", attachments: throughJson(attachments) });
  }

  /** The object dies with all its sockets, and comes back. */
  crash(): void {
    this.#load();
    for (const wire of this.wires.values()) wire.open = false;
    this.apply({ type: "start", attachments: [] });
  }

  /** The same object, seen by nobody but itself: what a replaced one goes on to be. */
  fork(): World {
    const stale = new World();
    stale.policy = this.policy;
    stale.state = this.state;
    stale.stored = this.stored;
    stale.now = this.now;
    for (const [id, { attachment }] of this.wires) {
      const wire = new Wire(id, attachment.connectedAt, () => undefined);
      stale.wires.set(id, wire);
    }
    return stale;
  }

  // What the tests look at

  election(name: ElectionName = "process"): ElectionState {
    return this.state.elections.get(name)?.state ?? { type: "vacant", successor: null };
  }

  /** Who holds or is offered an election, by the name of the peer. */
  holder(name: ElectionName = "process"): string | null {
    const state = this.election(name);
    return state.type === "vacant" ? null : this.nameOf(state.sessionId);
  }

  nameOf(sessionId: string): string {
    const known = [...this.peers, ...this.pollers].find(({ sessionIds }) => sessionIds.has(sessionId));
    return known?.name ?? sessionId;
  }

  status(): GroupStatus {
    return groupStatus(this.state, "g", this.clock);
  }

  /** Names of those who wait, in the order of the status view. */
  candidates(name: ElectionName = "process"): string[] {
    const election = this.status().elections.find((one) => one.election === name);
    return (election?.candidates ?? []).map(({ sessionId }) => this.nameOf(sessionId));
  }

  /** The ended terms, oldest first. */
  history(): EndedTerm[] {
    const entries = [...this.stored.history.values()].sort((left, right) => left.sequence - right.sequence);
    return entries.map(({ row }) => row);
  }

  /** The steps that `action` causes. */
  during(action: () => void): Step[] {
    const from = this.steps.length;
    action();
    return this.steps.slice(from);
  }

  number(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  // The shell

  open(receive: (message: ServerMessage) => void, access?: Access): Wire {
    const wire = new Wire(`connection-${this.number()}`, this.clock, receive);
    const allowed = access === undefined ? {} : { access };
    wire.attachment = { ...wire.attachment, ...allowed };
    this.wires.set(wire.id, wire);
    this.apply({ type: "connect", connection: wire.id, ...allowed });
    return wire;
  }

  frame(wire: Wire, data: unknown): void {
    this.apply({
      type: "frame",
      connection: wire.id,
      frame: readFrame(data, this.state.policy.limits, `secret-${this.number()}`),
      characters: typeof data === "string" ? data.length : 0,
    });
  }

  disconnect(wire: Wire): void {
    wire.open = false;
    this.apply({ type: "disconnect", connection: wire.id });
  }

  /** Every socket is gone, and the group hears of it. */
  dropAll(): void {
    for (const wire of this.wires.values()) if (wire.open) this.disconnect(wire);
  }

  apply(event: EventBody): Step {
    const before = this.state;
    const { state, effects, touched } = transition(before, {
      ...event,
      now: this.clock,
      nonce: `n${this.number()}`.padEnd(32, "_"),
    });
    const rows = rowChanges(before, state, touched);
    this.state = state;
    if (rows.length > 0) this.bookmarks.push(this.stored);
    this.stored = applyChanges(this.stored, rows);
    const facts = factsOf({ before, after: state, event: event.type, now: this.clock, effects, touched });
    expectBooked(before, state, facts);
    const step = { event, changed: state !== before, rows, effects, facts };
    this.steps.push(step);
    if (step.changed) expectStored(state, this.stored, this.clock);
    else expectSame(rows, [], "rows of a turn that changed nothing");
    this.#seeEpochs();
    for (const effect of effects) this.#execute(effect);
    for (const peer of this.peers) peer.expectMirror();
    expectOneLeaderEach([...this.peers, ...this.pollers], this.now);
    return step;
  }

  /** Whoever polls hears of an offer later: epochs are judged as they are given out. */
  #seeEpochs(): void {
    const terms = [...this.state.elections.values()].flatMap(({ state }) => (state.type === "vacant" ? [] : [state]));
    terms.sort((left, right) => left.epoch - right.epoch);
    for (const { leaderSessionId, epoch } of terms) this.epochs.see({ leaderSessionId, epoch });
  }

  #execute(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#deliver(effect.connection, effect.message);
      case "broadcast":
        expect(new Set(effect.connections).size).toBe(effect.connections.length);
        for (const connection of effect.connections) this.#deliver(connection, effect.message);
        return;
      case "close":
        return this.#close(effect.connection, effect.code, effect.reason);
      case "attach":
        expect(byteLength(JSON.stringify(effect.attachment))).toBeLessThanOrEqual(ATTACHMENT_BYTES);
        this.#openWire(effect.attachment.connection).attachment = effect.attachment;
        return;
      case "reply":
        expect(this.replies.has(effect.request)).toBe(false);
        this.replies.set(effect.request, effect.outcome);
    }
  }

  /** The core never uses a socket that it has closed or that is gone. */
  #openWire(id: string): Wire {
    const wire = this.wires.get(id);
    if (!wire?.open) throw new Error(`the core used ${id}, which is not open`);
    return wire;
  }

  #deliver(connection: string, sent: ServerMessage): void {
    const wire = this.#openWire(connection);
    const message = parseServerMessage(encode(sent));
    expectSame(message, sent, "a message survives the wire");
    if (message.type === "grant") this.epochs.see(message);
    if (!wire.deaf) wire.receive(message);
  }

  /** The platform reports the closing handshake later: by then it is nobody's connection. */
  #close(connection: string, code: number, reason: string): void {
    const wire = this.#openWire(connection);
    wire.open = false;
    wire.closed = { code, reason };
    expect(reason.length).toBeLessThanOrEqual(123);
    const late = { type: "disconnect", connection, now: this.clock, nonce: "late" } as const;
    expect(transition(this.state, late).state).toBe(this.state);
    for (const peer of this.peers) peer.closed(wire);
  }

  #load(): void {
    this.state = load(throughJson(this.stored.rows), this.policy);
  }
}
