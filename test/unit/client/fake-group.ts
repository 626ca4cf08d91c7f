/**
 * A group of one session for tests of the client's API, whose sockets and clock are in memory: time passes only when the
 * test lets it.
 */

import { type ClientOptions, type ElectionClient, openClient } from "../../../client/client.ts";
import type { Clock } from "../../../client/clock.ts";
import type { Contender } from "../../../client/contend.ts";
import type { Socket, SocketEvent } from "../../../client/socket.ts";
import type { Leadership } from "../../../shared/leadership/leadership.ts";
import type { ClientMessage } from "../../../shared/protocol/messages.ts";
import { SoloGroup } from "../../../tools/harness/solo-group.ts";
import { clocksStandStill } from "../../support/seeded.ts";

/** Lets every promise that can go on go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** What a contender leads by at this moment. */
export function leadershipOf({ component, leadership }: Contender): Leadership {
  if (leadership === null || leadership === undefined) throw new Error(`${component} does not lead`);
  return leadership;
}

/** How late a timer runs where clocks stand still: meanwhile it shows the time at which it was due. */
const LATE_MS = 40;

/** Both clocks move together, and timers fire in their order. Where clocks stand still, they move when something arrives. */
class VirtualClock implements Clock {
  /** The true time. */
  #now = 5_000;
  /** What the clocks have shown since the last event, where they stand still. */
  #shown = this.#now;
  #timers = new Map<unknown, { readonly at: number; readonly run: () => void }>();
  #handles = 0;
  /** The longest that was asked for. */
  longestMs = 0;

  get trueNow(): number {
    return this.#now;
  }

  monotonic(): number {
    return clocksStandStill ? this.#shown : this.#now;
  }

  wall(): number {
    return 1_700_000_000_000 + this.monotonic();
  }

  /** Something has arrived at the process. */
  move(): void {
    this.#shown = this.#now;
  }

  setTimeout(run: () => void, ms: number): number {
    this.#handles += 1;
    this.longestMs = Math.max(this.longestMs, ms);
    this.#timers.set(this.#handles, { at: this.monotonic() + ms, run });
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
      this.#now = Math.max(this.#now, Math.min(end, due.at + (clocksStandStill ? LATE_MS : 0)));
      this.#shown = Math.max(this.#shown, due.at);
      due.run();
      await settle();
    }
    this.#now = end;
    // Something has called the code that goes on here.
    this.move();
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
    this.group.clock.move();
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

export class FakeGroup extends SoloGroup {
  readonly clock = new VirtualClock();
  readonly sockets: FakeSocket[] = [];
  readonly heard: ClientMessage[] = [];
  /** Whether sockets open by themselves. */
  reachable = true;
  /** The close code of every new socket. */
  refusesWith: number | null = null;
  /** Carries nothing. */
  deadPath: FakeSocket | null = null;
  /** Whether a socket closes by itself once `close` was called. */
  closing = true;

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
      if (socket.readyState !== 0) return;
      if (this.refusesWith !== null) socket.closed(this.refusesWith);
      else if (this.reachable) socket.open();
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

  protected deliver(frame: string): void {
    if (this.socket.readyState === 1) this.socket.emit("message", { data: frame });
  }

  /** The socket closes under the client. */
  cut(code = 1006, reason?: string): void {
    this.socket.closed(code, reason);
  }

  types(): string[] {
    return this.heard.map(({ type }) => type);
  }

  hear(socket: FakeSocket, frame: string): void {
    if (socket === this.socket && socket !== this.deadPath && this.reachable) this.receive(frame);
  }

  protected override now(): number {
    return this.clock.trueNow;
  }

  protected override answer(message: ClientMessage): void {
    this.heard.push(message);
    super.answer(message);
  }
}
