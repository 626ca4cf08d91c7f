/** A lost connection, or one that could not be had, as its user is told of it. */
import { closeMeaning, LOST } from "../shared/protocol/close-codes.ts";
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

/** `url`: where the session is. `soFar`: what there is to say of failures before. */
export function closeError({ code, reason, cause, opened, fatal }: Loss, url: string, soFar = ""): ElectionError {
  const end = soFar + (fatal ? "; the client is closed" : "");
  if (cause instanceof UnauthorizedError)
    return new UnauthorizedError(cause.code, cause.message + end, undefined, !fatal);
  if (cause instanceof ElectionError) {
    return new ElectionError(cause.code, cause.message + end, cause.cause, !fatal && cause.retryable);
  }
  if (!opened && code === LOST) return unreachableError(url, cause, end);
  const { error, message: meaning } = closeMeaning(code);
  const what = opened ? `the connection to ${url} was closed` : `${url} can't be connected`;
  const said = reason ? `; the server says: ${reason}` : "";
  const name = !opened && error === "connection_lost" ? "connection_failed" : error;
  return new classes[error](name, `${what} (${code}): ${meaning}${said}${end}`, cause, !fatal);
}

const classes = {
  connection_lost: ElectionError,
  unauthorized: UnauthorizedError,
  protocol_error: ProtocolError,
} as const;
