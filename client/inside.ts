/**
 * Which contender's callback is running: what is called inside of it must not wait for it, or both would wait for ever
 * (C11). Where the platform follows asynchronous calls (`AsyncLocalStorage` of Node, Deno, Bun, Workers with
 * `nodejs_compat`) a callback is followed over its `await`s; elsewhere, as in pages, until its first one.
 */
export interface Inside {
  /** The contender in whose callback the caller is. */
  current(): number | undefined;
  /** Runs the callback of a contender; `undefined`: of nobody. */
  run<R>(contender: number | undefined, callback: () => R): R;
  /** The caller is in the body of the contender's loop from here on; `undefined`: it has left it. */
  enter(contender: number | undefined): void;
}

interface Storage {
  getStore(): number | undefined;
  run<R>(store: number | undefined, callback: () => R): R;
  enterWith?(store: number | undefined): void;
}
interface Platform {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage?: new () => Storage } | undefined;
  };
}

export function createInside(): Inside {
  const { process } = globalThis as Platform;
  const AsyncLocalStorage = process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
  return AsyncLocalStorage ? followed(new AsyncLocalStorage()) : synchronous();
}

const followed = (storage: Storage): Inside => ({
  current: () => storage.getStore(),
  run: (contender, callback) => storage.run(contender, callback),
  enter: (contender) => storage.enterWith?.(contender),
});

function synchronous(): Inside {
  let current: number | undefined;
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
