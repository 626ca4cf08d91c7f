/** What runs inside of a guard has to be done when it returns: what it does later is not guarded. */
import { FenceError } from "./errors.ts";

/** Throws a `FenceError` with the code `async_work` for an `async` function, which has not run then. */
export function assertSynchronous(work: unknown, remedy: string): void {
  if (work instanceof (async () => {}).constructor) throw asynchronous(remedy);
}

/** The result, or a `FenceError` with the code `async_work` for a promise. What becomes of the promise is ignored. */
export function synchronous<T>(result: T, remedy: string): T {
  if (typeof result !== "object" || result === null || !("then" in result)) return result;
  Promise.resolve(result).catch(() => {});
  throw asynchronous(remedy);
}

const asynchronous = (remedy: string): FenceError => new FenceError("async_work", remedy);
