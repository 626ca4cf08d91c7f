/**
 * What the parts of a client share: its contenders, whoever waits for something to change, whoever hears of it, and the
 * engine, which is loaded with the first contender or observer.
 */
import type { Clock } from "./clock.ts";
import type { SessionEngine } from "./engine.ts";
import { ClientClosedError, DuplicateContenderError, ElectionError, type LossReason } from "./errors.ts";
import type { ClientHealth } from "./health.ts";
import type { Leadership } from "./leadership.ts";
import type { ClientState } from "./session/state.ts";
import { reportUncaught } from "./uncaught.ts";

/** A contender, as the engine sees it. */
export interface Member<Component extends string = string> {
  readonly component: Component;
  /** Its drain is the work itself, which may wait for its own `resign`: that one must not wait for the drain. */
  readonly isBody: boolean;
  /** `close` was called: its component is free for another contender. */
  isClosing: boolean;
  readonly onError: ((error: unknown) => void) | undefined;
  /** Must not throw. */
  grant(leadership: Leadership<Component>): void;
  /** Its promise is the drain, and never rejects. */
  revoke(leadership: Leadership<Component>, reason: LossReason): Promise<void>;
}

/** What is to be done when the engine is there. */
type Task = (engine: SessionEngine) => void;

const FIRST_RETRY_MS = 250;
const SLOWEST_RETRY_MS = 10_000;
/** Without an engine, unless it could not be loaded. */
const UNLOADED: { readonly [State in ClientState]?: ClientHealth["status"] } = { idle: "ok", closed: "failing" };

export class Shell {
  /** By the number of the contender. */
  readonly members: Map<number, Member> = new Map();
  /** For scopes that wait for the engine. */
  readonly reserved: Set<Pick<Member, "component">> = new Set();
  readonly stateListeners: Set<(state: ClientState) => void> = new Set();
  readonly errorListeners: Set<(error: unknown) => void> = new Set();
  readonly clock: Clock;
  state: ClientState = "idle";
  engine: SessionEngine | undefined;
  readonly #loadEngine: () => Promise<SessionEngine>;
  /** In their order; and whether the engine is needed for it, or it can wait for something that needs the engine. */
  readonly #tasks = new Map<Task, boolean>();
  readonly #waiters = new Set<() => void>();
  #isLoading = false;
  #failedLoads = 0;
  #retry: unknown = null;
  #ids = 0;
  #isEnding = false;
  #cause: ElectionError | undefined;

  constructor(clock: Clock, loadEngine: () => Promise<SessionEngine>) {
    this.clock = clock;
    this.#loadEngine = loadEngine;
  }

  nextId(): number {
    return ++this.#ids;
  }

  /** Of one contender: to its own `onError`, otherwise to the client's; where nobody listens it must not vanish. */
  fail(error: unknown, onError?: (error: unknown) => void): void {
    if (onError) notify([onError], error);
    else if (this.errorListeners.size > 0) this.report(error);
    else reportUncaught(error);
  }

  /** To the client's `onError`. */
  report(error: unknown): void {
    notify(this.errorListeners, error);
  }

  /** Of the connection: to every contender that wants to know, and once to the client. */
  reportToAll(error: unknown): void {
    for (const { onError } of this.members.values()) if (onError) notify([onError], error);
    this.report(error);
  }

  health(): ClientHealth {
    const { state } = this;
    // Why it could not be loaded has gone to `onError`.
    const status = this.#failedLoads > 0 ? "failing" : (UNLOADED[state] ?? "degraded");
    const waits = [...this.members.values()].map(({ component }) => component);
    return this.engine?.health() ?? { status, state, leads: [], waits };
  }

  /** From now on nothing new is taken. `cause`: why, unless somebody wished for it. */
  end(cause?: ElectionError): void {
    if (!this.#isEnding) this.#cause = cause;
    this.#isEnding = true;
    if (this.engine) return;
    this.#tasks.clear();
    this.#follow();
  }

  closedError(): ClientClosedError {
    return new ClientClosedError("client_closed", "the client is closed", this.#cause);
  }

  assertOpen(): void {
    if (this.#isEnding) throw this.closedError();
  }

  /** Throws where the component has a contender, or soon will. */
  assertFree(component: string): void {
    const members = [...this.members.values()].filter(({ isClosing }) => !isClosing);
    if (![...members, ...this.reserved].some((rival) => rival.component === component)) return;
    throw new DuplicateContenderError("duplicate_component", `${component} has a contender already: close it first`);
  }

  /** Called after everything that happens. */
  changed(now: ClientState): void {
    const state = now === "idle" && this.#isWanted() ? "connecting" : now;
    if (state !== this.state) {
      this.state = state;
      notify(this.stateListeners, state);
    }
    for (const check of this.#waiters) check();
  }

  /** Resolves when the condition holds after an event; rejects when the signal aborts or the client is closed. */
  until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (signal?.aborted) reject(signal.reason);
        else if (condition()) resolve();
        else if (this.state === "closed") reject(this.closedError());
        else return;
        this.#waiters.delete(check);
        signal?.removeEventListener("abort", check);
      };
      this.#waiters.add(check);
      signal?.addEventListener("abort", check);
      check();
    });
  }

  /** Runs at once, or when the engine is there. */
  whenLoaded(task: Task, isNeed = true): void {
    if (this.engine) return task(this.engine);
    this.#tasks.set(task, isNeed);
    this.#follow();
  }

  isWaiting(task: Task): boolean {
    return this.#tasks.has(task);
  }

  /** Whoever leaves before the engine is there leaves no trace. `false`: it is too late for that. */
  forget(task: Task): boolean {
    const wasWaiting = this.#tasks.delete(task);
    if (wasWaiting) this.#follow();
    return wasWaiting;
  }

  /** The result of what the engine does. Rejects when the signal aborts, or the client is closed, before it is there. */
  async use<T>(act: (engine: SessionEngine) => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.assertOpen();
    if (this.engine) return act(this.engine);
    let result: Promise<T> | undefined;
    const task = (engine: SessionEngine): void => {
      result = (async () => act(engine))();
    };
    this.whenLoaded(task);
    try {
      await this.until(() => result !== undefined, signal);
    } catch (error) {
      this.forget(task);
      if (!result) throw error;
    }
    return result as Promise<T>;
  }

  /** While there is no engine. */
  #follow(): void {
    const isWanted = this.#isWanted();
    if (isWanted && !this.#isLoading) void this.#load();
    if (!isWanted && this.#retry !== null) {
      this.clock.clearTimeout(this.#retry);
      this.#retry = null;
      this.#isLoading = false;
    }
    this.changed(this.#isEnding ? "closed" : "idle");
  }

  #isWanted(): boolean {
    return [...this.#tasks.values()].includes(true);
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    this.#retry = null;
    let engine: SessionEngine;
    try {
      engine = await this.#loadEngine();
    } catch (error) {
      return this.#loadLater(error);
    }
    if (this.#isEnding) return;
    this.engine = engine;
    for (const task of this.#tasks.keys()) {
      this.#tasks.delete(task);
      task(engine);
    }
    this.changed(this.state);
  }

  /** A browser may be offline. */
  #loadLater(cause: unknown): void {
    const longestMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failedLoads++, SLOWEST_RETRY_MS);
    this.#retry = this.clock.setTimeout(() => void this.#load(), Math.random() * longestMs);
    this.#follow();
    if (this.#retry === null) return;
    this.reportToAll(new ElectionError("engine_unavailable", "the engine could not be loaded", cause, true));
  }
}

function notify<T>(listeners: Iterable<(value: T) => void>, value: T): void {
  for (const listener of listeners) {
    try {
      listener(value);
    } catch (error) {
      reportUncaught(error);
    }
  }
}
