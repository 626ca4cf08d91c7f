/** What a close code means to the user. */
import { CLOSE } from "../shared/protocol/close-codes.ts";
import { ElectionError, ProtocolError, UnauthorizedError } from "./errors.ts";

/** Why, as far as the code tells. No code of its own: the socket was never open, or was lost without a word. */
const REASONS: Readonly<Record<number, string>> = {
  1006: "the backend can't be reached, or the network was lost",
  [CLOSE.restart]: "the backend restarts",
  [CLOSE.protocolViolation]: "the server refuses a frame, or the name of the group",
  [CLOSE.unauthorized]: "the token is missing, wrong or expired",
  [CLOSE.forbidden]: "the group, the role or the origin is not allowed",
  [CLOSE.tooLarge]: "a frame was too large",
  [CLOSE.unsupportedVersion]: "client and server speak different versions",
  [CLOSE.tooMany]: "too many frames or sessions",
};

/**
 * `fatal`: what the session core has decided, so the error does not promise another attempt where none comes. `cause`: why
 * the attempt to connect failed, where it was the token or the socket that could not be had.
 */
export function closeError(code: number, fatal: boolean, cause?: unknown): ElectionError {
  const reason = cause === undefined ? REASONS[code] : messageOf(cause);
  const message = `connection closed (${code})${reason ? `: ${reason}` : ""}`;
  if (code === CLOSE.unauthorized || code === CLOSE.forbidden) {
    return new UnauthorizedError("unauthorized", message, cause, !fatal);
  }
  if (!fatal) return new ElectionError("connection_lost", message, cause, true);
  return new ProtocolError("protocol_error", message, cause);
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
