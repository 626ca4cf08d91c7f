/** For errors of callbacks that nobody listens for: to whatever hears of uncaught ones, without ending the process. */
export function reportUncaught(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}
