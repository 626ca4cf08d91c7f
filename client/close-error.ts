/** A lost connection, or one that could not be had, as its user is told of it. */

import { isRetryable } from "../shared/errors.ts";
import { CLOSE, closeMeaning, LOST } from "../shared/protocol/close-codes.ts";
import { unreachableError } from "../shared/remote/http.ts";
import { ElectionError, ProtocolError, UnauthorizedError } from "./errors.ts";

interface Loss {
  readonly code: number;
  /** What the server has sent with the code. */
  readonly reason?: string;
  /** Why there was no socket, where the platform says it. */
  readonly cause?: unknown;
  /** The socket was open. */
  readonly opened: boolean;
  /** What the session core has decided: no other attempt follows. */
  readonly fatal: boolean;
}

interface Where {
  readonly url: string;
  /** There may be a better token the next time. */
  readonly asksForToken: boolean;
}

/** `soFar`: what there is to say of failures before. `retryable` is that of a request with the same answer. */
export function closeError(
  { code, reason, cause, opened, fatal }: Loss,
  { url, asksForToken }: Where,
  soFar = "",
): ElectionError {
  const end = soFar + (fatal ? "; the client is closed" : "");
  if (cause instanceof UnauthorizedError)
    return new UnauthorizedError(cause.code, cause.message + end, undefined, !fatal && asksForToken && cause.retryable);
  if (cause instanceof ElectionError) {
    return new ElectionError(cause.code, cause.message + end, cause.cause, !fatal && cause.retryable);
  }
  if (!opened && code === LOST) return unreachableError(url, cause, end);
  const { error, message: meaning } = closeMeaning(code);
  const what = opened ? `the connection to ${url} was closed` : `no connection to ${url}`;
  const said = reason ? `; the server says: ${reason}` : "";
  const name = !opened && error === "connection_lost" ? "connection_failed" : error;
  const hasNewToken = asksForToken && code === CLOSE.unauthorized;
  return new classes[error](
    name,
    `${what} (${code}): ${meaning}${said}${end}`,
    cause,
    !fatal && (hasNewToken || isRetryable(name)),
  );
}

const classes = {
  connection_lost: ElectionError,
  unauthorized: UnauthorizedError,
  protocol_error: ProtocolError,
} as const;
