/** For errors of callbacks that nobody listens for: reported like an uncaught error, without ending the process. */
export function reportUncaught(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}
