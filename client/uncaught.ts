/** For errors that nobody listens for: reported like an uncaught error, without ending the process. */
export function reportUncaught(error: unknown): void {
  try {
    (globalThis.reportError ?? console.error)(error);
  } catch (thrown) {
    // A test may forbid `console.error`. What goes on here goes on, and the platform gets the error.
    queueMicrotask(() => {
      throw thrown;
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
