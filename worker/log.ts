/** One JSON object per line, as log collectors of the platform expect. Never a token, a secret or a request's text. */
export function logError(event: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  console.error(JSON.stringify({ level: "error", event, message }));
}
