/** The way from a contender by RPC to its group: it passes calls on, and can fail as networks do. */
import type { Elections } from "../../../worker/index.ts";

export class Path {
  #isPartitioned = false;
  /** Calls that are under way. */
  readonly #resets = new Set<() => void>();
  /** Of calls that a partition has swallowed, or their answers. */
  readonly #swallowed = new Set<() => void>();
  #isResetDue = false;

  to(elections: Elections): Elections {
    return {
      getLeader: (...all) => elections.getLeader(...all),
      status: (...all) => elections.status(...all),
      electionStatus: (...all) => elections.electionStatus(...all),
      history: (...all) => elections.history(...all),
      checkFence: (...all) => elections.checkFence(...all),
      revoke: (...all) => elections.revoke(...all),
      campaign: (...all) => this.#pass(() => elections.campaign(...all)),
      renew: (...all) => this.#pass(() => elections.renew(...all)),
      confirm: (...all) => this.#pass(() => elections.confirm(...all)),
      release: (...all) => this.#pass(() => elections.release(...all)),
      run: (...all) => this.#pass(() => elections.run(...all)),
      job: (...all) => elections.job(...all),
    };
  }

  /** Fails the call that is under way, or else the next one. Call it inside the object that makes the calls. */
  cut(): void {
    this.#isResetDue = this.#resets.size === 0;
    for (const reset of this.#resets) reset();
  }

  /** Fails what a partition has swallowed, so that nobody waits for it. Call it inside the object that makes the calls. */
  giveUp(): void {
    for (const reset of this.#swallowed) reset();
    this.#swallowed.clear();
  }

  /** From now on nothing arrives either way, and neither end is notified. */
  partition(): void {
    this.#isPartitioned = true;
  }

  heal(): void {
    this.#isPartitioned = false;
  }

  #pass<T>(call: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const reset = (): void => reject(new Error("the path was reset"));
    if (this.#isPartitioned) {
      this.#swallowed.add(reset);
      return promise;
    }
    if (this.#isResetDue) {
      this.#isResetDue = false;
      reset();
      return promise;
    }
    this.#resets.add(reset);
    const through = (deliver: () => void): void => {
      this.#resets.delete(reset);
      if (this.#isPartitioned) this.#swallowed.add(reset);
      else deliver();
    };
    call().then(
      (answer) => through(() => resolve(answer)),
      (error: unknown) => through(() => reject(error)),
    );
    return promise;
  }
}
