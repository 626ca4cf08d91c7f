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
import { systemClock } from "./system-clock.ts";
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
  readonly #get: (path: string, signal?: AbortSignal, mayMiss?: boolean) => Promise<unknown>;

  constructor(
    options: ClientOptions,
    openSocket?: OpenSocket,
    importEngine: ImportEngine = () => import("./engine.ts"),
  ) {
    const { url, group, token, clock = systemClock } = options;
    const { process = {}, onDisconnect = "keep", drainMs = Infinity, lingerMs = 0 } = options;
    const { name, address, metadata } = process;
    const priority = typeof options.priority === "function" ? 0 : (options.priority ?? 0);
    check({ group: group ?? "", process, name, address, metadata, priority, onDisconnect, drainMs, lingerMs });
    const base = `${new URL(url).href.replace(/\/$/, "")}/v1/groups/${encodeURIComponent(group)}`;
    const askToken = async (): Promise<string | undefined> => (typeof token === "function" ? token() : token);
    const settings = { process, priority, onDisconnect, drainMs, lingerMs };
    const shell: Shell = new Shell(clock, async () => {
      const { startEngine } = await importEngine();
      return startEngine(shell, { settings, options, group, base, askToken, openSocket });
    });
    this.#shell = shell;
    this.#get = async (path, signal, mayMiss) => {
      shell.assertOpen();
      return lookUp(options.fetcher, base + path, await askToken(), signal, mayMiss);
    };
    this.close = async () => {
      shell.end();
      shell.engine?.dispatch({ type: "bye" });
      await shell.until(() => shell.state === "closed");
      await shell.engine?.disconnected();
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
    return this.#inScope(component, options, ({ elect }, shell) => elect(shell, component, run, options));
  }

  /** One turn of the loop for each term; the body is the drain. `break` leaves the election. */
  async *terms<C extends Component>(
    component: C,
    options: ScopeOptions = {},
  ): AsyncGenerator<Leadership<C>, void, undefined> {
    yield* await this.#inScope(component, options, ({ terms }, shell) => terms(shell, component, options));
  }

  /** Resolves with the first term. It leaves the election when it is closed or lost, and is never granted again. */
  async acquire<C extends Component>(component: C, options: ScopeOptions = {}): Promise<Acquired<C>> {
    return this.#inScope(component, options, ({ acquire }, shell) => acquire(shell, component, options));
  }

  #inScope<T>(
    component: string,
    { signal }: ScopeOptions,
    act: (scopes: SessionEngine["scopes"], shell: Shell) => T | Promise<T>,
  ): Promise<T> {
    const shell = this.#shell;
    const { reserved } = shell;
    check({ component: component ?? "" });
    shell.assertFree(component);
    const reservation = { component };
    const free = (): void => {
      reserved.delete(reservation);
      signal?.removeEventListener("abort", free);
    };
    if (!shell.engine && !signal?.aborted) {
      reserved.add(reservation);
      signal?.addEventListener("abort", free);
    }
    return shell.use(({ scopes }) => {
      free();
      return act(scopes, shell);
    }, signal);
  }

  /** The present leader or `null`, then every change; of all components where none is named. `break` ends it. */
  observe(component: Component, options?: ObserveOptions): AsyncGenerator<LeaderInformation | null, void, undefined>;
  observe(component?: undefined, options?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;
  async *observe(component?: Component, options: ObserveOptions = {}): AsyncGenerator<unknown, void, undefined> {
    check({ component });
    yield* await this.#shell.use((engine) => engine.observe(component, options), options.signal);
  }

  /** By HTTP, without a session. */
  async getLeader(component: Component, { signal }: ObserveOptions = {}): Promise<LeaderInformation | null> {
    check({ component: component ?? "" });
    return (await this.#get(`/leaders/${encodeURIComponent(component)}`, signal, true)) as LeaderInformation | null;
  }

  /** How the group stands, by HTTP: who leads, who waits, session ids for `successor`. */
  async getStatus({ signal }: ObserveOptions = {}): Promise<GroupStatus> {
    return (await this.#get("", signal)) as GroupStatus;
  }

  /** At call time; never throws, also when the client is closed. */
  health(): ClientHealth {
    return this.#shell.health();
  }

  /** Of the process, or of one dedicated contender. Higher is asked first. */
  setPriority(priority: number, component?: Component): void {
    check({ priority, component });
    this.#shell.assertOpen();
    const wish = { type: "priority", priority, ...(component !== undefined && { component }) } as const;
    this.#shell.whenLoaded((engine) => engine.dispatch(wish), false);
  }

  /**
   * Steps down from the whole election, and goes to the back of the queue. Resolves when everything has stopped, scopes
   * included: inside of one, use `leadership.resign`. Of an election that is not led here, a no-op.
   */
  async resign(election: ElectionName = "process", options: ResignOptions = {}): Promise<void> {
    this.#shell.assertOpen();
    check({ successor: options.successor });
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
