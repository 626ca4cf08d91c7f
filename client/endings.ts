/** Promises for the end of a term, of the client, and of callbacks. */
import { type Deferred, deferred } from "../shared/leadership/deferred.ts";
import { Waiting } from "../shared/leadership/waiting.ts";

/** A call inside the callback of a contender that waits for callbacks of others (C11). */
interface Wait {
  readonly caller: number;
  /** The contenders whose callbacks it still waits for. */
  readonly running: Set<number>;
  readonly resolve: () => void;
}

export class Endings {
  readonly #waits = new Set<Wait>();
  /** Resolves when the client is closed. */
  readonly client: Deferred<void> = deferred();
  /** For the end of terms, by leader session id. Rejects when the client is closed before. */
  readonly terms: Waiting<string> = new Waiting();

  /** What has not ended by now will not. */
  clientClosed(error: () => unknown): void {
    this.terms.rejectAll(error);
    this.client.resolve();
  }

  /**
   * Inside the callback of the caller: resolves when `over` does, or when nothing is left in the way but that callback, and
   * others that wait for it themselves. Rejects as `over` does. `running`: whose callbacks are in the way.
   */
  async stopped(over: Promise<void>, caller: number, running: Iterable<number>): Promise<void> {
    const { promise, resolve } = deferred();
    const wait = { caller, running: new Set(running), resolve };
    this.#waits.add(wait);
    this.#look();
    try {
      await Promise.race([over, promise]);
    } finally {
      this.#waits.delete(wait);
    }
  }

  /** Their callbacks have settled. */
  settled(contenders: readonly number[]): void {
    for (const { running } of this.#waits) for (const contender of contenders) running.delete(contender);
    this.#look();
  }

  #look(): void {
    for (const { caller, running, resolve } of this.#waits) {
      if ([...running].every((contender) => this.#waitsFor(contender, caller))) resolve();
    }
  }

  /** Whether the callback of the one goes on only after that of the other, directly or through more of them. */
  #waitsFor(contender: number, other: number, seen: Set<number> = new Set()): boolean {
    if (contender === other) return true;
    if (seen.has(contender)) return false;
    seen.add(contender);
    for (const { caller, running } of this.#waits) {
      if (caller === contender && [...running].some((next) => this.#waitsFor(next, other, seen))) return true;
    }
    return false;
  }
}
