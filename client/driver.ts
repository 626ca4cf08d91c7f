/**
 * The shell around the session core: one socket, one timer. It feeds events, then does the effects in their order,
 * then sets the timer; it decides nothing. What effects cause (a callback that closes its contender) queues up.
 */
import { CLOSE, LOST } from "../shared/protocol/close-codes.ts";
import { PING, PONG } from "../shared/protocol/messages.ts";
import { parseServerMessage } from "../shared/protocol/server-codec.ts";
import { messageOf } from "../shared/remote/http.ts";
import { type Clock, LONGEST_TIMER_MS, pessimistic } from "./clock.ts";
import { ElectionError, ProtocolError } from "./errors.ts";
import { OpenSockets } from "./open-sockets.ts";
import { nextDeadline } from "./session/deadlines.ts";
import type { Effect, Input, Of } from "./session/events.ts";
import { initialState, type SessionSettings, type SessionState } from "./session/state.ts";
import { transition } from "./session/transition.ts";
import { type Socket, type SocketEvent, UpgradeRefused } from "./socket.ts";
import { attempt } from "./uncaught.ts";

const OPEN = 1;

/** Effects for those who use the session. */
export type UserEffect = Exclude<Effect, { readonly type: "connect" | "disconnect" | "send" | "ping" }>;

export interface DriverPorts {
  readonly clock: Clock;
  /** Asked at every attempt to connect. */
  askToken(): Promise<string | undefined>;
  /** Not called for an attempt that was over before its token came. */
  openSocket(token: string | undefined): Socket | Promise<Socket>;
  /** Must not throw. */
  perform(effect: UserEffect): void;
  report(error: unknown): void;
  /** After every event, when its effects are done. */
  changed(state: SessionState): void;
}

export interface Driver {
  state(): SessionState;
  now(): number;
  dispatch(input: Input, connection?: number): void;
  /** Runs this after the effects of the present event, or else in the next microtask. */
  afterwards(work: () => void): void;
  /** Resolves when the socket that was abandoned last has closed, and so has sent everything; or when that takes too long. */
  disconnected(): Promise<void>;
}

export function createDriver(settings: SessionSettings, ports: DriverPorts): Driver {
  const { clock, perform, report, changed } = ports;
  const now = pessimistic(clock);
  const random = (): number => (clock.random ?? Math.random)();
  let effects: (Effect | (() => void))[] = [];
  let state = initialState(settings);
  const sockets = new OpenSockets(clock, report);
  let timer: unknown;
  let busy = false;

  function dispatch(input: Input, connection = state.attempt): void {
    // `now` comes first: the others tell of the reading that it makes.
    const moment = { now: now(), since: now.since(), jumped: now.jumped() };
    const result = transition(state, { ...moment, random: random(), connection, input });
    state = result.state;
    effects.push(...result.effects);
    if (busy) return;
    busy = true;
    for (const effect of effects) attempt(execute, effect); // one that fails must not cost the others, nor the timer
    effects = []; // to empty a list takes longer
    busy = false;
    // Set anew every time: a timer that was set while a frame arrived is not throttled in hidden tabs.
    clock.clearTimeout(timer);
    const deadline = nextDeadline(state);
    if (deadline !== null) {
      const delay = Math.min(Math.max(0, Math.ceil(deadline - now())), LONGEST_TIMER_MS);
      timer = clock.setTimeout(() => dispatch({ type: "tick" }), delay);
    }
    changed(state);
  }

  function execute(effect: Effect | (() => void)): void {
    if (typeof effect === "function") effect();
    else if (effect.type === "connect") use(effect.connection);
    else if (effect.type === "disconnect") sockets.close(effect.connection);
    else if (effect.type === "send") sockets.send(JSON.stringify(effect.message));
    else if (effect.type === "ping") sockets.send(PING);
    else perform(effect);
  }

  function use(connection: number): void {
    sockets.use(connection);
    if (!sockets.has(connection)) void open(connection);
  }

  /** A socket gets its listeners in the turn that opens it: one of `ws` that fails without a listener ends the process. */
  async function open(connection: number): Promise<void> {
    sockets.add(connection);
    try {
      const token = await ports.askToken();
      if (!sockets.has(connection)) return;
      const opening = ports.openSocket(token);
      const opened = opening instanceof Promise ? await opening : opening;
      listen(opened, connection);
      if (!sockets.has(connection)) return opened.close(CLOSE.normal);
      sockets.add(connection, opened);
      if (opened.readyState === OPEN) dispatch({ type: "opened" }, connection);
    } catch (error) {
      const refusal = error instanceof UpgradeRefused;
      lost(refusal ? { code: error.closeCode, cause: error.cause } : { cause: error }, connection);
    }
  }

  function listen(opened: Socket, connection: number): void {
    const fails = (event: SocketEvent): void => lost(event, connection);
    opened.addEventListener("open", () => dispatch({ type: "opened" }, connection));
    opened.addEventListener("message", ({ data }) => receive(data, connection));
    opened.addEventListener("close", fails);
    opened.addEventListener("error", fails);
  }

  function lost(event: SocketEvent, connection: number): void {
    dispatch(lossOf(event), connection);
    sockets.close(connection);
  }

  /** A frame that can't be read is reported and ignored: if it was an answer, its time-out follows. */
  function receive(frame: unknown, connection: number): void {
    try {
      dispatch(frame === PONG ? { type: "pong" } : parseServerMessage(frame), connection);
    } catch (error) {
      const problem = `the server has sent a frame that can't be read, and it was ignored: ${messageOf(error)}`;
      const remedy = "use the same version of the package on both sides";
      report(new ProtocolError("protocol_error", `${problem}; ${remedy}`, error));
    }
  }

  function afterwards(work: () => void): void {
    if (busy) effects.push(work);
    else queueMicrotask(work);
  }

  return { state: () => state, now, dispatch, afterwards, disconnected: () => sockets.closed };
}

function lossOf({ code = LOST, reason = "", cause }: SocketEvent): Of<"lost"> {
  const retryAfterMs = cause instanceof ElectionError ? cause.retryAfterMs : undefined;
  return {
    type: "lost",
    code,
    ...(reason && { reason }),
    ...(cause !== undefined && { cause }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
