/** What an outage is told: its first failure at once, each new kind of failure once, and then a reminder now and then. */
import type { ElectionError } from "./errors.ts";

const REMIND_AFTER_MS = 60_000;
/** A client that nobody listens to says once in its life that it can't connect. */
export const WARN_AFTER_MS = 5_000;

/** From the first failure until the session is connected again, or none is needed. Times on the client's clock. */
export class Outage {
  readonly #since: number;
  readonly #kinds = new Set<string>();
  #failures = 0;
  #toldAt = -Infinity;

  constructor(now: number) {
    this.#since = now;
  }

  get failures(): number {
    return this.#failures;
  }

  lastedMs(now: number): number {
    return now - this.#since;
  }

  /** One more. Returns what the text of its error says of those before: nothing in the first one. */
  fail(now: number): string {
    this.#failures += 1;
    return this.#failures === 1 ? "" : ` (failure ${this.#failures} in ${Math.round(this.lastedMs(now) / 1_000)} s)`;
  }

  /** Whether the listeners are told of this failure. */
  isNews({ code }: ElectionError, now: number): boolean {
    const isNews = !this.#kinds.has(code) || now - this.#toldAt >= REMIND_AFTER_MS;
    if (!isNews) return false;
    this.#kinds.add(code);
    this.#toldAt = now;
    return true;
  }
}
