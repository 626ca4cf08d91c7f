/**
 * What the parts of a client share: its contenders, whoever waits for something to change, whoever hears of it, and the
 * engine, which is loaded with the first contender or observer. Until it is there, what is to be done with it is a list
 * of tasks.
 */
import type { ElectionKind } from "../shared/names.ts";
import type { Clock } from "./clock.ts";
import type { ContenderCallbacks } from "./contend.ts";
import type { SessionEngine } from "./engine.ts";
import { ClientClosedError, DuplicateContenderError, ElectionError, type LossReason } from "./errors.ts";
import type { ClientHealth } from "./health.ts";
import type { Leadership } from "./leadership.ts";
import type { ClientState } from "./session/state.ts";
import { reportUncaught } from "./uncaught.ts";

/** A contender, from `contend` on until it has left. */
export interface Member<Component extends string = string> {
  readonly component: Component;
  readonly election: ElectionKind | undefined;
  readonly priority: number | undefined;
  readonly callbacks: MemberCallbacks;
  /** Its drain is the work itself, which may wait for its own `resign`: that one must not wait for the drain. */
  readonly isBody: boolean;
  /** `close` was called: its component is free for another contender. */
  isClosing?: boolean;
  /** Of the term that it was granted last. */
  leadership?: Leadership<Component>;
}

/** Those of `contend`. Whoever calls them has no other leaderships than of the very component. */
interface MemberCallbacks extends Pick<ContenderCallbacks, "onError"> {
  onGrant?(leadership: Leadership): unknown;
  onRevoke?(leadership: Leadership, reason: LossReason): unknown;
}

/** What waits for the engine. */
export interface Task {
  /** Of a scope, which is about to contend for it: it is taken already. */
  readonly component?: string | undefined;
  /** Whoever wanted it has left. */
  readonly isClosing?: boolean | undefined;
  /** It needs no engine, and waits for something else that does. */
  readonly isPatient?: boolean;
  run(engine: SessionEngine): void;
}

/** The clock's, or the platform's. */
type Timers = Pick<Clock, "setTimeout" | "clearTimeout">;

const FIRST_RETRY_MS = 250;
const SLOWEST_RETRY_MS = 10_000;

export class Shell {
  /** By the number of the contender. */
  readonly members: Map<number, Member> = new Map();
  readonly stateListeners: Set<(state: ClientState) => void> = new Set();
  readonly errorListeners: Set<(error: unknown) => void> = new Set();
  state: ClientState = "idle";
  engine: SessionEngine | undefined;
  readonly #timers: Timers;
  readonly #loadEngine: () => Promise<SessionEngine>;
  /** In the order of the calls. Empty once the engine is there. */
  readonly #tasks = new Set<Task>();
  readonly #waiters = new Set<() => void>();
  #isLoading = false;
  #failedLoads = 0;
  #ids = 0;
  #ending: { readonly cause: ElectionError | undefined } | undefined;

  constructor(timers: Timers, loadEngine: () => Promise<SessionEngine>) {
    this.#timers = timers;
    this.#loadEngine = loadEngine;
  }

  nextId(): number {
    return ++this.#ids;
  }

  /** Of the connection: to every contender that wants to know, and once to the client. */
  reportToAll(error: unknown): void {
    const contenders = [...this.members.values()].flatMap(({ callbacks }) => callbacks.onError ?? []);
    notify([...contenders, ...this.errorListeners], error);
  }

  health(): ClientHealth {
    const { state } = this;
    let status: ClientHealth["status"] = state === "idle" ? "ok" : "degraded";
    // Why it could not be loaded has gone to `onError`.
    if (state === "closed" || this.#failedLoads > 0) status = "failing";
    return this.engine?.health() ?? { status, state, leads: [], waits: this.#taken() };
  }

  /** From now on nothing new is taken. `cause`: why, unless somebody wished for it. */
  end(cause?: ElectionError): void {
    this.#ending ??= { cause };
    if (this.engine) return;
    this.#tasks.clear();
    this.changed();
  }

  closedError(): ClientClosedError {
    return new ClientClosedError("client_closed", "the client is closed", this.#ending?.cause);
  }

  assertOpen(): void {
    if (this.#ending) throw this.closedError();
  }

  /** Throws where the client is closed, and where the component has a contender, or soon will. */
  assertFree(component: string): void {
    this.assertOpen();
    if (!this.#taken().includes(component)) return;
    throw new DuplicateContenderError("duplicate_component", `${component} has a contender already: close it first`);
  }

  #taken(): string[] {
    return [...this.members.values(), ...this.#tasks].flatMap(({ component, isClosing }) =>
      isClosing ? [] : (component ?? []),
    );
  }

  /** To be called after everything that happens. */
  changed(): void {
    const isWanted = this.#isWanted();
    if (isWanted && !this.#isLoading) void this.#load();
    let state = this.engine?.state ?? (this.#ending ? "closed" : "idle");
    if (isWanted && state === "idle") state = "connecting";
    if (state !== this.state) {
      this.state = state;
      // One of them may change it: then the others hear of that.
      for (const listener of this.stateListeners) if (state === this.state) notify([listener], state);
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
  whenLoaded(task: Task): void {
    if (this.engine) return task.run(this.engine);
    this.#tasks.add(task);
    this.changed();
  }

  isWaiting(task: Task): boolean {
    return this.#tasks.has(task);
  }

  /** Whoever leaves before the engine is there leaves no trace; later it does nothing. */
  forget(task: Task): void {
    if (this.#tasks.delete(task)) this.changed();
  }

  /**
   * The result of what the engine does. Rejects when the signal aborts, or the client is closed, before it is there.
   * `component`: what it contends for.
   */
  use<T>(act: (engine: SessionEngine) => T | Promise<T>, signal?: AbortSignal, component?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.assertOpen();
      if (component !== undefined) this.assertFree(component);
      const task: Task = {
        component,
        get isClosing() {
          return signal?.aborted;
        },
        run: (engine) => resolve((async () => act(engine))()),
      };
      this.whenLoaded(task);
      this.until(() => this.engine !== undefined, signal).catch((error) => {
        this.forget(task);
        reject(error);
      });
    });
  }

  /** Asked after every event: where nothing waits, as with an engine, it must cost nothing. */
  #isWanted(): boolean {
    return this.#tasks.size > 0 && [...this.#tasks].some(({ isPatient }) => !isPatient);
  }

  /** For as long as somebody needs it: a browser may be offline. */
  async #load(): Promise<void> {
    this.#isLoading = true;
    while (this.#isWanted()) {
      const engine = await this.#loadEngine().catch((cause) => this.#pause(cause));
      if (engine && !this.#ending) this.#start(engine);
    }
    this.#isLoading = false;
  }

  #start(engine: SessionEngine): void {
    this.engine = engine;
    for (const task of this.#tasks) {
      this.#tasks.delete(task);
      task.run(engine);
    }
    this.changed();
  }

  /** Until it is worth another try, or nobody needs the engine any more. */
  async #pause(cause: unknown): Promise<undefined> {
    const longestMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failedLoads++, SLOWEST_RETRY_MS);
    if (!this.#isWanted()) return;
    this.reportToAll(new ElectionError("engine_unavailable", "the engine could not be loaded", cause, true));
    let isOver = false;
    const timer = this.#timers.setTimeout(() => {
      isOver = true;
      this.changed();
    }, Math.random() * longestMs);
    await this.until(() => isOver || !this.#isWanted());
    this.#timers.clearTimeout(timer);
  }
}

/** Calls every listener; what one of them throws harms no other. */
export function notify<T>(listeners: Iterable<(value: T) => void>, value: T): void {
  for (const listener of listeners) {
    try {
      listener(value);
    } catch (error) {
      reportUncaught(error);
    }
  }
}
