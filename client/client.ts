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
   * A function is called at every attempt to connect. It may throw: the next attempt calls it again, without a limit. A
   * string that the group refuses five times in a row (4401) closes the client permanently.
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
 * `close` and `resign` do not wait for the callback (of a contender or a scope, or the body of a loop) in which they are
 * called. On Node, Deno, Bun and Workers with `nodejs_compat` this also holds after an `await` in the callback, and in
 * the body of a loop, once the body has used its leadership. In pages it holds until the first `await`: after that, call
 * them without `await`.
 */
export interface ElectionClient<Component extends string = string> extends AsyncDisposable {
  /** The state of the connection, at call time. `suspended`: the connection is lost while a term still runs. */
  readonly state: ClientState;
  /** The id by which others name this process as a successor; `undefined` without a session. */
  readonly sessionId: string | undefined;

  /**
   * Runs for leadership of the component until the contender is closed: granted, revoked, granted again, by callbacks.
   * Throws a `DuplicateContenderError` if this client has a contender for it already.
   */
  contend<C extends Component>(component: C, callbacks?: ContenderCallbacks<C>, options?: ContendOptions): Contender<C>;

  /**
   * The process contends in the process election, with or without components, until `close()` of the client: closing its
   * last component does not give the leadership up, and a component that registers later joins it. It contends as the
   * component named `component`, by default `process`. The token has to allow that name. Returns that contender, the same
   * one at each call. Refusals go to `onError` of the client.
   */
  stand(component?: Component): Contender;

  /**
   * Runs the function once per term, from the grant on. After a loss, the drain lasts until the promise of the function
   * settles; then `elect` waits for the next term. If the function returns while leading, `elect` leaves the election and
   * then resolves with the function's result. It rejects with an error that the function throws while leading, and with
   * the reason of the signal.
   */
  elect<C extends Component, T>(
    component: C,
    run: (leadership: Leadership<C>) => T | PromiseLike<T>,
    options?: ScopeOptions,
  ): Promise<T>;

  /**
   * Runs the function now if the election is free for this process, or led by it; otherwise resolves at once with who leads.
   * The group decides that in one turn: a try never waits in the queue, and leaves no place behind. It lasts one term. It
   * rejects with an error that the function throws while leading, and with a `LeadershipLostError` if the term ends before
   * the function does. If the answer is lost with the connection, it asks again over the next one: the group takes back a
   * grant whose answer was lost. `waitMs` limits the wait for a connection and for the answer; default 10 s.
   */
  tryElect<C extends Component, T>(
    component: C,
    run: (leadership: Leadership<C>) => T | PromiseLike<T>,
    options?: TryOptions,
  ): Promise<TryResult<T>>;

  /**
   * The loop runs its body once per term. After a loss, the drain lasts until the body ends. `break` leaves the
   * election. If the body ends while the term runs, the component keeps leading, and the loop waits for the end of the
   * term.
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
   * than they are read, only the newest is kept, with one `null` between two leaders. `break` ends it. Rejects with
   * `limit_exceeded` if the group has no room for this observer; other observers continue.
   */
  observe(component: Component, options?: ObserveOptions): AsyncGenerator<LeaderInformation | null, void, undefined>;
  observe(component?: undefined, options?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;

  /**
   * Resolves with the leader that is confirmed now, otherwise with the next one; it observes meanwhile. Rejects with the
   * signal's reason, with `ClientClosedError`, and with `limit_exceeded`.
   */
  leader(component: Component, options?: ObserveOptions): Promise<LeaderInformation>;

  /** By HTTP, without a session. Rejects after 10 s without an answer, and when the client is closed. */
  getLeader(component: Component, options?: ObserveOptions): Promise<LeaderInformation | null>;

  /**
   * Who leads, who waits, and the session ids for `successor`; by HTTP. At most 100 elections, each with the first 100 of
   * those that wait, and at most 1,000 of these in all: see PROTOCOL.md for the others. Rejects as `getLeader` does.
   */
  getStatus(options?: ObserveOptions): Promise<GroupStatus>;

  /** The client's condition at call time. Never throws, not even when the client is closed. */
  health(): ClientHealth;

  /** Sets the priority of the process, or of one dedicated contender. Higher comes first. */
  setPriority(priority: number, component?: Component): void;

  /**
   * Whether a component may lead at present. Without `component`: for all contenders that the client has at this moment.
   * One that is not ready keeps its place and is passed over. A leader that becomes unready steps down as by `resign`. The
   * process election moves as one: it is led only while each of its components here is ready.
   */
  setReady(ready: boolean, component?: Component): void;

  /**
   * Steps down from the whole election, and goes to the back of the queue. Resolves when everything in it has stopped,
   * scopes included; inside a callback it waits only for the other callbacks. Does nothing if this process does not lead.
   */
  resign(election?: ElectionName, options?: ResignOptions): Promise<void>;

  /**
   * Ends the terms, waits for the drains, and leaves the group; resolves when the group was notified. Without a
   * connection it tries to connect for as long as a lease of this process may still run at the group, at most 10 s.
   * Other calls reject from now on. Inside a callback it waits only for the other callbacks; the client is closed when
   * this one has settled.
   *
   * With `cleanup` it then also deletes everything that the group has stored, if nobody else uses it, and resolves with the
   * outcome. This needs the role `admin`, as the route `DELETE …?purge=true` does. It waits up to 10 s until the group may be
   * deleted without reusing an epoch. It rejects if the role is missing, or the group can't be reached; the client has left
   * all the same.
   */
  close(): Promise<void>;
  close(options: CloseOptions): Promise<CleanUpResult>;

  /** The listener is called for each change, not for the current state. Returns a function that removes it. */
  onStateChange(listener: (state: ClientState) => void): () => void;

  /** The listener is called with errors that belong to no contender. Returns a function that removes it. */
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
