/**
 * Whose callback is running: what is called inside of it must not wait for it, or both would wait for ever (C11). Where
 * the platform follows asynchronous calls (`AsyncLocalStorage` of Node, Deno, Bun, Workers with `nodejs_compat`) a
 * callback is followed over its `await`s; elsewhere, as in pages, until its first one. `Caller` names a contender.
 */
export interface Inside<Caller> {
  /** The contender in whose callback, or body of a loop, the caller is. */
  current(): Caller | undefined;
  /** Runs the callback of a contender; `undefined`: of nobody. */
  run<R>(contender: Caller | undefined, callback: () => R): R;
  /** The caller is in the body of the contender's loop from here on, over its `await`s; `undefined`: it has left it. */
  enter(contender: Caller | undefined): void;
  /**
   * Whoever waits for this promise of a loop's `next` goes on with the body of the contender's loop: it is inside until its
   * first `await`. (To enter in the first call of `next` would take in whoever has called the loop as well.) Has to be
   * called where the promise is made, before anybody waits for it. Returns the promise.
   */
  beginBody<T extends { readonly done?: boolean | undefined }>(contender: Caller, next: Promise<T>): Promise<T>;
  /** To be called by whatever a body is likely to use: a body that does so before its first `await` is inside after it, too. */
  mark(): void;
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
  const storage: Storage<Caller> = AsyncLocalStorage ? new AsyncLocalStorage() : synchronous();
  /** Whose body has just begun: until its first `await`. */
  let body: Caller | undefined;
  const enter = (contender: Caller | undefined): void => storage.enterWith?.(contender);
  const endBody = (): void => {
    body = undefined;
  };
  return {
    current: () => body ?? storage.getStore(),
    enter,
    run(contender, callback) {
      const outer = body;
      body = undefined;
      try {
        return storage.run(contender, callback);
      } finally {
        body = outer;
      }
    },
    beginBody(contender, next) {
      // Reactions run in the order in which they were added: the first, then the body, which waits for `next` by the time
      // that the second is added.
      next.then(({ done }) => {
        if (!done) body = contender;
      }, endBody);
      void Promise.resolve().then(() => next.then(endBody, endBody));
      return next;
    },
    mark() {
      if (body !== undefined) enter(body);
    },
  };
}

function synchronous<Caller>(): Storage<Caller> {
  let current: Caller | undefined;
  return {
    getStore: () => current,
    run(contender, callback) {
      const outer = current;
      current = contender;
      try {
        return callback();
      } finally {
        current = outer;
      }
    },
  };
}
