/** A promise, and what settles it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/** As the promise; rejects with the reason of the first signal that aborts before. */
export async function unlessAborted<T>(
  promise: Promise<T>,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<T> {
  const { promise: aborted, reject } = deferred<never>();
  // Where a signal has aborted already, nothing else waits for it: it may still reject.
  promise.catch(() => {});
  const aborts = signals.flatMap((signal) => (signal ? { signal, abort: () => reject(signal.reason) } : []));
  for (const { signal } of aborts) signal.throwIfAborted();
  for (const { signal, abort } of aborts) signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    for (const { signal, abort } of aborts) signal.removeEventListener("abort", abort);
  }
}
