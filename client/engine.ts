/**
 * What a client loads with its first contender or observer: the session core with its driver, what the core's effects
 * mean to contenders and observers, and the life of the page.
 */
import type { Confirm, Confirmed, LeaderChange, LeaderInformation, Leaders } from "../shared/messages.ts";
import type { ElectionName } from "../shared/names.ts";
import { fail, grant, revoke } from "./callbacks.ts";
import type { ClientOptions } from "./client.ts";
import { closeError } from "./close-error.ts";
import { createDriver, type Driver, type UserEffect } from "./driver.ts";
import { type Acquired, acquire, elect, type ScopeOptions, terms } from "./elect.ts";
import { ElectionError, LeadershipLostError, type LossReason, ProtocolError } from "./errors.ts";
import { type ClientHealth, healthOf } from "./health.ts";
import { createLeadership, type Leadership, type ResignOptions } from "./leadership.ts";
import { leadersOf, type ObserveOptions, observe } from "./observe.ts";
import { followPage } from "./page.ts";
import type { Wish } from "./session/events.ts";
import {
  type ClientState,
  type Contender,
  clientState,
  findTerm,
  remainingMs,
  type Settings,
} from "./session/state.ts";
import { type Member, notify, type Shell } from "./shell.ts";
import { byClass, byFetcher, type OpenSocket, type Socket } from "./socket.ts";
import { systemClock } from "./system-clock.ts";
import { check } from "./validate.ts";

type Granted = Extract<UserEffect, { readonly type: "grant" }>;

/** The term that a contender was granted last. */
interface Term {
  readonly leadership: Leadership;
  end(why: () => LeadershipLostError): void;
}

/** A confirm that waits to be published. */
interface Pending {
  readonly message: Confirm;
  resolve(): void;
  reject(error: unknown): void;
}

export interface EngineOptions {
  readonly options: ClientOptions;
  /** Address of the group. */
  readonly base: string;
  askToken(): Promise<string | undefined>;
  /** Default: by the fetcher or the class of sockets that was given, or by the platform's. */
  readonly openSocket: OpenSocket | undefined;
}

export function startEngine(shell: Shell, { options, base, askToken, openSocket }: EngineOptions): SessionEngine {
  const { fetcher, WebSocket } = options;
  const open = openSocket ?? (fetcher ? byFetcher(fetcher) : byClass(WebSocket));
  const engine = new SessionEngine(shell, options, async () => open(`${base}/session`, await askToken()));
  followPage(shell, engine, options).catch(() => {});
  return engine;
}

function settingsOf(options: ClientOptions): Settings {
  const { process = {}, priority = 0, onDisconnect = "keep", drainMs = Infinity, lingerMs = 0 } = options;
  return { process, priority: typeof priority === "number" ? priority : 0, onDisconnect, drainMs, lingerMs };
}

export class SessionEngine {
  readonly driver: Driver;
  readonly observers: Set<(news: Leaders) => void> = new Set();
  readonly #shell: Shell;
  readonly #group: string;
  readonly #terms = new Map<number, Term>();
  #downAt: number | null = null;
  #lastError: unknown;
  readonly #confirms = new Map<string, Pending>();
  /** Contenders whose `onRevoke` has settled, until the session is told. */
  readonly #settled: number[] = [];

  constructor(shell: Shell, options: ClientOptions, connect: () => Promise<Socket>) {
    const { group, clock = systemClock } = options;
    this.#shell = shell;
    this.#group = group;
    this.driver = createDriver(settingsOf(options), {
      clock,
      connect,
      perform: (effect) => this.#perform(effect),
      report: (error) => this.#report(error),
      changed: (state) => this.#changed(clientState(state)),
    });
  }

  health(): ClientHealth {
    return healthOf(this.driver.state(), this.driver.now(), this.#downAt, this.#lastError);
  }

  #report(error: unknown): void {
    this.#lastError = error;
    notify(this.#shell.errorListeners, error);
  }

  #changed(state: ClientState): void {
    if (state !== "connecting" && state !== "suspended") this.#downAt = null;
    else this.#downAt ??= this.driver.now();
    this.#shell.changed();
  }

  get state(): ClientState {
    return clientState(this.driver.state());
  }

  get sessionId(): string | undefined {
    return this.driver.state().session?.sessionId;
  }

  dispatch(wish: Wish): void {
    this.driver.dispatch(wish);
  }

  elect<T, Component extends string>(
    component: Component,
    run: (leadership: Leadership<Component>) => T | PromiseLike<T>,
    options: ScopeOptions,
  ): Promise<T> {
    return elect(this.#shell, component, run, options);
  }

  terms<Component extends string>(
    component: Component,
    options: ScopeOptions,
  ): AsyncGenerator<Leadership<Component>, void, undefined> {
    return terms(this.#shell, component, options);
  }

  acquire<Component extends string>(component: Component, options: ScopeOptions): Promise<Acquired<Component>> {
    return acquire(this.#shell, component, options);
  }

  observe(
    component: string | undefined,
    options: ObserveOptions,
  ): AsyncGenerator<LeaderChange | LeaderInformation | null, void, undefined> {
    const changes = observe(this.#shell, this, component, options);
    return component === undefined ? changes : leadersOf(changes);
  }

  register(contender: number, { component, election, priority }: Member): void {
    const info = { component, ...(election && { election }), ...(priority !== undefined && { priority }) };
    this.dispatch({ type: "register", contender, info });
  }

  has(contender: number): boolean {
    return this.driver
      .state()
      .contenders.some(({ id, phase, registered }) => id === contender && (registered || phase === "queued"));
  }

  async resign(election: ElectionName, options: ResignOptions): Promise<void> {
    for (const term of this.driver.state().terms) {
      if (term.election === election) await this.#resign(term.leaderSessionId, options);
    }
  }

  setPriority(priority: number, component?: string): void {
    this.dispatch({ type: "priority", priority, ...(component !== undefined && { component }) });
  }

  /** Resolves when all terms are over, the group was told, and the last socket has closed or was given its time for it. */
  async leave(): Promise<void> {
    const shell = this.#shell;
    this.dispatch({ type: "bye" });
    await shell.until(() => shell.state === "closed");
    await this.driver.disconnected();
  }

  /** Resolves when every contender of the term has stopped, but for the scope that asks. Of a term that has ended, a no-op. */
  async #resign(leaderSessionId: string, { successor }: ResignOptions = {}, scope?: number): Promise<void> {
    check({ successor });
    const { driver } = this;
    const term = findTerm(driver.state().terms, leaderSessionId);
    if (term?.stage !== "leading") return;
    driver.dispatch({ type: "resign", leaderSessionId, ...(successor !== undefined && { successor }) });
    await this.#shell.until(() => {
      const { terms, contenders } = driver.state();
      const isAwaited = (other: Contender): boolean => other.leaderSessionId === leaderSessionId && other.id !== scope;
      return !findTerm(terms, leaderSessionId) || (scope !== undefined && !contenders.some(isAwaited));
    });
  }

  #perform(effect: UserEffect): void {
    switch (effect.type) {
      case "grant":
        return this.#grant(effect);
      case "revoke":
        return this.#revoke(effect.contenders, effect.reason);
      case "confirmed":
        return this.#published(effect);
      case "leaders":
        return notify(this.observers, effect);
      case "error":
        return this.#refuse(new ElectionError(effect.code, effect.message), effect.id, effect.component);
      case "lost":
        return this.#lose(closeError(effect.code), effect.fatal);
      case "violation":
        return this.#report(new ProtocolError("protocol_error", `unexpected ${effect.message.type}`));
    }
  }

  #grant({ contender, election, leaderSessionId, epoch }: Granted): void {
    const member = this.#shell.members.get(contender);
    if (!member) return;
    const { component, isBody } = member;
    const { driver } = this;
    const term = createLeadership(
      { group: this.#group, component, election, leaderSessionId, epoch },
      {
        remainingMs: () => remainingMs(driver.state(), contender, leaderSessionId, driver.now()),
        confirm: (published) => this.#confirm({ component, leaderSessionId, ...published }),
        resign: (options) => this.#resign(leaderSessionId, options, isBody ? contender : undefined),
      },
    );
    this.#terms.set(contender, term);
    grant(this.#shell, member, term.leadership);
  }

  /** What has ended them is one error: they have ended together. */
  #revoke(contenders: readonly number[], reason: LossReason): void {
    let error: LeadershipLostError | undefined;
    const why = (): LeadershipLostError => (error ??= new LeadershipLostError(reason));
    for (const contender of contenders) {
      const term = this.#terms.get(contender);
      this.#terms.delete(contender);
      const member = this.#shell.members.get(contender);
      if (!term) continue;
      term.end(why);
      for (const { reject } of this.#confirmsOf(term.leadership)) reject(why());
      if (member) void revoke(this.#shell, member, term.leadership, reason).then(() => this.#settle(contender));
    }
  }

  /** Together with all that settle in the same turn: what eight components have to say is said in one step. */
  #settle(contender: number): void {
    if (this.#settled.push(contender) > 1) return;
    queueMicrotask(() => this.dispatch({ type: "settled", contenders: this.#settled.splice(0) }));
  }

  /** Resolves when the server has published it, rejects when the term ends. */
  #confirm(wanted: Omit<Confirm, "id" | "type">): Promise<void> {
    check({ metadata: wanted.metadata }, this.driver.state().session?.limits.metadataBytes);
    const id = String(this.#shell.nextId());
    const message: Confirm = { type: "confirm", id, ...wanted };
    return new Promise<void>((resolve, reject) => {
      this.#confirms.set(id, { message, resolve, reject });
      this.dispatch(message);
    }).finally(() => this.#confirms.delete(id));
  }

  /** A newer confirm stands for the older ones of its leadership: after a blip only the newest was sent again. */
  #published({ id, ...published }: Confirmed): void {
    for (const { message, resolve } of this.#confirmsOf(published)) {
      resolve();
      if (message.id === id) return;
    }
  }

  /** Those that wait, oldest first. */
  #confirmsOf({ component, leaderSessionId }: Pick<Confirm, "component" | "leaderSessionId">): Pending[] {
    return [...this.#confirms.values()].filter(
      ({ message }) => message.component === component && message.leaderSessionId === leaderSessionId,
    );
  }

  #refuse(error: ElectionError, id = "", component?: string): void {
    const confirm = this.#confirms.get(id);
    if (confirm) return confirm.reject(error.code === "not_leader" ? new LeadershipLostError("lost") : error);
    for (const member of [...this.#shell.members.values()]) {
      if (member.component === component) fail(this.#shell, error, member.callbacks.onError);
    }
  }

  #lose(error: ElectionError, fatal: boolean): void {
    if (fatal) this.#shell.end(error);
    this.#lastError = error;
    this.#shell.reportToAll(error);
  }
}
