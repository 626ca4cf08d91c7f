/** Look-ups in the group by HTTP. */

import { isRecord } from "../shared/protocol/fields.ts";
import { leaderInformation } from "../shared/protocol/server-codec.ts";
import { answerError, authorization, refusalIn, unreachableError } from "../shared/remote/http.ts";
import type { Clock } from "./clock.ts";
import { ElectionError } from "./errors.ts";
import type { Fetcher } from "./socket.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** As long as an attempt to connect may take. */
const TIMEOUT_MS = 10_000;

export interface LookUpPorts {
  readonly fetcher: Fetcher | undefined;
  readonly clock: Clock;
  askToken(): Promise<string | undefined>;
  readonly asksForToken: boolean;
}

/** What an answer has to be: whatever else answers with JSON is no deployment. */
export type IsAnswer = (body: unknown) => boolean;

export const isLeader: IsAnswer = (body) => {
  try {
    return leaderInformation(body, "") !== null;
  } catch {
    return false;
  }
};

export const isStatus: IsAnswer = (body) => isRecord(body) && Array.isArray(body["elections"]);

/**
 * Resolves with the body of the answer, or with `null` if nobody leads. Rejects at once with the reason of the first signal
 * that aborts. Rejects with a retryable `ElectionError` after 10 s of waiting for the token, the network or the server
 * (`timeout`), and if the group can't be reached (`connection_failed`). The error of a group that says when to ask again has
 * `retryAfterMs`.
 */
export async function lookUp(
  { fetcher, clock, askToken, asksForToken }: LookUpPorts,
  url: string,
  isAnswer: IsAnswer,
  signals: readonly (AbortSignal | undefined)[],
  method: "GET" | "DELETE" = "GET",
): Promise<unknown> {
  const ended = new AbortController();
  const timeout = clock.setTimeout(() => {
    ended.abort(new ElectionError("timeout", `${url} did not answer within ${TIMEOUT_MS} ms: try again`));
  }, TIMEOUT_MS);
  const ask = async (): Promise<unknown> => {
    const token = await askToken();
    const { signal } = ended;
    signal.throwIfAborted();
    const response = await (fetcher ?? globalThis)
      .fetch(url, { method, headers: authorization(token), signal, redirect: "manual" })
      .catch((cause: unknown): never => {
        throw unreachableError(url, cause);
      });
    const { status, headers } = response;
    const body = await response.json().catch(() => undefined);
    if (status === 200 && isAnswer(body)) return body;
    if (status === 404 && refusalIn(body)?.code === "no_leader") return null;
    throw answerError(url, { status, body, header: (name) => headers?.get(name) }, asksForToken);
  };
  try {
    return await unlessAborted(ask(), ended.signal, ...signals);
  } finally {
    clock.clearTimeout(timeout);
    // A request that is still under way is given up.
    ended.abort();
  }
}
