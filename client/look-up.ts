/** Look-ups in the group by HTTP. */
import type { Clock } from "./clock.ts";
import { unlessAborted } from "./deferred.ts";
import { ElectionError, UnauthorizedError } from "./errors.ts";
import { authorization, problemOf, retryAfterMs } from "./http.ts";
import type { Fetcher } from "./socket.ts";

/** As long as an attempt to connect may take. */
const TIMEOUT_MS = 10_000;

export interface LookUpPorts {
  readonly fetcher: Fetcher | undefined;
  readonly clock: Clock;
  askToken(): Promise<string | undefined>;
}

/**
 * Resolves with the body of the answer, or with `null` if nobody leads. Rejects at once with the reason of the first signal
 * that aborts. Rejects with a retryable `ElectionError` after 10 s of waiting for the token, the network or the server
 * (`timeout`), and if the group can't be reached (`connection_failed`). The error of a group that says when to ask again has
 * `retryAfterMs`.
 */
export async function lookUp(
  { fetcher, clock, askToken }: LookUpPorts,
  url: string,
  signals: readonly (AbortSignal | undefined)[],
): Promise<unknown> {
  const ended = new AbortController();
  const timeout = clock.setTimeout(() => {
    ended.abort(new ElectionError("timeout", `the group did not answer within ${TIMEOUT_MS} ms`, undefined, true));
  }, TIMEOUT_MS);
  const ask = async (): Promise<unknown> => {
    const token = await askToken();
    const { signal } = ended;
    signal.throwIfAborted();
    const response = await (fetcher ?? globalThis)
      .fetch(url, { headers: authorization(token), signal })
      .catch(unreachable);
    const { status } = response;
    const body = await response.json().catch(() => undefined);
    if (status === 200 && typeof body === "object" && body !== null) return body;
    const { code, message } = problemOf(status, body);
    if (code === "no_leader") return null;
    const retryAfter = retryAfterMs(response.headers?.get("retry-after"));
    throw Object.assign(refusal(status, message), retryAfter !== undefined && { retryAfterMs: retryAfter });
  };
  try {
    return await unlessAborted(ask(), ended.signal, ...signals);
  } finally {
    clock.clearTimeout(timeout);
    // A request that is still under way is given up.
    ended.abort();
  }
}

function unreachable(cause: unknown): never {
  throw new ElectionError("connection_failed", `the group can't be reached: ${String(cause)}`, cause, true);
}

function refusal(status: number, message: string): ElectionError {
  if (status === 200)
    return new ElectionError("refused", "the answer is no JSON object: check that url is that of a deployment");
  if (status === 401 || status === 403) return new UnauthorizedError("unauthorized", message);
  return new ElectionError("refused", message, undefined, status === 429 || status >= 500);
}
