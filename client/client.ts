/** The client of one process: its contenders and observers share one session. */
import type { LeaderChange, LeaderInformation, ProcessInfo } from "../shared/messages.ts";
import type { ElectionName } from "../shared/names.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Contender, type ContenderCallbacks, type ContendOptions, contend } from "./contend.ts";
import { type Acquired, acquire, elect, type ScopeOptions, terms } from "./elect.ts";
import type { Leadership } from "./leadership.ts";
import { lookUp } from "./look-up.ts";
import { type ObserveOptions, observe, observeComponent } from "./observe.ts";
import { followPage, type PageOptions } from "./page.ts";
import { type ResignOptions, resign } from "./resign.ts";
import type { ClientState, Settings } from "./session/state.ts";
import { Shell } from "./shell.ts";
import type { Fetcher, OpenSocket, SocketClass } from "./socket.ts";
import { check } from "./validate.ts";

export interface ClientOptions extends Partial<Omit<Settings, "priority">>, PageOptions {
  /** http(s) or ws(s); a base path is kept. */
  readonly url: string;
  readonly group: string;
  /** Asked at every attempt to connect. */
  readonly token?: string | (() => string | Promise<string>);
  /** A Durable Object stub or a service binding: connects by an upgrade through `fetch`. */
  readonly fetcher?: Fetcher;
  readonly WebSocket?: SocketClass;
  readonly clock?: Clock;
}

/** How the group stands, for operators and for the choice of a successor. */
export interface GroupStatus {
  readonly group: string;
  readonly epoch: number;
  readonly revision: number;
  readonly paused: boolean;
  readonly sessions: number;
  readonly elections: readonly ElectionStatus[];
}
export interface ElectionStatus {
  readonly election: ElectionName;
  readonly state: "vacant" | "offered" | "leading" | "revoking";
  readonly leader: {
    readonly sessionId: string;
    readonly process: ProcessInfo;
    readonly leaderSessionId: string;
    readonly epoch: number;
  } | null;
  readonly remainingMs: number;
  readonly candidates: readonly {
    readonly sessionId: string;
    readonly process: ProcessInfo;
    readonly priority: number;
    readonly components: readonly string[];
  }[];
}

export class ElectionClient<Component extends string = string> implements AsyncDisposable {
  /** Resolves when everything has stopped and the group knows: terms end, drain, `bye`. Later calls reject. */
  readonly close: () => Promise<void>;
  readonly #shell: Shell;
  readonly #get: (path: string, signal?: AbortSignal) => Promise<unknown>;

  constructor(options: ClientOptions, openSocket: OpenSocket) {
    const { url, group, token, fetcher, clock = systemClock() } = options;
    const priority = typeof options.priority === "function" ? 0 : (options.priority ?? 0);
    const { process = {}, onDisconnect = "keep", drainMs = Infinity, lingerMs = 0 } = options;
    check({ group: group ?? "", ...process, priority, onDisconnect, drainMs, lingerMs });
    const base = `${new URL(url).href.replace(/\/$/, "")}/v1/groups/${encodeURIComponent(group)}`;
    const askToken = async (): Promise<string | undefined> => (typeof token === "function" ? token() : token);
    const connect = async () => openSocket(`${base}/session`, await askToken());
    this.#shell = new Shell({ process, priority, onDisconnect, drainMs, lingerMs }, { clock, connect });
    followPage(this.#shell, options, (value) => this.setPriority(value)).catch(() => {});
    this.#get = async (path, signal) => {
      this.#shell.assertOpen();
      return lookUp(fetcher, base + path, await askToken(), signal);
    };
    this.close = async () => {
      this.#shell.driver.dispatch({ type: "bye" });
      await this.#shell.until(() => this.state === "closed");
    };
  }

  get state(): ClientState {
    return this.#shell.clientState;
  }

  /** What others name as a successor; `undefined` without a session. */
  get sessionId(): string | undefined {
    return this.#shell.driver.state().session?.sessionId;
  }

  contend<C extends Component>(
    component: C,
    callbacks?: ContenderCallbacks<C>,
    options?: ContendOptions,
  ): Contender<C> {
    return contend(this.#shell, component, callbacks, options);
  }

  elect<C extends Component, T>(
    component: C,
    run: (leadership: Leadership<C>) => T | PromiseLike<T>,
    options?: ScopeOptions,
  ): Promise<T> {
    return elect(this.#shell, component, run, options);
  }

  terms<C extends Component>(component: C, options?: ScopeOptions): AsyncGenerator<Leadership<C>, void, undefined> {
    return terms(this.#shell, component, options);
  }

  acquire<C extends Component>(component: C, options?: ScopeOptions): Promise<Acquired<C>> {
    return acquire(this.#shell, component, options);
  }

  observe(component: Component, options?: ObserveOptions): AsyncGenerator<LeaderInformation | null, void, undefined>;
  observe(component?: undefined, options?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;
  observe(component?: Component, options?: ObserveOptions): AsyncGenerator<unknown, void, undefined> {
    return (component === undefined ? observe : observeComponent)(this.#shell, component as Component, options);
  }

  /** By HTTP, without a session. */
  async getLeader(component: Component, { signal }: ObserveOptions = {}): Promise<LeaderInformation | null> {
    check({ component: component ?? "" });
    return (await this.#get(`/leaders/${encodeURIComponent(component)}`, signal)) as LeaderInformation | null;
  }

  async getStatus({ signal }: ObserveOptions = {}): Promise<GroupStatus> {
    return (await this.#get("", signal)) as GroupStatus;
  }

  /** Of the process, or of one dedicated contender. Higher is asked first. */
  setPriority(priority: number, component?: Component): void {
    check({ priority, component });
    this.#shell.assertOpen();
    const wish = { type: "priority", priority } as const;
    this.#shell.driver.dispatch(component === undefined ? wish : { ...wish, component });
  }

  /** Steps down from the whole election, and goes to the back of the queue. Resolves when everything has stopped. */
  async resign(election?: ElectionName, options?: ResignOptions): Promise<void> {
    this.#shell.assertOpen();
    return resign(this.#shell, election, options);
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
