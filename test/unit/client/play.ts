/**
 * One session core, played by hand: a test says what happens, and reads what the session then does. Time stands still
 * between the sentences; `wait` lets it go on, and wakes the core at each of its deadlines, as the shell's timer would.
 */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { Finding } from "../../../cli/check/violations.ts";
import type { Effect, Input, PageEvent } from "../../../client/session/events.ts";
import {
  type ClientState,
  clientState,
  type SessionSettings,
  type SessionState,
} from "../../../client/session/state.ts";
import type {
  ClientMessage,
  ContenderInfo,
  Grant,
  Hello,
  ServerMessage,
  Welcome,
} from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { type Cores, shippedCores } from "../../sim/cores.ts";
import { CoreTrace } from "../../support/core-trace.ts";

export const D = 10_000;
/** R, E and the answer time-out that follow from D. */
export const R = 8_000;
export const E = 2_500;
export const ANSWER = 2_750;
export const PING = 25_000;
export const CHECK = 300_000;
export const DRAIN = 10_000;

/** The group grants by the statement of this name. */
export const grant = (sentAt: number, leaderSessionId: string, epoch: number, ...components: string[]): Grant => ({
  ...join(leaderSessionId, epoch, ...components),
  joined: false,
  sentAt,
});
export const join = (leaderSessionId: string, epoch: number, ...components: string[]): Grant => ({
  type: "grant",
  election: "process",
  leaderSessionId,
  epoch,
  components,
  joined: true,
});

function refuse({ rule, problem }: Finding): never {
  throw new Error(`[${rule}] by its trace: ${problem}`);
}

/** What the session sends; a ping is a word. */
export type Said = ClientMessage | "ping";

/** How a component stands from the start. */
type Standing = Omit<ContenderInfo, "component"> & Pick<Extract<Input, { type: "register" }>, "ready">;

export class Play {
  state: SessionState;
  now = 1_000;
  random = 0.5;
  /** How far the earlier hand of its clock is behind. */
  behindMs = 0;
  /** How far the clock has jumped in all. */
  jumped = 0;
  /** Whether the group answers each `register` at once, and counts the component. */
  registers = true;
  readonly effects: Effect[] = [];
  /** Grants and revokes as they came: `+x L1` and `-x L1 expired`. */
  readonly calls: string[] = [];
  #said: Said[] = [];
  #names = new Map<number, string>();
  #granted = new Map<number, string>();
  #ids = 0;
  readonly #core: Cores["client"];
  /** What it does is judged by its frames alone. */
  readonly trace: CoreTrace;

  constructor(
    settings: Partial<SessionSettings> = {},
    { client }: Pick<Cores, "client"> = shippedCores,
    found: (finding: Finding) => void = refuse,
  ) {
    this.#core = client;
    this.trace = new CoreTrace(found);
    const defaults: SessionSettings = {
      process: {},
      priority: 0,
      onDisconnect: "keep",
      drainMs: Infinity,
      lingerMs: 0,
    };
    this.state = client.initialState({ ...defaults, ...settings });
  }

  /** When the connection does its next step by itself. */
  get dueAt(): number {
    const { connection } = this.state;
    return "until" in connection ? connection.until : Infinity;
  }

  /** When the last of its leases runs out. */
  get leaseUntil(): number {
    return Math.max(0, ...this.state.terms.map(({ leaseUntil }) => leaseUntil));
  }

  /** Returns the effects of this one event. */
  happens(input: Input, connection?: number): readonly Effect[] {
    const { now, jumped, random } = this;
    const event = { now, since: now - this.behindMs, jumped, random, input };
    const asked = connection === undefined ? event : { ...event, connection };
    const before = this.state;
    const result = this.#core.transition(before, asked);
    this.state = result.state;
    this.trace.turned({ before, event: asked, effects: result.effects });
    for (const effect of result.effects) this.#note(effect);
    for (const effect of this.registers ? result.effects : []) {
      if (effect.type === "send" && effect.message.type === "register" && !effect.message.try) {
        this.happens({ type: "registered", component: effect.message.component });
      }
    }
    return result.effects;
  }

  #note(effect: Effect): void {
    this.effects.push(effect);
    if (effect.type === "send") this.#said.push(effect.message);
    else if (effect.type === "ping") this.#said.push("ping");
    else if (effect.type === "grant") {
      this.#granted.set(effect.contender, effect.leaderSessionId);
      this.calls.push(`+${this.#names.get(effect.contender)} ${effect.leaderSessionId}`);
    } else if (effect.type === "revoke") {
      for (const contender of effect.contenders) {
        this.calls.push(`-${this.#names.get(contender)} ${this.#granted.get(contender)} ${effect.reason}`);
      }
    }
  }

  /** What was sent since the last look. */
  says(): readonly Said[] {
    const said = this.#said;
    this.#said = [];
    return said;
  }

  /** The callbacks since the last look. */
  called(): readonly string[] {
    return this.calls.splice(0);
  }

  /** The last message of this type that was sent, looked at or not. */
  last<T extends ClientMessage["type"]>(type: T): Extract<ClientMessage, { type: T }> {
    const isMeant = (message: ClientMessage): message is Extract<ClientMessage, { type: T }> => message.type === type;
    const sent = this.effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));
    const last = sent.findLast(isMeant);
    if (last === undefined) throw new Error(`nothing of type ${type} was sent`);
    return last;
  }

  contend(component: string, { ready = true, ...options }: Standing = {}): number {
    this.#ids += 1;
    this.#names.set(this.#ids, component);
    const info = { component, ...options };
    this.happens({ type: "register", contender: this.#ids, info, ...(!ready && { ready }) });
    return this.#ids;
  }

  /** Contends only if its election is free now. */
  tries(component: string, options: Omit<ContenderInfo, "component"> = {}): number {
    this.#ids += 1;
    this.#names.set(this.#ids, component);
    this.happens({ type: "register", contender: this.#ids, info: { component, ...options }, tries: true });
    return this.#ids;
  }

  close(contender: number): void {
    this.happens({ type: "deregister", contender });
  }

  /** All of them at once. */
  settles(...contenders: readonly number[]): void {
    this.happens({ type: "settled", contenders });
  }

  hears(message: ServerMessage): readonly Effect[] {
    return this.happens(message);
  }

  /** The name of the newest statement that was sent. */
  get stated(): number {
    const names = this.effects.map((effect) =>
      effect.type === "send" && "sentAt" in effect.message ? (effect.message.sentAt ?? 0) : 0,
    );
    return Math.max(...names);
  }

  /** The group grants by the newest statement. */
  grants(leaderSessionId: string, epoch: number, ...components: string[]): readonly Effect[] {
    return this.hears(grant(this.stated, leaderSessionId, epoch, ...components));
  }

  /** The same for a dedicated contender. */
  grantsAlone(leaderSessionId: string, epoch: number, component: string): readonly Effect[] {
    const election = `component:${component}` as const;
    return this.hears({ ...grant(this.stated, leaderSessionId, epoch, component), election });
  }

  page(event: PageEvent): void {
    this.happens({ type: "page", event });
  }

  opens(): Hello {
    if (this.state.connection.type !== "opening") throw new Error(`nothing opens: ${this.state.connection.type}`);
    this.happens({ type: "opened" });
    return this.last("hello");
  }

  /** The socket opens, sends a hello, and is welcomed. */
  connects(answer: Partial<Welcome> = {}): void {
    const { sentAt } = this.opens();
    this.hears({ ...welcome, sentAt, ...answer });
    this.says();
  }

  /** The socket is lost, and a new one resumes the session with these terms. */
  resumes(held: readonly string[]): void {
    this.loses();
    this.reconnects({ resumed: true, held });
  }

  loses(code = 1006, retryAfterMs?: number): void {
    this.happens({ type: "lost", code, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }

  /** The newest welcome of the session. */
  get session(): Welcome {
    if (this.state.session === null) throw new Error("the session was never welcomed");
    return this.state.session;
  }

  /** Waits out the back-off, and is welcomed. */
  reconnects(answer: Partial<Welcome>): void {
    while (this.state.connection.type === "waiting") this.#wake(this.dueAt);
    this.connects(answer);
  }

  /** Answers the newest renewal. */
  renewed(held: readonly string[] = this.last("renew").held): void {
    this.hears({ type: "renewed", sentAt: this.last("renew").sentAt, held });
  }

  /** Connected, and leading with these components; behind the play, the number of the contender of each. */
  static leading(components: readonly [string], settings?: Partial<SessionSettings>): [Play, number];
  static leading(components: readonly [string, string], settings?: Partial<SessionSettings>): [Play, number, number];
  static leading(components: readonly string[], settings?: Partial<SessionSettings>): [Play, ...number[]];
  static leading(components: readonly string[], settings: Partial<SessionSettings> = {}): [Play, ...number[]] {
    const play = new Play(settings);
    const contenders = components.map((component) => play.contend(component));
    play.connects();
    play.grants("L1", 1, ...components);
    play.renewed();
    play.says();
    play.called();
    return [play, ...contenders];
  }

  /** Time goes on, and the timer fires when it should. Requests stay unanswered meanwhile, unless `answering`. */
  wait(ms: number, answering = false): void {
    const end = this.now + ms;
    if (answering && this.#isUnanswered) this.renewed();
    for (
      let next = this.#core.nextDeadline(this.state);
      next !== null && next <= end;
      next = this.#core.nextDeadline(this.state)
    ) {
      this.#wake(next, answering);
    }
    this.now = end;
  }

  get #isUnanswered(): boolean {
    const { connection } = this.state;
    return connection.type === "open" && connection.requests.some(({ type }) => type === "renewal");
  }

  #wake(at: number, answering = false): void {
    const before = this.state;
    this.now = Math.max(this.now, at);
    const effects = this.happens({ type: "tick" });
    if (isDeepStrictEqual(this.state, before)) throw new Error(`nothing was due at ${at}`);
    if (!answering) return;
    for (const effect of effects) {
      if (effect.type === "ping") this.happens({ type: "pong" });
      else if (effect.type === "send" && effect.message.type === "renew") this.renewed();
    }
  }

  /** Time goes on, but the timer does not fire: the machine sleeps, or the event loop is blocked. */
  sleeps(ms: number): void {
    this.now += ms;
  }

  /** The wall clock is set forward. */
  jumps(ms: number): void {
    this.now += ms;
    this.jumped += ms;
  }

  isLeader(contender: number, leaderSessionId: string): boolean {
    return this.#core.remainingMs(this.state, contender, leaderSessionId, this.now) > 0;
  }

  remaining(contender: number, leaderSessionId: string): number {
    return this.#core.remainingMs(this.state, contender, leaderSessionId, this.now);
  }

  clientState(): ClientState {
    return clientState(this.state);
  }

  ends(election: ElectionName): boolean {
    return !this.state.terms.some((term) => term.election === election);
  }
}

export const renew = (sentAt: number, ...held: string[]): ClientMessage => ({ type: "renew", sentAt, held });

/** What ends a term is a statement as well, of any name. */
export const release = (leaderSessionId: string, ...busy: ElectionName[]) => ({
  type: "release",
  leaderSessionId,
  sentAt: expect.any(Number),
  ...(busy.length > 0 && { busy }),
});
export const resign = (leaderSessionId: string, successor?: string) => ({
  type: "resign",
  leaderSessionId,
  sentAt: expect.any(Number),
  ...(successor !== undefined && { successor }),
});
/** A term that is not taken. */
export const giveBack = (leaderSessionId: string): ClientMessage => ({ type: "release", leaderSessionId });
