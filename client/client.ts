/** The client of one process: its contenders and observers share one session. */

import type { Leadership, ResignOptions } from "../shared/leadership/leadership.ts";
import type { LeaderChange, LeaderInformation } from "../shared/protocol/messages.ts";
import type { ElectionName } from "../shared/protocol/names.ts";
import { inPath } from "../shared/protocol/paths.ts";
import type { GroupStatus } from "../shared/protocol/status.ts";
import { groupAddress } from "../shared/remote/address.ts";
import { askForToken } from "../shared/remote/token.ts";
import {
  assertClientOptions,
  assertComponent,
  assertElectionName,
  assertFunction,
  assertPriority,
  assertReady,
  assertResignOptions,
  assertSignalOptions,
} from "./checks.ts";
import type { Clock } from "./clock.ts";
import { type CleanUpResult, type CloseOptions, closeBy } from "./close.ts";
import { type Contender, type ContendOptions, contend } from "./contend.ts";
import {
  type Acquired,
  acquire,
  elect,
  type ScopeOptions,
  type TryOptions,
  type TryResult,
  terms,
  tryElect,
} from "./elect.ts";
import type { ClientHealth } from "./health.ts";
import { type IsAnswer, isLeader, isStatus, lookUp } from "./look-up.ts";
import type { ContenderCallbacks } from "./member.ts";
import { nextLeader, type ObserveOptions, observing } from "./observe.ts";
import { followPage, type PageOptions } from "./page.ts";
import { Participant } from "./participant.ts";
import type { ClientState, SessionSettings } from "./session/state.ts";
import { assertSocketClass, byClass, byFetcher, type Fetcher, type OpenSocket, type SocketClass } from "./socket.ts";
import { standIn } from "./stand.ts";
import { systemClock } from "./system-clock.ts";

/** Options of a client. `createElectionClient` checks them at once and throws a `TypeError` for invalid ones. */
export interface ClientOptions extends Partial<Omit<SessionSettings, "priority" | "asksForToken">>, PageOptions {
  /** Begins with https:, http:, wss: or ws:. A base path is kept. */
  readonly url: string;
  /** Processes with the same group elect together: 1-128 characters out of `A-Z a-z 0-9 . _ : - /`. */
  readonly group: string;
  /**
   * If it is a function, it is called at every attempt to connect, and for every look-up. It may throw: the next attempt
   * calls it again, without a limit. If it is a string, and the group refuses it five times in a row (close code 4401), the
   * client is closed permanently.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** A Durable Object stub or a service binding: the client connects by an upgrade through its `fetch`. */
  readonly fetcher?: Fetcher;
  /** Replaces the platform's class of sockets. */
  readonly WebSocket?: SocketClass;
  /** Replaces the platform's clocks and timers, for tests. */
  readonly clock?: Clock;
}

/**
 * One process in one group. All of its contenders and observers share one session: the first of them opens it, and it
 * closes `lingerMs` after the last of them has left. Made by `createElectionClient`. Its methods need no `this`: it works behind
 * a proxy, and its methods may be destructured.
 *
 * `close` and `resign` do not wait for the code that calls them, if that is a callback of a contender, the function of
 * `elect` or `tryElect`, or the body of a `terms` loop. On Node, Deno, Bun and Workers with `nodejs_compat` this also
 * holds after an `await` in that code; for the body of a loop only if it uses its leadership before its first `await`. In
 * pages it holds until the first `await`: after that, call `close` and `resign` without `await`.
 */
export interface ElectionClient<Component extends string = string> extends AsyncDisposable {
  /** The state of the connection, at call time. `suspended`: the connection is lost while a term still runs. */
  readonly state: ClientState;
  /** The id by which others name this process as a successor; `undefined` without a session. */
  readonly sessionId: string | undefined;

  /**
   * Runs for leadership of the component until the contender is closed. The leadership may be granted, revoked and granted
   * again; the callbacks report it. Throws a `DuplicateContenderError` if this client has a contender for the component
   * already.
   */
  contend<C extends Component>(component: C, callbacks?: ContenderCallbacks<C>, options?: ContendOptions): Contender<C>;

  /**
   * The process contends in the process election, with or without components, until the client or the returned contender is
   * closed: closing its last component does not give the leadership up, and a component that registers later joins the
   * leadership. The process contends as the component named `component`, by default `process`. The token has to allow that
   * name. Returns that contender: the same one at each call, unless it was closed. Refusals go to `onError` of the client.
   */
  stand(component?: Component): Contender;

  /**
   * Calls the function once per term, at its grant. After a loss, the drain lasts until the promise of the function
   * settles; then `elect` waits for the next term. If the function returns while leading, `elect` leaves the election and
   * then resolves with the function's result. It rejects with an error that the function throws while leading, and with
   * the reason of `options.signal` when that aborts.
   */
  elect<C extends Component, T>(
    component: C,
    run: (leadership: Leadership<C>) => T | PromiseLike<T>,
    options?: ScopeOptions,
  ): Promise<T>;

  /**
   * Runs the function now if the election is free for this process, or if this process leads it; otherwise resolves at once,
   * and names who leads. The group decides that in one step: a try never waits in the queue, and keeps no place in it. A try
   * lasts one term. `tryElect` rejects with an error that the function throws while leading, and with a
   * `LeadershipLostError` if the term ends before the function does. If the connection is lost before the answer arrives,
   * the client asks again over the next connection; if the lost answer was a grant, the group takes that grant back.
   * `waitMs` limits the wait for a connection and for the answer; default 10 s.
   */
  tryElect<C extends Component, T>(
    component: C,
    run: (leadership: Leadership<C>) => T | PromiseLike<T>,
    options?: TryOptions,
  ): Promise<TryResult<T>>;

  /**
   * For a `for await` loop, which runs its body once per term. After a loss, the drain lasts until the body ends. `break`
   * leaves the election. If the body ends while the term runs, the component keeps leading, and the loop waits for the end
   * of the term.
   */
  terms<C extends Component>(component: C, options?: ScopeOptions): AsyncGenerator<Leadership<C>, void, undefined>;

  /**
   * Resolves with the first term. When that term is closed or lost, the component leaves the election and is not granted
   * again. Call `close()` when the work has stopped, or use `await using`: otherwise other processes wait as long as a
   * drain may take.
   */
  acquire<C extends Component>(component: C, options?: ScopeOptions): Promise<Acquired<C>>;

  /**
   * Yields the current leader or `null`, then each change; for all components if none is named. If changes come faster
   * than they are read, only the newest leader of a component is kept; one `null` still comes between two different leaders.
   * `break` ends it. Rejects with the code `limit_exceeded` if the group has no room for this observer; other observers
   * continue.
   */
  observe(component: Component, options?: ObserveOptions): AsyncGenerator<LeaderInformation | null, void, undefined>;
  observe(component?: undefined, options?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;

  /**
   * Resolves with the leader that is confirmed now, otherwise with the next one; it observes meanwhile. Rejects with the
   * signal's reason, with `ClientClosedError`, and with `limit_exceeded`.
   */
  leader(component: Component, options?: ObserveOptions): Promise<LeaderInformation>;

  /**
   * Asks for the confirmed leader by HTTP, without a session; `null`: there is none. Rejects after 10 s without an answer,
   * and when the client is closed.
   */
  getLeader(component: Component, options?: ObserveOptions): Promise<LeaderInformation | null>;

  /**
   * Who leads, who waits, and the session ids for `successor`; by HTTP. At most 100 elections, each with its first 100
   * waiting sessions, and at most 1,000 waiting sessions in all: PROTOCOL.md says how to get the rest. Rejects as
   * `getLeader` does.
   */
  getStatus(options?: ObserveOptions): Promise<GroupStatus>;

  /** The client's condition at call time. Never throws, not even when the client is closed. */
  health(): ClientHealth;

  /** Sets the priority of the process, or of one dedicated contender. Higher comes first. */
  setPriority(priority: number, component?: Component): void;

  /**
   * Sets whether a component may lead at present. Without `component`: for all contenders that the client has at this
   * moment. A contender that is not ready keeps its place in the queue and is passed over. A leader that becomes unready
   * steps down as by `resign`. The components of the process election count together: this process leads that election only
   * while each of its components in it is ready.
   */
  setReady(ready: boolean, component?: Component): void;

  /**
   * Steps down from the whole election, with all components that lead in it, and goes to the back of the queue. Resolves
   * when the work of all of them has stopped, scopes included; inside a callback it waits only for the other callbacks.
   * Does nothing if this process does not lead the election.
   */
  resign(election?: ElectionName, options?: ResignOptions): Promise<void>;

  /**
   * Ends the terms, waits for the drains, and leaves the group; resolves when the group was notified. Without a
   * connection it tries to connect for as long as the group may still count a lease of this process, at most 10 s.
   * From this call on, other calls fail. Inside a callback it waits only for the other callbacks; the client is closed
   * when the callback that has called it has settled.
   *
   * With `cleanup` it then also deletes everything that the group has stored, if nobody else uses it, and resolves with the
   * outcome. This needs the role `admin`, as the route `DELETE …?purge=true` does. While a new group of the same name could
   * give out epochs that this group has used, `close` waits, for up to 10 s. It rejects if the role is missing, or the group
   * can't be reached; the client has left even then.
   */
  close(): Promise<void>;
  close(options: CloseOptions): Promise<CleanUpResult>;

  /** The listener is called for each change, not for the current state. Returns a function that removes it. */
  onStateChange(listener: (state: ClientState) => void): () => void;

  /**
   * The listener is called with errors that belong to no contender, and with those of a contender that has no `onError`.
   * Returns a function that removes it.
   */
  onError(listener: (error: unknown) => void): () => void;
}

/** What an entry point may replace. */
export interface ClientPorts {
  /** Default: the fetcher or the class of sockets of the options, or the platform's class. */
  readonly openSocket?: OpenSocket | undefined;
  /** What ends with a `ClientClosedError` waits for this promise first. */
  readonly farewell?: (() => Promise<void> | undefined) | undefined;
  /** Called when the client is closed for good, and nobody listens: the error was reported as an uncaught one. */
  readonly failed?: () => void;
}

/** A client, and what the test kit and the command line read of it. */
export interface Opened<Component extends string> {
  readonly client: ElectionClient<Component>;
  readonly participant: Participant;
}

export function openClient<Component extends string>(
  given: ClientOptions,
  { openSocket, farewell, failed }: ClientPorts = {},
): Opened<Component> {
  assertClientOptions(given);
  // The checked values count, even if the object changes later; `process` is copied with it.
  const options = { ...given, process: { ...given.process } };
  const { url, group, token, clock = systemClock, fetcher, WebSocket } = options;
  const address = groupAddress(url, group);
  const askToken = (): Promise<string | undefined> => askForToken(token);
  const asksForToken = typeof token === "function";
  const open = openSocket ?? (fetcher ? byFetcher(fetcher) : byClass(WebSocket));
  const participant = new Participant(group, settingsOf(options, asksForToken), clock, {
    askToken,
    url: `${address}/session`,
    openSocket: (sessionToken) => open(`${address}/session`, sessionToken),
    assertSockets: () => openSocket || fetcher || assertSocketClass(WebSocket),
    farewell,
    failed,
    followSession: (ended) => followPage(participant, options, ended),
  });

  /** Ends look-ups. */
  let closing: AbortController | undefined;
  const ports = { fetcher, clock, askToken, asksForToken };
  const ask = async (path: string, isAnswer: IsAnswer, asked: ObserveOptions = {}): Promise<unknown> => {
    assertSignalOptions(asked);
    participant.assertOpen();
    closing ??= new AbortController();
    return lookUp(ports, address + path, isAnswer, [asked.signal, closing.signal]);
  };
  const leave = async (): Promise<void> => {
    const left = participant.leave();
    closing?.abort(participant.closedError());
    await left;
  };
  const close = closeBy(leave, ports, address);

  const client: ElectionClient<Component> = {
    get state() {
      return participant.state;
    },
    get sessionId() {
      return participant.driver.state().session?.sessionId;
    },
    contend: (component, callbacks, chosen) => contend(participant, component, callbacks, chosen).contender,
    stand: standIn(participant),
    elect: async (component, run, chosen) => participant.held(elect(participant, component, run, chosen)),
    tryElect: async (component, run, chosen) => participant.held(tryElect(participant, component, run, chosen)),
    terms: (component, chosen) => terms(participant, component, chosen),
    acquire: async (component, chosen) => participant.held(acquire(participant, component, chosen)),
    observe: observing(participant),
    leader: async (component, asked = {}) => nextLeader(participant, component, asked),
    async getLeader(component, asked) {
      assertComponent(component);
      return (await ask(`/leaders/${inPath(component)}`, isLeader, asked)) as LeaderInformation | null;
    },
    getStatus: async (asked) => (await ask("", isStatus, asked)) as GroupStatus,
    health: () => participant.health(),
    setPriority(priority, component) {
      assertPriority(priority);
      if (component !== undefined) assertComponent(component);
      participant.assertOpen();
      participant.setPriority(priority, component);
    },
    setReady(ready, component) {
      assertReady(ready);
      if (component !== undefined) assertComponent(component);
      participant.assertOpen();
      participant.setReady(ready, component);
    },
    async resign(election = "process", chosen = {}) {
      assertElectionName(election);
      assertResignOptions(chosen);
      participant.assertOpen();
      await participant.resignFrom(election, chosen);
    },
    close,
    onStateChange: (listener) => subscribe(participant.listeners.states, listener),
    onError: (listener) => subscribe(participant.listeners.errors, listener),
    [Symbol.asyncDispose]: () => close(),
  };
  return { client, participant };
}

function settingsOf(options: ClientOptions, asksForToken: boolean): SessionSettings {
  const { process = {}, priority = 0, onDisconnect = "keep", drainMs = Infinity, lingerMs = 0 } = options;
  return {
    process,
    priority: typeof priority === "number" ? priority : 0,
    onDisconnect,
    drainMs,
    lingerMs,
    asksForToken,
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  assertFunction(listener, "the listener");
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
