/** For errors that nobody listens for: reported like an uncaught error, without ending the process. */
export function reportUncaught(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
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
