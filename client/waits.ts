/** What waits for something to change, and which callback waits for which. */

/** A call inside the callback of a contender that waits for callbacks of others. */
interface Wait {
  readonly caller: number;
  /** The contenders whose callbacks it waits for at this moment. */
  readonly running: () => readonly number[];
}

export class Waits {
  readonly #checks = new Set<() => void>();
  readonly #waits = new Set<Wait>();

  /** To be called after everything that happens. */
  look(): void {
    for (const check of this.#checks) check();
  }

  /** Resolves when the condition holds; rejects when the signal aborts, or with what `failure` gives. */
  until(condition: () => boolean, failure: () => unknown, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const failed = signal?.aborted ? undefined : failure();
        if (signal?.aborted) reject(signal.reason);
        else if (condition()) resolve();
        else if (failed !== undefined) reject(failed);
        else return;
        this.#checks.delete(check);
        signal?.removeEventListener("abort", check);
      };
      this.#checks.add(check);
      signal?.addEventListener("abort", check);
      check();
    });
  }

  /**
   * The same for whoever is inside the callback of a contender: it also resolves when nothing is left in the way but that
   * callback, and others that wait for it themselves (C11).
   */
  async stopped(isOver: () => boolean, wait: Wait, failure: () => unknown): Promise<void> {
    this.#waits.add(wait);
    try {
      const isFree = (): boolean => wait.running().every((contender) => this.#waitsFor(contender, wait.caller));
      await this.until(() => isOver() || isFree(), failure);
    } finally {
      this.#waits.delete(wait);
    }
  }

  /** Whether the callback of the one goes on only after that of the other, directly or through more of them. */
  #waitsFor(contender: number, other: number, seen: Set<number> = new Set()): boolean {
    if (contender === other) return true;
    if (seen.has(contender)) return false;
    seen.add(contender);
    for (const { caller, running } of this.#waits) {
      if (caller === contender && running().some((next) => this.#waitsFor(next, other, seen))) return true;
    }
    return false;
  }
}
