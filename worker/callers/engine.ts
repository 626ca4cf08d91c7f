/**
 * What `DurableContender` and `runIfLeader` share: one turn of the core after the other, and the calls. After every event
 * the new state is adopted first, and then its effects are executed. The effects of an event that a callback causes come
 * after the rest. A grant whose leadership such a callback has ended is not executed, and neither is its revoke.
 */
import { unreachable } from "../../shared/unreachable.ts";
import type { Effect, EventBody, Subject } from "./core/events.ts";
import type { Answer, Request } from "./core/requests.ts";
import { type ContenderState, nextDeadline, remainingMs } from "./core/state.ts";
import { transition } from "./core/transition.ts";
import type { Elections } from "./service.ts";

export interface EnginePorts {
  readonly elections: Elections;
  readonly group: string;
  /** Called in the same synchronous turn, before any effect. If it throws, nothing has happened. */
  adopt(before: ContenderState, after: ContenderState): void;
  /** Must not throw. */
  execute(effect: Exclude<Effect, { readonly type: "call" }>): void;
  /** A call has failed, or its answer can't be understood. It is tried again. */
  callFailed(error: unknown): void;
}

export class Engine {
  #state: ContenderState;
  readonly #ports: EnginePorts;
  readonly #effects: Effect[] = [];
  #isExecuting = false;
  /** Components whose present grant was not executed, since its leadership was over by then. */
  readonly #untold = new Set<string>();
  #call: Promise<void> = Promise.resolve();

  constructor(state: ContenderState, ports: EnginePorts) {
    this.#state = state;
    this.#ports = ports;
  }

  get state(): ContenderState {
    return this.#state;
  }

  dispatch(body: EventBody): void {
    const before = this.#state;
    const { state, effects } = transition(before, { ...body, now: Date.now(), random: Math.random() });
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
      this.#call = this.#make(effect.attempt, effect.request);
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
    const isOver = (): boolean => remainingMs(this.#state, component, leaderSessionId, Date.now()) <= 0;
    if (isOver()) this.dispatch({ type: "tick" });
    return isOver();
  }

  /** Resolves when no call is under way: each was answered, or was given up. */
  async quiet(): Promise<void> {
    for (let attempt = 0; this.#state.call !== null && this.#state.call.attempt !== attempt; ) {
      attempt = this.#state.call.attempt;
      await this.#call;
    }
  }

  /** Resolves when the call is over. Until then a timer keeps the deadlines: the object is awake anyway. */
  #make(attempt: number, request: Request): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const isUnderWay = (): boolean => this.#state.call?.attempt === attempt;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = (): void => {
      if (!isUnderWay()) return resolve();
      const wait = Math.max(1, (nextDeadline(this.#state) ?? 0) - Date.now());
      timer = setTimeout(() => {
        if (isUnderWay()) this.dispatch({ type: "tick" });
        watch();
      }, wait);
    };
    // After the effects of this turn: only then `state` is the one with this call.
    queueMicrotask(watch);
    this.#send(request)
      .then((answer) => this.dispatch({ type: "answered", attempt, answer }))
      // An answer that can't be understood counts as none: the group may run another version.
      .catch((error: unknown) => {
        this.#ports.callFailed(error);
        this.dispatch({ type: "failed", attempt });
      })
      .catch((error: unknown) => this.#ports.callFailed(error))
      .finally(() => {
        clearTimeout(timer);
        resolve();
      });
    return promise;
  }

  async #send(request: Request): Promise<Answer> {
    const { elections, group } = this.#ports;
    switch (request.type) {
      case "campaign":
        return elections.campaign(group, request.campaign);
      case "renew":
        return elections.renew(group, request.renewal);
      case "confirm":
        return elections.confirm(group, request.confirmation);
      case "release":
        return elections.release(group, request.release);
      default:
        return unreachable(request);
    }
  }
}
