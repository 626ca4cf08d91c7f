/**
 * Knows whose callback is running. A call inside a callback must not wait for that callback, or both would wait for ever
 * (C11). Where the platform follows asynchronous calls (`AsyncLocalStorage` of Node, Deno, Bun, Workers with
 * `nodejs_compat`) a callback is followed over its `await`s; elsewhere, as in pages, until its first one. `Caller` names a
 * contender.
 */
export interface Inside<Caller> {
  /** The contender whose callback, or body of a loop, the caller is in. */
  current(): Caller | undefined;
  /** Runs the callback of a contender. `undefined`: runs outside of all callbacks. */
  run<R>(contender: Caller | undefined, callback: () => R): R;
  /** From here on, over its `await`s, the caller is in the body of the contender's loop. `undefined`: it has left the body. */
  enter(contender: Caller | undefined): void;
  /**
   * The body of a loop continues after this promise of its `next`: it is inside from there until its first `await`. (To enter
   * in the first call of `next` would include the code that has started the loop.) Has to be called where the promise is
   * made, before anything waits for it. Returns the promise.
   */
  beginBody<T extends { readonly done?: boolean | undefined }>(contender: Caller, next: Promise<T>): Promise<T>;
  /** Called by everything that a body is likely to use. A body that uses it before its first `await` is inside after it, too. */
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
