/** What a close code means to the user. */
import { CLOSE, closeAction } from "../shared/close-codes.ts";
import { ElectionError, ProtocolError, UnauthorizedError } from "./errors.ts";

export function closeError(code: number): ElectionError {
  const message = `connection closed (${code})`;
  const retryable = closeAction(code) !== "fatal";
  if (code === CLOSE.unauthorized || code === CLOSE.forbidden) {
    return new UnauthorizedError("unauthorized", message, undefined, retryable);
  }
  if (retryable) return new ElectionError("connection_lost", message, undefined, true);
  return new ProtocolError("protocol_error", message);
}
