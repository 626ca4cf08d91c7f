/** Promises by name: all who wait for the same name share one. */
export class Waiting {
  readonly #all = new Map<string, PromiseWithResolvers<void>>();

  wait(name: string): Promise<void> {
    const known = this.#all.get(name);
    if (known !== undefined) return known.promise;
    const fresh = Promise.withResolvers<void>();
    this.#all.set(name, fresh);
    return fresh.promise;
  }

  resolve(name: string): void {
    this.#take(name)?.resolve();
  }

  reject(name: string, error: Error): void {
    this.#take(name)?.reject(error);
  }

  #take(name: string): PromiseWithResolvers<void> | undefined {
    const waiting = this.#all.get(name);
    this.#all.delete(name);
    return waiting;
  }
}
