/** Iterators that can be left while they wait: an async generator would queue its `return()` behind a `next()` that never comes. */

/** What an iterator does. */
export interface Steps<T> {
  /** Called in the very call of `next`, and so in the context of whoever calls it. */
  resume?(): void;
  /** Called with the promise that `next` is about to return; returns it. */
  promised?(result: Promise<IteratorResult<T, void>>): Promise<IteratorResult<T, void>>;
  /** Resolves with the next value. `left` aborts when the iterator is left: what waits may end in any way then. */
  next(left: AbortSignal): Promise<T>;
  /** Called once, when it is left or has failed. Resolves when everything has stopped. */
  leave(): Promise<void>;
}

/**
 * `begin` is called by the first `next`, whose promise rejects with what it throws; one that is left before then does
 * nothing. `held` may delay what ends it.
 */
export function iterate<T>(
  begin: () => Steps<T>,
  held: <V>(outcome: Promise<V>) => Promise<V>,
): AsyncGenerator<T, void, undefined> {
  const left = new AbortController();
  const over: IteratorReturnResult<undefined> = { done: true, value: undefined };
  let steps: Steps<T> | undefined;
  let leaving: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const leave = (): Promise<void> => {
    left.abort();
    leaving ??= steps?.leave() ?? Promise.resolve();
    return leaving;
  };
  const step = async ({ next }: Steps<T>): Promise<IteratorResult<T, void>> => {
    if (leaving) return over;
    try {
      const value = await next(left.signal);
      return left.signal.aborted ? over : { done: false, value };
    } catch (error) {
      const wasLeft = left.signal.aborted;
      await leave();
      if (wasLeft) return over;
      throw error;
    }
  };
  const finish = async (): Promise<IteratorReturnResult<undefined>> => {
    await leave();
    return over;
  };
  const iterator: AsyncGenerator<T, void, undefined> = {
    next() {
      if (leaving) return Promise.resolve(over);
      let running: Steps<T>;
      try {
        running = steps ??= begin();
      } catch (error) {
        const failed = leave().then((): never => {
          throw error;
        });
        return held(failed);
      }
      running.resume?.();
      const result = held(last.then(() => step(running)));
      last = result.catch(() => {});
      return running.promised?.(result) ?? result;
    },
    return: finish,
    async throw(error) {
      await leave();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
    [Symbol.asyncDispose]: async () => void (await finish()),
  };
  return iterator;
}
