/**
 * The order in which contenders without a socket take their turns, on any clock and with any way of calling. After every
 * event the new state is adopted first, and then its effects are executed. The effects of an event that a callback causes
 * come after the rest. A grant whose leadership such a callback has ended is not executed, and neither is its revoke.
 */
import type { Effect, EventBody, Subject } from "./core/events.ts";
import type { Request } from "./core/requests.ts";
import { type ContenderState, remainingMs } from "./core/state.ts";
import { transition } from "./core/transition.ts";

export type UserEffect = Exclude<Effect, { readonly type: "call" }>;

export interface TurnPorts {
  /** The host's wall clock, in milliseconds. */
  now(): number;
  /** In 0..1. */
  random(): number;
  /** Called in the same synchronous turn, before any effect. If it throws, nothing has happened. */
  adopt(before: ContenderState, after: ContenderState): void;
  /** Must not throw. */
  execute(effect: UserEffect): void;
  /** Makes the call. Its end is told by `answered` or `failed`, in a later turn. */
  call(attempt: number, request: Request): void;
}

export class Turns {
  #state: ContenderState;
  readonly #ports: TurnPorts;
  readonly #effects: Effect[] = [];
  #isExecuting = false;
  /** Components whose present grant was not executed, since its leadership was over by then. */
  readonly #untold = new Set<string>();

  constructor(state: ContenderState, ports: TurnPorts) {
    this.#state = state;
    this.#ports = ports;
  }

  get state(): ContenderState {
    return this.#state;
  }

  dispatch(body: EventBody): void {
    const before = this.#state;
    const { state, effects } = transition(before, { ...body, now: this.#ports.now(), random: this.#ports.random() });
    this.#ports.adopt(before, state);
    this.#state = state;
    this.#effects.push(...effects);
    if (this.#isExecuting) return;
    this.#isExecuting = true;
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift())
      this.#execute(effect);
    this.#isExecuting = false;
  }

  #execute(effect: Effect): void {
    if (effect.type === "call") {
      this.#ports.call(effect.attempt, effect.request);
    } else if (effect.type === "grant" && this.#isOver(effect.subject)) {
      this.#untold.add(effect.subject.component);
    } else if (effect.type === "revoke" && this.#untold.delete(effect.subject.component)) {
      const { component, leaderSessionId } = effect.subject;
      this.dispatch({ type: "settled", component, leaderSessionId });
    } else {
      this.#ports.execute(effect);
    }
  }

  /** What the clock alone has ended is ended in the core, too: its revoke comes after the effects that wait. */
  #isOver({ component, leaderSessionId }: Subject): boolean {
    const isOver = (): boolean => remainingMs(this.#state, component, leaderSessionId, this.#ports.now()) <= 0;
    if (isOver()) this.dispatch({ type: "tick" });
    return isOver();
  }
}
