/** Iterators that can be left while they wait: an async generator would queue its `return()` behind a `next()` that never comes. */

/** What one iterator does. */
export interface Steps<T> {
  /** Called synchronously by `next`, and so in the context of its caller. */
  resume?(): void;
  /** Called with the promise that `next` is about to return, which it returns. */
  promised?(result: Promise<IteratorResult<T, void>>): Promise<IteratorResult<T, void>>;
  /** Resolves with the next value. `left` aborts when the iterator is left: the promise may then settle in any way. */
  next(left: AbortSignal): Promise<T>;
  /** Called once, when the iterator is left or has failed. Resolves when everything has stopped. */
  leave(): Promise<void>;
}

/**
 * `begin` is called by the first `next`, whose promise rejects with what `begin` throws. An iterator that is left before its
 * first `next` does nothing. `held` may delay the outcome of a step.
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
