/** Who is told what happens to the client as a whole, and to whom an error goes. */
import type { Inside } from "../shared/inside.ts";
import type { ContenderCallbacks } from "./member.ts";
import type { ClientState } from "./session/state.ts";
import { reportUncaught } from "./uncaught.ts";

export class Listeners {
  readonly states: Set<(state: ClientState) => void> = new Set();
  readonly errors: Set<(error: unknown) => void> = new Set();
  /** Of the connection, or of a contender that the group refuses: the newest. */
  lastError: unknown;
  readonly #inside: Inside<number>;

  constructor(inside: Inside<number>) {
    this.#inside = inside;
  }

  /** An error of one contender: to its own `onError`, otherwise to the client's; where nobody listens it must not vanish. */
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

  /** Calls every listener, inside of no callback; what one of them throws harms no other. */
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
