/** A client that signals close: what waits for it does not fail before the process has ended. */
import type { LeaderChange, LeaderInformation } from "../../shared/messages.ts";
import { type ClientOptions, ElectionClient } from "../client.ts";
import type { Acquired, ScopeOptions } from "../elect.ts";
import { ClientClosedError } from "../errors.ts";
import type { Leadership } from "../leadership.ts";
import type { ObserveOptions } from "../observe.ts";
import type { OpenSocket } from "../socket.ts";
import { type Farewell, leaveOnSignals } from "./signals.ts";

/**
 * Scopes and observers that a signal ends stay pending until the signal is raised again. Otherwise a program that awaits
 * one of them would end by the error, with another client of it still draining, and not by the signal. They reject with
 * `ClientClosedError` if the process goes on, and at once wherever it was not a signal that closed the client.
 */
export class LeavingClient<Component extends string = string> extends ElectionClient<Component> {
  readonly #farewell: Farewell;

  constructor(options: ClientOptions, openSocket: OpenSocket | undefined, signals: readonly NodeJS.Signals[]) {
    super(options, openSocket);
    this.#farewell = leaveOnSignals(this, signals);
  }

  override elect<C extends Component, T>(
    component: C,
    run: (leadership: Leadership<C>) => T | PromiseLike<T>,
    options?: ScopeOptions,
  ): Promise<T> {
    return this.#held(super.elect(component, run, options));
  }

  override acquire<C extends Component>(component: C, options?: ScopeOptions): Promise<Acquired<C>> {
    return this.#held(super.acquire(component, options));
  }

  override terms<C extends Component>(
    component: C,
    options?: ScopeOptions,
  ): AsyncGenerator<Leadership<C>, void, undefined> {
    return this.#heldLoop(super.terms(component, options));
  }

  override observe(
    component: Component,
    options?: ObserveOptions,
  ): AsyncGenerator<LeaderInformation | null, void, undefined>;
  override observe(component?: undefined, options?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;
  override observe(component?: Component, options?: ObserveOptions): AsyncGenerator<unknown, void, undefined> {
    return this.#heldLoop<unknown>(
      component === undefined ? super.observe(component, options) : super.observe(component, options),
    );
  }

  async #held<T>(outcome: Promise<T>): Promise<T> {
    try {
      return await outcome;
    } catch (error) {
      if (error instanceof ClientClosedError) await this.#farewell();
      throw error;
    }
  }

  async *#heldLoop<T>(values: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    try {
      yield* values;
    } catch (error) {
      if (error instanceof ClientClosedError) await this.#farewell();
      throw error;
    }
  }
}
