/**
 * What `DurableContender` and `runIfLeader` share: the turns of the core on the platform's clock, and its calls by RPC.
 */
import { ElectionError } from "../../shared/errors.ts";
import { Inquiries } from "../../shared/leadership/inquiries.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { type CallerClock, clockOf } from "./clock.ts";
import type { EventBody } from "./core/events.ts";
import type { Answer, Request } from "./core/requests.ts";
import { type ContenderState, nextDeadline } from "./core/state.ts";
import type { Elections } from "./service.ts";
import { type TurnPorts, Turns, type UserEffect } from "./turns.ts";

/** Effects for the shells. */
export type ShellEffect = Exclude<UserEffect, { readonly type: "inquired" }>;

export interface EnginePorts extends Pick<TurnPorts, "adopt"> {
  /** Must not throw. */
  execute(effect: ShellEffect): void;
  readonly elections: Elections;
  readonly group: string;
  /** A call has failed, or its answer can't be understood. It is tried again. */
  callFailed(error: unknown): void;
}

export class Engine {
  readonly #ports: EnginePorts;
  readonly #turns: Turns;
  readonly #inquiries = new Inquiries({
    sentAt: () => this.state.sentAt,
    ask: () => this.dispatch({ type: "inquire" }),
  });
  readonly clock: CallerClock;
  #call: Promise<void> = Promise.resolve();
  /** How to give up what waits. */
  readonly #attended = new Set<(error: unknown) => void>();
  #timer: unknown;

  constructor(state: ContenderState, ports: EnginePorts) {
    this.#ports = ports;
    this.clock = clockOf(ports.elections, () => this.state);
    this.#turns = new Turns(state, {
      now: () => this.clock.now(),
      random: () => this.clock.random(),
      adopt: (before, after) => {
        ports.adopt(before, after);
        if (this.#attended.size > 0) queueMicrotask(() => this.#moveTimer());
      },
      execute: (effect) => {
        if (effect.type === "inquired") this.#inquiries.answered(effect.sentAt);
        else ports.execute(effect);
      },
      call: (attempt, request) => {
        this.#call = this.#make(attempt, request);
      },
    });
  }

  get state(): ContenderState {
    return this.#turns.state;
  }

  dispatch(body: EventBody): void {
    this.#turns.dispatch(body);
  }

  /** Resolves when the group has answered a call that was made after this. */
  inquire(): Promise<void> {
    return this.#inquiries.inquire();
  }

  /**
   * Waits for something that the group, or time, has to bring. A timer keeps the deadlines meanwhile: the alarm, which
   * keeps them otherwise, may be the one that waits. Rejects if a turn fails.
   */
  async attend<T>(waiting: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#attended.add(reject);
    this.#moveTimer();
    try {
      return await Promise.race([waiting, promise]);
    } finally {
      this.#attended.delete(reject);
      this.#moveTimer();
    }
  }

  #moveTimer(): void {
    this.clock.clearTimeout(this.#timer);
    // An inquiry is about a term: without one nobody needs its answer.
    if (this.state.terms.length === 0) this.#inquiries.giveUp();
    const deadline = nextDeadline(this.state);
    // While a call is under way its own timer keeps them.
    if (this.#attended.size === 0 || deadline === null || this.state.call !== null) return;
    this.#timer = this.clock.setTimeout(() => this.#tick(), Math.max(1, deadline - this.clock.now()));
  }

  #tick(): void {
    try {
      this.dispatch({ type: "tick" });
    } catch (error) {
      for (const reject of this.#attended) reject(error);
    }
  }

  /** Resolves when no call is under way: each was answered, or was given up. */
  async quiet(): Promise<void> {
    for (let attempt = 0; this.state.call !== null && this.state.call.attempt !== attempt; ) {
      attempt = this.state.call.attempt;
      await this.#call;
    }
  }

  /** Resolves when the call is over. Until then a timer keeps the deadlines: the object is awake anyway. */
  #make(attempt: number, request: Request): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const isUnderWay = (): boolean => this.state.call?.attempt === attempt;
    let timer: unknown;
    const watch = (): void => {
      if (!isUnderWay()) return resolve();
      const wait = Math.max(1, (nextDeadline(this.state) ?? 0) - this.clock.now());
      timer = this.clock.setTimeout(() => {
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
        const retryAfterMs = error instanceof ElectionError ? error.retryAfterMs : undefined;
        this.dispatch({ type: "failed", attempt, ...(retryAfterMs !== undefined && { retryAfterMs }) });
      })
      .catch((error: unknown) => this.#ports.callFailed(error))
      .finally(() => {
        this.clock.clearTimeout(timer);
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
