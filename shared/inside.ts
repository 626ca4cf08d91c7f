/**
 * Whose callback is running: what is called inside of it must not wait for it, or both would wait for ever (C11). Where
 * the platform follows asynchronous calls (`AsyncLocalStorage` of Node, Deno, Bun, Workers with `nodejs_compat`) a
 * callback is followed over its `await`s; elsewhere, as in pages, until its first one. `Caller` names a contender.
 */
export interface Inside<Caller> {
  /** The contender in whose callback the caller is. */
  current(): Caller | undefined;
  /** Runs the callback of a contender; `undefined`: of nobody. */
  run<R>(contender: Caller | undefined, callback: () => R): R;
  /** The caller is in the body of the contender's loop from here on; `undefined`: it has left it. */
  enter(contender: Caller | undefined): void;
}

interface Storage<Caller> {
  getStore(): Caller | undefined;
  run<R>(store: Caller | undefined, callback: () => R): R;
  enterWith?(store: Caller | undefined): void;
}
interface Platform<Caller> {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage?: new () => Storage<Caller> } | undefined;
  };
}

/** `platform`: its global object. */
export function createInside<Caller>(platform: object): Inside<Caller> {
  const { process } = platform as Platform<Caller>;
  const AsyncLocalStorage = process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
  return AsyncLocalStorage ? followed(new AsyncLocalStorage()) : synchronous();
}

const followed = <Caller>(storage: Storage<Caller>): Inside<Caller> => ({
  current: () => storage.getStore(),
  run: (contender, callback) => storage.run(contender, callback),
  enter: (contender) => storage.enterWith?.(contender),
});

function synchronous<Caller>(): Inside<Caller> {
  let current: Caller | undefined;
  return {
    current: () => current,
    run(contender, callback) {
      const outer = current;
      current = contender;
      try {
        return callback();
      } finally {
        current = outer;
      }
    },
    enter() {
      // The body of a loop begins after an `await`.
    },
  };
}
