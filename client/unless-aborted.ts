import { deferred } from "../shared/leadership/deferred.ts";

/** As the promise; rejects with the reason of the first signal that aborts before. */
export async function unlessAborted<T>(
  promise: Promise<T>,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<T> {
  const { promise: aborted, reject } = deferred<never>();
  // Where a signal has aborted already, nothing else waits for it: it may still reject.
  promise.catch(() => {});
  for (const signal of signals) signal?.throwIfAborted();
  const over = new AbortController();
  for (const signal of signals) {
    signal?.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
  }
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    over.abort();
  }
}
