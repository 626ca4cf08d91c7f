/** Promises by name: all who wait for the same name share one. */
import { type Deferred, deferred } from "./deferred.ts";

export class Waiting<Name> {
  readonly #all = new Map<Name, Deferred<void>>();

  wait(name: Name): Promise<void> {
    const waiting = this.#all.get(name) ?? deferred();
    this.#all.set(name, waiting);
    // A call inside a callback may have gone on without it.
    waiting.promise.catch(() => {});
    return waiting.promise;
  }

  resolve(name: Name): void {
    this.#all.get(name)?.resolve();
    this.#all.delete(name);
  }

  reject(name: Name, error: unknown): void {
    this.#all.get(name)?.reject(error);
    this.#all.delete(name);
  }

  rejectAll(error: () => unknown): void {
    for (const { reject } of this.#all.values()) reject(error());
    this.#all.clear();
  }
}
