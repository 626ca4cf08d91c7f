/**
 * One incarnation of the group's object: what the Durable Object shell (worker/durable-object/election-group.ts) does, in its order.
 * Transition, rows and alarm in one atomic commit, then the effects: the output gate lets nothing leave before.
 *
 * A replaced incarnation does not know it. It goes on talking to its sockets until its first commit, which fails.
 */
import type { ClientMessage, ServerMessage } from "../../shared/protocol/messages.ts";
import type { Attachment, Effect, EventBody, Frame, Outcome } from "../../worker/group/events.ts";
import type { Policy, PolicyOptions } from "../../worker/group/policy.ts";
import type { RowChange } from "../../worker/group/rows.ts";
import type { Access, GroupState } from "../../worker/group/state.ts";
import type { GroupCore } from "./core.ts";
import type { Link, LinkServer, Packet } from "./link.ts";

/** What an incarnation has around it. */
export interface Platform {
  readonly core: GroupCore;
  trueNow(): number;
  nonce(): string;
  read(message: ClientMessage): ClientMessage;
  policyOf(options: PolicyOptions): Policy;
  storedPolicy(): PolicyOptions | null;
  storedAlarm(): number | null;
  load(): GroupState;
  /** One atomic write of rows, settings and alarm. False: it failed, or the object died with it; nothing may leave. */
  commit(incarnation: Incarnation, write: Write): boolean;
  /** After every event whose commit has not failed, before its effects. */
  turned(incarnation: Incarnation, before: GroupState, body: EventBody, changes: readonly RowChange[]): void;
}

export interface Write {
  readonly changes: readonly RowChange[];
  readonly policy: PolicyOptions | null;
  readonly alarmAt: number | null;
}

/** `null`: the object died before it could answer. */
export type Reply = (outcome: Outcome | null) => void;

interface Socket {
  readonly link: Link;
  attachment: Attachment;
}

export class Incarnation implements LinkServer {
  readonly #platform: Platform;
  /** How far the clock of its host is ahead of true time. It may be set. */
  skewMs: number;
  readonly #sockets = new Map<string, Socket>();
  readonly #replies = new Map<string, Reply>();
  /** The deployment's settings: they come with every upgrade and every operator's request. */
  #options: PolicyOptions;
  #policyStored = true;
  #alarmAt: number | null = null;
  state: GroupState;
  /** True time at which this host took the object up. */
  readonly startedAt: number;
  alive = true;
  stale = false;

  constructor(platform: Platform, skewMs: number) {
    this.#platform = platform;
    this.skewMs = skewMs;
    this.startedAt = platform.trueNow();
    this.#options = platform.storedPolicy() ?? {};
    this.state = platform.load();
  }

  get now(): number {
    return this.#platform.trueNow() + this.skewMs;
  }

  /** Not yet, while a look or an operator has brought new ones and nothing was written since. */
  get settingsStored(): boolean {
    return this.#policyStored;
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  /** An open request keeps the object in memory. */
  get busy(): boolean {
    return this.#replies.size > 0;
  }

  attachments(): readonly Attachment[] {
    return [...this.#sockets.values()].map(({ attachment }) => JSON.parse(JSON.stringify(attachment)) as Attachment);
  }

  /** A new host: whatever the first event is, all sockets are listed before it. */
  start(): void {
    this.#wake();
    this.#reconcile();
  }

  /** Leaves memory and comes back: sockets and attachments stay. Only leaders' are known until the next event. */
  hibernate(): void {
    this.#options = this.#platform.storedPolicy() ?? {};
    this.#policyStored = true;
    this.state = this.#platform.load();
    this.#wake();
  }

  /** The constructor's last act. */
  #wake(): void {
    const alarmAt = this.#platform.storedAlarm();
    this.#alarmAt = alarmAt !== null && alarmAt > this.now ? alarmAt : null;
    this.#turn({ type: "adopt", attachments: this.attachments().filter(({ leases }) => leases.length > 0) });
  }

  /** Comes before everything but the first frame of an incarnation. */
  #reconcile(): void {
    if (!this.state.reconciled) this.#turn({ type: "start", attachments: this.attachments() });
  }

  /** The first frame is answered before all sockets are known; the others wait. */
  #hear(link: Link, message: ClientMessage): void {
    const own = this.attachments().filter(({ connection }) => connection === link.connection);
    if (!this.state.reconciled) this.#turn({ type: "adopt", attachments: own });
    this.#turn({ type: "frame", connection: link.connection, frame: this.#read(message) });
    this.#reconcile();
  }

  // Sockets

  /** The upgrade; it carries the deployment's settings. */
  accept(link: Link, options: PolicyOptions): void {
    this.configure(options);
    this.#reconcile();
    if (!this.alive) return link.down.send({ type: "close", code: 1006 }, this.#platform.trueNow());
    const connection = this.#platform.nonce();
    link.connection = connection;
    link.server = this;
    link.serverOpen = true;
    const { lifeMs, components } = link.token;
    const access: Access = {
      role: "contend",
      ...(lifeMs !== undefined && { until: this.now + lifeMs }),
      ...(components !== undefined && { components }),
    };
    const attachment = { connection, connectedAt: this.now, sessionId: null, leases: [], access };
    this.#sockets.set(connection, { link, attachment });
    this.dispatch({ type: "connect", connection, access });
    if (link.serverOpen) link.down.send({ type: "open" }, this.#platform.trueNow());
  }

  receive(link: Link, packet: Packet<ClientMessage>): void {
    if (!link.serverOpen) return;
    switch (packet.type) {
      case "beat":
        return link.down.send({ type: "beat" }, this.#platform.trueNow());
      case "frame":
        return this.#hear(link, packet.message);
      case "close":
        this.#reconcile();
        link.serverOpen = false;
        this.#sockets.delete(link.connection);
        return this.dispatch({ type: "disconnect", connection: link.connection });
      default:
    }
  }

  #read(sent: ClientMessage): Frame {
    const message = this.#platform.read(sent);
    if (message.type !== "hello") return { type: "message", message };
    const secret = this.#platform.nonce();
    const presentedHash = message.resume === undefined ? null : hashOf(message.resume.secret);
    return { type: "hello", message, secret: { secret, hash: hashOf(secret) }, presentedHash };
  }

  // Requests

  alarm(): void {
    this.#alarmAt = null;
    this.dispatch({ type: "tick" });
  }

  configure(options: PolicyOptions): void {
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    this.#options = options;
    this.#policyStored = false;
    this.dispatch({ type: "configure", policy: this.#platform.policyOf(options) });
  }

  ask(event: (request: string) => EventBody, reply: Reply): void {
    if (!this.alive) return reply(null);
    const request = this.#platform.nonce();
    this.#replies.set(request, reply);
    this.dispatch(event(request));
  }

  /** The object dies, and its sockets with it. `tell`: whether the far ends hear of it. */
  die(tell: boolean): void {
    if (!this.alive) return;
    this.alive = false;
    for (const { link } of this.#sockets.values()) {
      link.serverOpen = false;
      if (tell) link.down.send({ type: "close", code: 1006 }, this.#platform.trueNow());
      else link.down.sever(link.down.length);
    }
    this.#sockets.clear();
    const unanswered = [...this.#replies.values()];
    this.#replies.clear();
    for (const reply of unanswered) reply(null);
  }

  // One turn

  dispatch(body: EventBody): void {
    this.#reconcile();
    this.#turn(body);
  }

  #turn(body: EventBody): void {
    if (!this.alive) return;
    const { core } = this.#platform;
    const before = this.state;
    const event = { ...body, now: this.now, nonce: this.#platform.nonce() };
    const { state, effects, touched } = core.transition(before, event);
    const changes = core.rowChanges(before, state, touched);
    this.state = state;
    if (!this.#save(changes)) return;
    this.#platform.turned(this, before, body, changes);
    for (const effect of effects) this.#execute(effect);
  }

  #save(changes: readonly RowChange[]): boolean {
    const policy = changes.length > 0 && !this.#policyStored ? this.#options : null;
    const alarmAt = this.#earlierAlarm();
    if (changes.length === 0 && alarmAt === null) return true;
    if (!this.#platform.commit(this, { changes, policy, alarmAt })) return false;
    if (policy !== null) this.#policyStored = true;
    if (alarmAt !== null) this.#alarmAt = alarmAt;
    return true;
  }

  /** Only ever to an earlier time; one that is overdue is set anew. */
  #earlierAlarm(): number | null {
    const deadline = this.#platform.core.nextDeadline(this.state);
    if (deadline === null) return null;
    const kept = this.#alarmAt !== null && this.#alarmAt > this.now && this.#alarmAt <= deadline;
    return kept ? null : deadline;
  }

  #execute(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#send(effect.connection, effect.message);
      case "broadcast":
        for (const connection of effect.connections) this.#send(connection, effect.message);
        return;
      case "close": {
        const socket = this.#sockets.get(effect.connection);
        this.#sockets.delete(effect.connection);
        if (socket === undefined) return;
        socket.link.serverOpen = false;
        return socket.link.down.send({ type: "close", code: effect.code }, this.#platform.trueNow());
      }
      case "attach": {
        const socket = this.#sockets.get(effect.attachment.connection);
        if (socket !== undefined) socket.attachment = effect.attachment;
        return;
      }
      case "reply": {
        const reply = this.#replies.get(effect.request);
        this.#replies.delete(effect.request);
        return reply?.(effect.outcome);
      }
      default:
        effect satisfies never;
    }
  }

  #send(connection: string, message: ServerMessage): void {
    this.#sockets.get(connection)?.link.down.send({ type: "frame", message }, this.#platform.trueNow());
  }
}

export const hashOf = (secret: string): string => `#${secret}`;
