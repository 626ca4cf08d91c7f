/**
 * For errors that nobody listens for: reported like an uncaught error, without ending the process. If even the report
 * throws, as where a test forbids `console.error`, both errors are thrown in a microtask: the client goes on, unless the
 * platform ends the process.
 */
export function reportUncaught(error: unknown): void {
  try {
    (globalThis.reportError ?? console.error)(error);
  } catch (thrown) {
    queueMicrotask(() => {
      throw new AggregateError([error, thrown], "an error could not be reported");
    });
  }
}

/** Its error is reported, and ends nothing else. */
export function attempt<T>(run: (given: T) => void, given: T): void {
  try {
    run(given);
  } catch (error) {
    reportUncaught(error);
  }
}

/** For what may pass by itself, and nobody listens for. */
export function warn(text: string): void {
  console.warn(`edge-election: ${text}`);
}
