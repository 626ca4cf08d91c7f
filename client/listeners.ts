/** The listeners of the client, and which of them an error goes to. */
import type { Inside } from "../shared/inside.ts";
import type { ContenderCallbacks } from "./member.ts";
import type { ClientState } from "./session/state.ts";
import { reportUncaught } from "./uncaught.ts";

export class Listeners {
  readonly states: Set<(state: ClientState) => void> = new Set();
  readonly errors: Set<(error: unknown) => void> = new Set();
  /** The newest error of the connection, or of a contender that the group refuses. */
  lastError: unknown;
  readonly #inside: Inside<number>;

  constructor(inside: Inside<number>) {
    this.#inside = inside;
  }

  /** An error of one contender goes to its own `onError`, otherwise to the client's listeners, otherwise to the platform. */
  fail(error: unknown, callbacks: Pick<ContenderCallbacks, "onError">): void {
    if (callbacks.onError) this.notify([(given) => callbacks.onError?.(given)], error);
    else if (this.errors.size > 0) this.notify(this.errors, error);
    else reportUncaught(error);
  }

  /** An error of the client. */
  report(error: unknown): void {
    this.lastError = error;
    this.notify(this.errors, error);
  }

  /** Calls every listener, outside of all callbacks. An error of one listener does not stop the others. */
  notify<T>(listeners: Iterable<(value: T) => void>, value: T): void {
    for (const listener of listeners) {
      try {
        this.#inside.run(undefined, () => listener(value));
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}
