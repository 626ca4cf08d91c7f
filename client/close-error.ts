/** A lost connection, as its user is told of it. */
import { closeMeaning } from "../shared/protocol/close-codes.ts";
import { ElectionError, ProtocolError, UnauthorizedError } from "./errors.ts";

interface Loss {
  readonly code: number;
  /** What the server has sent with the code. */
  readonly reason?: string;
  /** What the session core has decided: no other attempt follows. */
  readonly fatal: boolean;
}

/** `cause`: why the attempt to connect failed, where the token or the socket could not be had. */
export function closeError({ code, reason, fatal }: Loss, cause?: unknown): ElectionError {
  const { error, message: meaning } = closeMeaning(code);
  const why = cause === undefined ? meaning : messageOf(cause);
  const message = `connection closed (${code}): ${why}${reason ? `; the server says: ${reason}` : ""}`;
  return new errors[error](error, message, cause, !fatal);
}

const errors = {
  connection_lost: ElectionError,
  unauthorized: UnauthorizedError,
  protocol_error: ProtocolError,
} as const;

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
