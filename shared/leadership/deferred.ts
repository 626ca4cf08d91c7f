/** A promise, and what settles it. A type of its own: the platform's is newer than the programs that import the client's. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** As `Promise.withResolvers`, which not every engine has that runs the client. */
export function deferred<T = void>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const { resolve, reject } = settle;
  return { promise, resolve, reject };
}
