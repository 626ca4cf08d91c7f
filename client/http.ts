/** What every HTTP request of the client has in common. */

export const authorization = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

interface ProblemBody {
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

/** What a refusal says of itself: its code, where it has one, and a message that names the status. */
export interface Problem {
  readonly code: string | undefined;
  readonly message: string;
}

/** The seconds of a `Retry-After`, in milliseconds; `undefined` where it says a date, or nothing. */
export const retryAfterMs = (seconds: string | null | undefined): number | undefined =>
  seconds && /^\d+$/.test(seconds) ? Number(seconds) * 1_000 : undefined;

/** `body`: the parsed JSON of the answer; anything else says nothing. */
export function problemOf(status: number, body: unknown): Problem {
  const { code, message } = (body as ProblemBody | null | undefined)?.error ?? {};
  return {
    code: typeof code === "string" ? code : undefined,
    message: typeof message === "string" ? `HTTP ${status}: ${message}` : `HTTP ${status}`,
  };
}
