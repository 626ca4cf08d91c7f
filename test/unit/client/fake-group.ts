/**
 * A group of one session, in memory, for tests of the client's API: it answers by the protocol, elects every process that
 * asks unless the test forbids it, and keeps time only when the test lets it pass. No real timer and no real socket.
 */

import { type ClientOptions, type ElectionClient, openClient } from "../../../client/client.ts";
import type { Clock } from "../../../client/clock.ts";
import type { Contender } from "../../../client/contend.ts";
import type { Socket, SocketEvent } from "../../../client/socket.ts";
import type { Leadership } from "../../../shared/leadership/leadership.ts";
import { clientMessageParser } from "../../../shared/protocol/client-codec.ts";
import type { CLOSE } from "../../../shared/protocol/close-codes.ts";
import { DEFAULT_LIMITS } from "../../../shared/protocol/limits.ts";
import type {
  ClientMessage,
  ContenderInfo,
  LeaderChange,
  LeaderInformation,
  Revoke,
  ServerMessage,
} from "../../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../../shared/protocol/names.ts";
import { welcome } from "./play.ts";

const parseClientMessage = clientMessageParser(DEFAULT_LIMITS);

/** Lets every promise that can go on go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** What a contender leads by at this moment. */
export function leadershipOf({ component, leadership }: Contender): Leadership {
  if (leadership === null || leadership === undefined) throw new Error(`${component} does not lead`);
  return leadership;
}

/** Both clocks move together, and timers fire in their order. */
class VirtualClock implements Clock {
  #now = 5_000;
  #timers = new Map<unknown, { readonly at: number; readonly run: () => void }>();
  #handles = 0;
  /** The longest that was asked for. */
  longestMs = 0;

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return 1_700_000_000_000 + this.#now;
  }

  setTimeout(run: () => void, ms: number): number {
    this.#handles += 1;
    this.longestMs = Math.max(this.longestMs, ms);
    this.#timers.set(this.#handles, { at: this.#now + ms, run });
    return this.#handles;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** How many were ever set. */
  get timersSet(): number {
    return this.#handles;
  }

  /** Time passes without anybody noticing: the event loop is blocked. */
  block(ms: number): void {
    this.#now += ms;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let due = this.#due(end); due; due = this.#due(end)) {
      this.#timers.delete(due.handle);
      this.#now = Math.max(this.#now, due.at);
      due.run();
      await settle();
    }
    this.#now = end;
  }

  #due(end: number): { readonly handle: unknown; readonly at: number; readonly run: () => void } | undefined {
    const [first] = [...this.#timers].map(([handle, timer]) => ({ handle, ...timer })).sort((a, b) => a.at - b.at);
    return first && first.at <= end ? first : undefined;
  }
}

type Listener = (event: SocketEvent) => void;

class FakeSocket implements Socket {
  readyState = 0;
  readonly group: FakeGroup;
  readonly protocols: readonly string[];
  readonly url: string;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(group: FakeGroup, url: string, protocols: readonly string[]) {
    this.group = group;
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  emit(type: string, event: SocketEvent = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  open(): void {
    this.readyState = 1;
    this.emit("open");
  }

  send(frame: string): void {
    if (this.readyState !== 1) throw new Error("not open");
    queueMicrotask(() => this.group.hear(this, frame));
  }

  close(): void {
    this.readyState = 2;
    queueMicrotask(() => {
      if (this.group.closing) this.closed(1000);
    });
  }

  closed(code: number, reason = ""): void {
    this.readyState = 3;
    this.emit("close", { code, reason });
  }
}

interface Term {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  accepted: boolean;
}

export class FakeGroup {
  readonly clock = new VirtualClock();
  readonly sockets: FakeSocket[] = [];
  readonly heard: ClientMessage[] = [];
  /** Whether sockets open by themselves, and whether elections are offered. */
  reachable = true;
  electing = true;
  /** Components that may not stand. */
  readonly refused = new Set<string>();
  /** Whether a socket closes by itself once `close` was called. */
  closing = true;
  epoch = 0;
  #contenders: ContenderInfo[] = [];
  #terms = new Map<ElectionName, Term>();
  #records = new Map<string, LeaderInformation>();
  #watching: Set<string> | true = new Set();
  #sessions = 0;

  client<Component extends string = string>(options: Partial<ClientOptions> = {}): ElectionClient<Component> {
    const group = this;
    class ConnectingSocket extends FakeSocket {
      constructor(url: string, protocols: readonly string[]) {
        super(group, url, protocols);
        group.#connect(this);
      }
    }
    const defaults = {
      url: "http://group.example/base",
      group: "g",
      WebSocket: ConnectingSocket,
      clock: this.clock,
    };
    return openClient<Component>({ ...defaults, ...options }).client;
  }

  #connect(socket: FakeSocket): void {
    this.sockets.push(socket);
    queueMicrotask(() => {
      if (this.reachable && socket.readyState === 0) socket.open();
    });
  }

  /** A socket that comes out of an upgrade by `fetch`: open once it was accepted. */
  accept(): FakeSocket & { accept(): void } {
    const socket = new FakeSocket(this, "", []);
    this.sockets.push(socket);
    return Object.assign(socket, {
      accept() {
        socket.readyState = 1;
      },
    });
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nobody has connected");
    return socket;
  }

  say(message: ServerMessage): void {
    if (this.socket.readyState === 1) this.socket.emit("message", { data: JSON.stringify(message) });
  }

  /** The socket closes under the client. */
  cut(code = 1006, reason?: string): void {
    this.socket.closed(code, reason);
  }

  types(): string[] {
    return this.heard.map(({ type }) => type);
  }

  hear(socket: FakeSocket, frame: string): void {
    if (socket !== this.socket || !this.reachable) return;
    if (frame === "ping") return socket.emit("message", { data: "pong" });
    const message = parseClientMessage(frame);
    this.heard.push(message);
    this.#answer(message);
  }

  #answer(message: ClientMessage): void {
    switch (message.type) {
      case "hello":
        return this.#greet(message);
      case "register":
        if (this.refused.has(message.component)) return this.#refuse(message.component);
        this.#contenders.push(message);
        this.say({ type: "registered", component: message.component });
        return this.#present(message.component, message.election);
      case "deregister":
        return this.#deregister(message.component);
      case "renew":
        return this.#renew(message.sentAt, message.held);
      case "confirm":
        this.publish({
          component: message.component,
          leaderSessionId: message.leaderSessionId,
          epoch: this.epoch,
          address: message.address ?? "",
        });
        return this.say({
          type: "confirmed",
          id: message.id,
          component: message.component,
          leaderSessionId: message.leaderSessionId,
        });
      case "resign":
      case "release":
        return this.#end(message.leaderSessionId);
      case "observe":
        this.#watch(message.components);
        return this.#snapshot();
      default:
        return;
    }
  }

  #greet({
    sentAt,
    contenders = [],
    observe = [],
    resume,
    held = [],
  }: Extract<ClientMessage, { type: "hello" }>): void {
    this.#contenders = contenders.filter(({ component }) => !this.refused.has(component));
    this.#watch(observe);
    const resumed = resume?.sessionId === `S${this.#sessions}`;
    if (!resumed) this.#sessions += 1;
    const kept = [...this.#terms.values()].filter(
      (term) => resumed && term.accepted && held.includes(term.leaderSessionId),
    );
    if (resumed) this.#terms = new Map(kept.map((term) => [term.election, term]));
    else this.#terms.clear();
    this.say({
      ...welcome,
      sessionId: `S${this.#sessions}`,
      resumed,
      sentAt,
      held: kept.map((term) => term.leaderSessionId),
    });
    for (const { component } of contenders) if (this.refused.has(component)) this.#refuse(component);
    if (observe === true || observe.length > 0) this.#snapshot();
    this.elect();
  }

  #present(component: string, kind: ContenderInfo["election"]): void {
    const election = electionOf(component, kind);
    const term = this.#terms.get(election);
    if (!term) return this.elect();
    this.say({ type: "grant", ...term, components: [component], joined: term.accepted });
  }

  #deregister(component: string): void {
    const isKnown = this.#contenders.some((contender) => contender.component === component);
    if (isKnown) this.say({ type: "deregistered", component });
    else this.say({ type: "error", code: "unknown_component", message: "not contended for", component });
    this.#contenders = this.#contenders.filter((contender) => contender.component !== component);
    this.retract(component);
    for (const [election, { leaderSessionId }] of this.#terms) {
      if (!this.#contenders.some((contender) => electionOf(contender.component, contender.election) === election))
        this.#end(leaderSessionId);
    }
  }

  #renew(sentAt: number, held: readonly string[]): void {
    const kept = held.filter((id) => {
      const term = [...this.#terms.values()].find(({ leaderSessionId }) => leaderSessionId === id);
      if (term) term.accepted = true;
      return term !== undefined;
    });
    this.say({ type: "renewed", sentAt, held: kept });
  }

  #end(leaderSessionId: string): void {
    for (const [election, term] of this.#terms)
      if (term.leaderSessionId === leaderSessionId) this.#terms.delete(election);
    for (const record of [...this.#records.values()])
      if (record.leaderSessionId === leaderSessionId) this.retract(record.component);
    this.elect();
  }

  /** Offers every election that is vacant and contended for. */
  elect(): void {
    if (!this.electing) return;
    const elections = new Set(this.#contenders.map(({ component, election }) => electionOf(component, election)));
    for (const election of elections) {
      if (this.#terms.has(election)) continue;
      this.epoch += 1;
      const term = { election, leaderSessionId: `L${this.epoch}`, epoch: this.epoch, accepted: false };
      this.#terms.set(election, term);
      const components = this.#contenders
        .filter((contender) => electionOf(contender.component, contender.election) === election)
        .map(({ component }) => component);
      this.say({ type: "grant", ...term, components, joined: false });
    }
  }

  revoke(reason: Revoke["reason"] = "revoked", election: ElectionName = "process"): void {
    const term = this.#terms.get(election);
    if (term) this.say({ type: "revoke", leaderSessionId: term.leaderSessionId, reason, drainMs: 10_000 });
  }

  // Leader information

  #watch(components: true | readonly string[]): void {
    if (components === true || this.#watching === true) this.#watching = true;
    else this.#watching = new Set([...this.#watching, ...components]);
  }

  #snapshot(): void {
    const leaders: LeaderChange[] =
      this.#watching === true
        ? [...this.#records.values()].map((leader) => ({ component: leader.component, leader }))
        : [...this.#watching].map((component) => ({ component, leader: this.#records.get(component) ?? null }));
    const all = this.#watching === true && { all: true };
    this.say({ type: "leaders", revision: 1, snapshot: true, ...all, leaders });
  }

  publish(leader: LeaderInformation): void {
    this.#records.set(leader.component, leader);
    this.#announce({ component: leader.component, leader });
  }

  retract(component: string): void {
    if (this.#records.delete(component)) this.#announce({ component, leader: null });
  }

  #announce(change: LeaderChange): void {
    if (this.#watching === true || this.#watching.has(change.component)) {
      this.say({ type: "leaders", revision: 2, snapshot: false, leaders: [change] });
    }
  }

  #refuse(component: string): void {
    this.say({ type: "error", code: "election_mismatch", message: "contended for in the other kind", component });
  }

  close(code: (typeof CLOSE)[keyof typeof CLOSE]): void {
    this.cut(code);
  }
}
