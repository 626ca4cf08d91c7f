/** The client of one process: its contenders and observers share one session. */
import type { LeaderChange, LeaderInformation } from "../shared/messages.ts";
import { type ElectionName, isElectionName } from "../shared/names.ts";
import type { GroupStatus } from "../shared/status.ts";
import type { Clock } from "./clock.ts";
import { type Contender, type ContenderCallbacks, type ContendOptions, contend } from "./contend.ts";
import type { Acquired, ScopeOptions } from "./elect.ts";
import type { EngineOptions, SessionEngine } from "./engine.ts";
import type { ClientHealth } from "./health.ts";
import type { Leadership, ResignOptions } from "./leadership.ts";
import { lookUp } from "./look-up.ts";
import type { ObserveOptions } from "./observe.ts";
import type { PageOptions } from "./page.ts";
import type { ClientState, Settings } from "./session/state.ts";
import { Shell } from "./shell.ts";
import type { Fetcher, OpenSocket, SocketClass } from "./socket.ts";
import { check, invalid } from "./validate.ts";

/** What one process needs to take part in a group. Checked at once: `createElectionClient` throws a `TypeError`. */
export interface ClientOptions extends Partial<Omit<Settings, "priority">>, PageOptions {
  /** http(s) or ws(s); a base path is kept. */
  readonly url: string;
  /** Whoever elects together: 1-128 characters out of `A-Z a-z 0-9 . _ : - /`. */
  readonly group: string;
  /** Asked at every attempt to connect. */
  readonly token?: string | (() => string | Promise<string>);
  /** A Durable Object stub or a service binding: connects by an upgrade through `fetch`. */
  readonly fetcher?: Fetcher;
  /** In place of the platform's. */
  readonly WebSocket?: SocketClass;
  /** In place of the platform's: for tests. */
  readonly clock?: Clock;
}

/** Imports what is loaded with the first contender or observer. */
export type ImportEngine = () => Promise<{ startEngine(shell: Shell, options: EngineOptions): SessionEngine }>;

/**
 * One process in one group. All of its contenders and observers share one session, which is opened by the first of them
 * and closed, `lingerMs` later, after the last. Made by `createElectionClient`.
 */
export class ElectionClient<Component extends string = string> implements AsyncDisposable {
  /** Resolves when everything has stopped and the group has been told: terms end, drain, `bye`. Other calls reject from now on. */
  readonly close: () => Promise<void>;
  readonly #shell: Shell;
  readonly #get: (path: string, options?: ObserveOptions, mayMiss?: boolean) => Promise<unknown>;

  constructor(
    options: ClientOptions,
    openSocket?: OpenSocket,
    importEngine: ImportEngine = () => import("./engine.ts"),
  ) {
    // A copy of the first level: what has been checked there is what the engine gets, whenever it comes.
    const chosen = { ...options };
    const { url, group, token, clock, fetcher, priority } = chosen;
    check({ ...chosen, group: group ?? "", priority: typeof priority === "function" ? 0 : priority });
    check({ ...chosen.process });
    const base = `${new URL(url).href.replace(/\/$/, "")}/v1/groups/${encodeURIComponent(group)}`;
    const askToken = async (): Promise<string | undefined> => (typeof token === "function" ? token() : token);
    const shell: Shell = new Shell(clock ?? globalThis, async () =>
      (await importEngine()).startEngine(shell, { options: chosen, base, askToken, openSocket }),
    );
    this.#shell = shell;
    this.#get = async (path, given, mayMiss) => {
      shell.assertOpen();
      return lookUp(fetcher, base + path, await askToken(), given, mayMiss);
    };
    this.close = async () => {
      shell.end();
      await shell.engine?.leave();
    };
  }

  /** Of the connection, at call time. `suspended`: it is lost while a term still runs. */
  get state(): ClientState {
    return this.#shell.state;
  }

  /** What others name as a successor; `undefined` without a session. */
  get sessionId(): string | undefined {
    return this.#shell.engine?.sessionId;
  }

  /**
   * Runs for leadership of the component until the contender is closed: granted, revoked, granted again, by callbacks.
   * Throws a `DuplicateContenderError` where this client has a contender for it.
   */
  contend<C extends Component>(
    component: C,
    callbacks?: ContenderCallbacks<C>,
    options?: ContendOptions,
  ): Contender<C> {
    return contend(this.#shell, component, callbacks, options);
  }

  /**
   * Runs the function once per term, from the grant on; its promise is the drain. Resolves with its result when it returns
   * while leading, and has left the election by then. After a lost term it waits for the next one. An error that is
   * thrown while leading rejects; so does the signal, with its reason.
   */
  async elect<C extends Component, T>(
    component: C,
    run: (leadership: Leadership<C>) => T | PromiseLike<T>,
    options: ScopeOptions = {},
  ): Promise<T> {
    return this.#inScope(component, options, (engine) => engine.elect(component, run, options));
  }

  /** One turn of the loop for each term; the body is the drain. `break` leaves the election. */
  async *terms<C extends Component>(
    component: C,
    options: ScopeOptions = {},
  ): AsyncGenerator<Leadership<C>, void, undefined> {
    yield* await this.#inScope(component, options, (engine) => engine.terms(component, options));
  }

  /** Resolves with the first term. It leaves the election when it is closed or lost, and is never granted again. */
  async acquire<C extends Component>(component: C, options: ScopeOptions = {}): Promise<Acquired<C>> {
    return this.#inScope(component, options, (engine) => engine.acquire(component, options));
  }

  #inScope<T>(component: string, { signal }: ScopeOptions, act: (engine: SessionEngine) => T | Promise<T>): Promise<T> {
    check({ component: component ?? "" });
    return this.#shell.use(act, signal, component);
  }

  /** The present leader or `null`, then every change; of all components where none is named. `break` ends it. */
  observe(component: Component, options?: ObserveOptions): AsyncGenerator<LeaderInformation | null, void, undefined>;
  observe(component?: undefined, options?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;
  async *observe(component?: Component, options: ObserveOptions = {}): AsyncGenerator<unknown, void, undefined> {
    check({ component });
    yield* await this.#shell.use((engine) => engine.observe(component, options), options.signal);
  }

  /** By HTTP, without a session. */
  async getLeader(component: Component, options?: ObserveOptions): Promise<LeaderInformation | null> {
    check({ component: component ?? "" });
    return this.#get(`/leaders/${encodeURIComponent(component)}`, options, true) as Promise<LeaderInformation | null>;
  }

  /** How the group stands, by HTTP: who leads, who waits, session ids for `successor`. */
  async getStatus(options?: ObserveOptions): Promise<GroupStatus> {
    return this.#get("", options) as Promise<GroupStatus>;
  }

  /** At call time; never throws, also when the client is closed. */
  health(): ClientHealth {
    return this.#shell.health();
  }

  /** Of the process, or of one dedicated contender. Higher is asked first. */
  setPriority(priority: number, component?: Component): void {
    check({ priority, component });
    this.#shell.assertOpen();
    this.#shell.whenLoaded({ isPatient: true, run: (engine) => engine.setPriority(priority, component) });
  }

  /**
   * Steps down from the whole election, and goes to the back of the queue. Resolves when everything has stopped, scopes
   * included: inside of one, use `leadership.resign`. Of an election that is not led here, a no-op.
   */
  async resign(election: ElectionName = "process", options: ResignOptions = {}): Promise<void> {
    this.#shell.assertOpen();
    check(options);
    if (!isElectionName(election)) throw invalid("election", 'must be "process" or "component:NAME"');
    await this.#shell.engine?.resign(election, options);
  }

  /** Not called for the present state. Gives back its undo. */
  onStateChange(listener: (state: ClientState) => void): () => void {
    return subscribe(this.#shell.stateListeners, listener);
  }

  /** Errors that belong to no contender. Gives back its undo. */
  onError(listener: (error: unknown) => void): () => void {
    return subscribe(this.#shell.errorListeners, listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
