/**
 * One incarnation of the group's object: the host that ships, on a platform in memory.
 *
 * The platform's output gate is here: what a turn writes is one atomic write when the turn ends, and what the turn sends
 * leaves once that write is durable, or never. A replaced incarnation does not know that it was replaced. It goes on
 * talking to its sockets until its first write, which fails.
 */
import { LOST } from "../../shared/protocol/close-codes.ts";
import type { RunCall } from "../../shared/protocol/runs.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Attachment, EventBody, FreshSecret, Outcome } from "../../worker/group/events.ts";
import type { Policy, PolicyOptions } from "../../worker/group/policy.ts";
import type { Access, GroupState } from "../../worker/group/state.ts";
import type { Host, PollRequest } from "../../worker/host/host.ts";
import type { Commit, HostFailure, HostPort, Turned } from "../../worker/host/port.ts";
import type { GroupCore } from "./core.ts";
import type { Link, LinkServer, Packet } from "./link.ts";
import { type Storage, StorageFault, type Write } from "./storage.ts";

/** What an incarnation runs on. */
export interface Platform {
  readonly core: GroupCore;
  readonly storage: Storage;
  trueNow(): number;
  nonce(): string;
  policyOf(options: PolicyOptions): Policy;
  /** One atomic write. False: it failed, or the object died with it; then nothing may leave. */
  write(incarnation: Incarnation, write: Write): boolean;
  /** Called after every turn whose write has not failed, before what it has sent leaves. */
  turned(incarnation: Incarnation, turned: Turned): void;
  /** Called for what the host reports instead of throwing it. */
  failed(failure: HostFailure, error: unknown): void;
}

/** `null`: the object died, or storage failed, before it could answer. */
export type Reply = (outcome: Outcome | null) => void;

interface Socket {
  readonly link: Link;
  attachment: Attachment | null;
  /** When the platform last answered a ping. */
  answeredAt: number | null;
}

const NOTHING: Write = { rows: [], settings: null, alarmAt: null };

/** A test has one deployment. */
export const DEPLOYMENT = "test";

export class Incarnation implements LinkServer, HostPort<Socket> {
  readonly deployment = DEPLOYMENT;
  readonly #platform: Platform;
  /** How far the clock of its machine is ahead of true time. It may be set. */
  skewMs: number;
  #host: Host<Socket>;
  /** By connection. A socket that this side has closed is no longer in it. */
  readonly #sockets = new Map<string, Socket>();
  readonly #unanswered = new Set<Reply>();
  /** What the present turn writes, and what it sends. */
  #unwritten = NOTHING;
  readonly #held: (() => void)[] = [];
  readonly #afterwards: (() => void)[] = [];
  /** True time at which this machine took the object up. */
  readonly startedAt: number;
  alive = true;
  stale = false;
  /** Out of memory, until an event wakes it. */
  asleep = false;

  constructor(platform: Platform, skewMs: number) {
    this.#platform = platform;
    this.skewMs = skewMs;
    this.startedAt = platform.trueNow();
    this.#host = this.#load();
  }

  #load(): Host<Socket> {
    return new this.#platform.core.Host<Socket>(this, this.#platform.storage.stored());
  }

  get state(): GroupState {
    return this.#host.state;
  }

  /** False while a look or an operator has brought new settings and nothing was written since. */
  get settingsStored(): boolean {
    return this.#host.areSettingsStored;
  }

  get untoldEnds(): number {
    return this.#host.untoldEnds;
  }

  /** Whether the core knows all sockets, and no others. */
  get isSettled(): boolean {
    return this.state.reconciled && this.untoldEnds === 0;
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  /** An open request keeps the object in memory. */
  get busy(): boolean {
    return this.#unanswered.size > 0;
  }

  /** As the next incarnation would find them. */
  attachments(): readonly Attachment[] {
    return [...this.#sockets.values()].flatMap((socket) => {
      const attachment = this.attachmentOf(socket);
      const { answeredAt } = socket;
      return attachment === null ? [] : [{ ...attachment, ...(answeredAt !== null && { answeredAt }) }];
    });
  }

  // The life of the object

  /** Comes once, before every event. */
  wake(): void {
    this.#take(() => this.#host.adopt(this.#platform.storage.alarmAt));
  }

  /** Leaves memory and comes back; sockets and their attachments stay. */
  hibernate(): void {
    this.asleep = true;
    this.rouse();
  }

  /** Comes back if it has left memory. */
  rouse(): void {
    if (!this.asleep) return;
    this.asleep = false;
    this.#host = this.#load();
    this.wake();
  }

  /** The object dies, and its sockets with it. `tell`: whether the far ends are told. */
  die(tell: boolean): void {
    if (!this.alive) return;
    this.alive = false;
    for (const { link } of this.#sockets.values()) {
      link.serverOpen = false;
      if (tell) link.down.send({ type: "close", code: LOST }, this.#platform.trueNow());
      else link.down.sever(link.down.length);
    }
    this.#sockets.clear();
    const unanswered = [...this.#unanswered];
    this.#unanswered.clear();
    for (const reply of unanswered) reply(null);
  }

  // Events

  /** The upgrade; it carries the deployment's settings. */
  upgrade(link: Link, options: PolicyOptions): void {
    const { lifeMs, components } = link.token;
    const access: Access = {
      role: "contend",
      ...(lifeMs !== undefined && { until: this.now() + lifeMs }),
      ...(components !== undefined && { components }),
    };
    this.#take(() => {
      this.#host.configure(JSON.stringify(options));
      if (this.alive) this.#host.connect({ link, attachment: null, answeredAt: null }, access);
    });
    if (link.server === null) link.down.send({ type: "close", code: LOST }, this.#platform.trueNow());
  }

  receive(link: Link, packet: Packet<string>): void {
    const socket = this.#sockets.get(link.connection);
    if (!link.serverOpen || socket === undefined) return;
    switch (packet.type) {
      case "beat":
        socket.answeredAt = this.now();
        return link.down.send({ type: "beat" }, this.#platform.trueNow());
      case "frame":
        return void this.#take(() => this.#host.receive(socket, packet.message));
      case "close":
        this.rouse(); // its constructor still finds the socket
        link.serverOpen = false;
        this.#sockets.delete(link.connection);
        return void this.#take(() => this.#host.lose(socket));
      case "open": // a server never hears it
        return;
      default:
        return unreachable(packet);
    }
  }

  alarm(): void {
    this.#take(() => this.#host.alarm());
  }

  configure(options: PolicyOptions): void {
    this.#take(() => this.#host.configure(JSON.stringify(options)));
  }

  dispatch(event: EventBody): void {
    this.#take(() => this.#host.dispatch(event));
  }

  ask(event: (request: string) => EventBody, reply: Reply): void {
    this.#await(reply, (answer) => this.#host.ask(event, answer));
  }

  run(call: RunCall, reply: Reply): void {
    this.#await(reply, (answer) => this.#host.run({ role: "admin" }, call, answer));
  }

  poll(request: PollRequest, reply: Reply): void {
    this.#await(reply, (answer) => this.#host.poll({ role: "admin" }, request, answer));
  }

  #await(reply: Reply, ask: (answer: (outcome: Outcome) => void) => void): void {
    if (!this.alive) return reply(null);
    this.#unanswered.add(reply);
    const answer = (outcome: Outcome | null): void => {
      if (this.#unanswered.delete(reply)) reply(outcome);
    };
    const isTaken = this.#take(() => ask((outcome) => this.#hold(() => answer(outcome))));
    if (!isTaken) answer(null);
  }

  /** One event of the platform, and what the host has put off until after it. False: a fault of storage has ended it. */
  #take(event: () => void): boolean {
    this.rouse();
    if (!this.alive) return false;
    try {
      const isTaken = succeeds(event);
      for (let run = this.#afterwards.shift(); run !== undefined; run = this.#afterwards.shift()) run();
      return isTaken;
    } finally {
      if (this.#write()) this.#release();
    }
  }

  // The output gate

  turned(turned: Turned): void {
    if (!this.#write()) return;
    this.#platform.turned(this, turned);
    this.#release();
  }

  /** Keeps until the end of the turn what its effects do outside. */
  #hold(act: () => void): void {
    this.#held.push(act);
  }

  #release(): void {
    for (const act of this.#held.splice(0)) act();
  }

  /** False if the object has died, with this write or before: then nothing that it has sent leaves. */
  #write(): boolean {
    const write = this.#unwritten;
    this.#unwritten = NOTHING;
    if (this.alive && (write === NOTHING || this.#platform.write(this, write))) return true;
    this.#held.splice(0);
    return false;
  }

  // The host's port

  commit({ rows, settings }: Commit): void {
    this.#platform.storage.attempt("commit");
    this.#unwritten = { ...this.#unwritten, rows, settings };
  }

  purge(): void {
    this.#platform.storage.attempt("commit");
    this.#unwritten = { ...NOTHING, purged: true };
  }

  setAlarm(at: number, failed: (error: unknown) => void): void {
    try {
      this.#platform.storage.attempt("alarm");
      this.#unwritten = { ...this.#unwritten, alarmAt: at };
    } catch (error) {
      this.#afterwards.push(() => failed(error));
    }
  }

  rowsWritten(): number {
    return 0;
  }

  now(): number {
    return this.#platform.trueNow() + this.skewMs;
  }

  nonce(): string {
    return this.#platform.nonce();
  }

  freshSecret(): FreshSecret {
    const secret = this.#platform.nonce();
    return { secret, hash: this.hashSecret(secret) };
  }

  readonly hashSecret = hashOf;

  createPolicy(options: PolicyOptions): Policy {
    return this.#platform.policyOf(options);
  }

  later(run: () => void): void {
    this.#afterwards.push(run);
  }

  failed(failure: HostFailure, error: unknown): void {
    this.#platform.failed(failure, error);
  }

  // The host's sockets

  listSockets(): readonly Socket[] {
    this.#platform.storage.attempt("listing");
    return [...this.#sockets.values()];
  }

  findSockets(connection: string): readonly Socket[] {
    const socket = this.#sockets.get(connection);
    return socket === undefined ? [] : [socket];
  }

  attachmentOf({ attachment }: Socket): Attachment | null {
    return JSON.parse(JSON.stringify(attachment)) as Attachment | null;
  }

  answeredAt({ answeredAt }: Socket): number | null {
    return answeredAt;
  }

  accept(socket: Socket, attachment: Attachment): void {
    const { link } = socket;
    link.connection = attachment.connection;
    link.server = this;
    link.serverOpen = true;
    socket.attachment = attachment;
    this.#sockets.set(attachment.connection, socket);
    this.#hold(() => link.down.send({ type: "open" }, this.#platform.trueNow()));
  }

  attach(socket: Socket, attachment: Attachment): void {
    socket.attachment = attachment;
  }

  send({ link }: Socket, text: string): void {
    this.#hold(() => link.down.send({ type: "frame", message: text }, this.#platform.trueNow()));
  }

  close({ link }: Socket, code: number): void {
    this.#hold(() => {
      link.serverOpen = false;
      this.#sockets.delete(link.connection);
      link.down.send({ type: "close", code }, this.#platform.trueNow());
    });
  }
}

/** False if a fault of storage has ended it. */
function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof StorageFault) return false;
    throw error;
  }
}

export const hashOf = (secret: string): string => `#${secret}`;
