/** What a close code means to the user. */
import { CLOSE } from "../shared/close-codes.ts";
import { ElectionError, ProtocolError, UnauthorizedError } from "./errors.ts";

/** `fatal`: what the session core has decided, so the error does not promise another attempt where none comes. */
export function closeError(code: number, fatal: boolean): ElectionError {
  const message = `connection closed (${code})`;
  if (code === CLOSE.unauthorized || code === CLOSE.forbidden) {
    return new UnauthorizedError("unauthorized", message, undefined, !fatal);
  }
  if (!fatal) return new ElectionError("connection_lost", message, undefined, true);
  return new ProtocolError("protocol_error", message);
}
