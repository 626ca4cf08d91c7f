/**
 * The shell around the session core: one socket, one timer. It feeds events, then does the effects in their order,
 * then sets the timer; it decides nothing. Effects that cause events (a callback that closes its contender) queue up.
 */
import { encode } from "../shared/codec.ts";
import { PING, PONG } from "../shared/messages.ts";
import { parseServerMessage } from "../shared/server-codec.ts";
import { type Clock, pessimistic } from "./clock.ts";
import { ProtocolError } from "./errors.ts";
import type { Effect, Event, Input } from "./session/events.ts";
import { initialState, nextDeadline, type SessionState, type Settings } from "./session/state.ts";
import { transition } from "./session/transition.ts";
import type { Opened, Socket } from "./socket.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Effects for those who use the session. They must not throw. */
export type UserEffect = Extract<Effect, { type: "grant" | "revoke" | "deliver" | "lost" | "violation" }>;

export interface DriverPorts {
  readonly clock: Clock;
  open(): Promise<Opened>;
  perform(effect: UserEffect): void;
  report(error: unknown): void;
  /** After every event, when its effects are done. */
  changed(): void;
}

export interface Driver {
  readonly state: SessionState;
  now(): number;
  dispatch(input: Input): void;
}

export function createDriver(settings: Settings, ports: DriverPorts): Driver {
  const { clock } = ports;
  const now = pessimistic(clock);
  const effects: Effect[] = [];
  let state = initialState(settings);
  let socket: Socket | undefined;
  let current = 0;
  let timer: unknown;
  let busy = false;

  function dispatch(input: Input): void {
    const event: Event = { ...input, now: now(), random: Math.random() };
    const result = transition(state, event);
    state = result.state;
    effects.push(...result.effects);
    if (busy) return;
    busy = true;
    for (let effect = effects.shift(); effect; effect = effects.shift()) perform(effect);
    busy = false;
    arm();
    ports.changed();
  }

  /** Set anew after every event: a timer that was set while a frame arrived is not throttled in hidden tabs. */
  function arm(): void {
    const deadline = nextDeadline(state);
    clock.clearTimeout(timer);
    timer = undefined;
    if (deadline === null) return;
    const delay = Math.min(Math.max(0, Math.ceil(deadline - now())), LONGEST_TIMER_MS);
    timer = clock.setTimeout(() => dispatch({ type: "tick" }), delay);
  }

  function perform(effect: Effect): void {
    switch (effect.type) {
      case "connect":
        void connect(effect.connection);
        return;
      case "disconnect":
        current = 0;
        abandon();
        return;
      case "send":
        write(encode(effect.message));
        return;
      case "ping":
        write(PING);
        return;
      default:
        ports.perform(effect);
    }
  }

  function write(frame: string): void {
    try {
      socket?.send(frame);
    } catch {
      // The socket is closing, and is about to say so.
    }
  }

  function abandon(): void {
    socket?.close(1000);
    socket = undefined;
  }

  async function connect(connection: number): Promise<void> {
    abandon();
    current = connection;
    try {
      const opened = await ports.open();
      if (current !== connection) return opened.socket.close(1000);
      socket = opened.socket;
      const gone = ({ code = 1006 }): void => dispatch({ type: "lost", connection, code });
      const open = (): void => dispatch({ type: "opened", connection });
      socket.addEventListener("open", open);
      socket.addEventListener("message", ({ data }) => receive(connection, data));
      socket.addEventListener("close", gone);
      socket.addEventListener("error", gone);
      if (opened.open) open();
    } catch (error) {
      ports.report(error);
      dispatch({ type: "lost", connection, code: 1006 });
    }
  }

  /** What can't be read is reported and ignored: if it was an answer, its time-out will tell. */
  function receive(connection: number, data: unknown): void {
    if (data === PONG) return dispatch({ type: "pong", connection });
    try {
      dispatch({ type: "message", connection, message: parseServerMessage(data) });
    } catch (error) {
      ports.report(new ProtocolError("unreadable frame", error));
    }
  }

  return {
    get state() {
      return state;
    },
    now,
    dispatch,
  };
}
