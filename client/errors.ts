/** What can go wrong, as users of the client see it. `retryable`: it may go well the next time, often by itself. */
import { closeAction } from "../shared/close-codes.ts";
import type { LossReason } from "./session/state.ts";

export interface ErrorDetails {
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class ElectionError extends Error {
  override readonly name: string = "ElectionError";
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, { retryable = false, cause }: ErrorDetails = {}) {
    super(message, { cause });
    this.code = code;
    this.retryable = retryable;
  }
}

/** The leadership is over. Also the reason of `leadership.signal`. */
export class LeadershipLostError extends ElectionError {
  readonly reason: LossReason;
  constructor(reason: LossReason) {
    super("leadership_lost", `leadership ${reason}`);
    this.reason = reason;
  }
}

/** The component has a contender in this client: close that one first. */
export class DuplicateContenderError extends ElectionError {
  constructor(component: string) {
    super("duplicate_component", `${component} has a contender: close it first`);
  }
}

/** The client is closed for good. `cause` is the error that closed it, if it was not `close()`. */
export class ClientClosedError extends ElectionError {
  constructor(cause?: unknown) {
    super("client_closed", "the client is closed", { cause });
  }
}

/** The token is missing, wrong, expired, or does not allow this. */
export class UnauthorizedError extends ElectionError {}

/** One of the two sides has broken the protocol, or does not speak it. */
export class ProtocolError extends ElectionError {
  constructor(message: string, cause?: unknown) {
    super("protocol_error", message, { cause });
  }
}

/** What a close code means to the user. */
export function closeError(code: number): ElectionError {
  const message = `connection closed (${code})`;
  const retryable = closeAction(code) !== "fatal";
  if (code === 4401 || code === 4403) return new UnauthorizedError("unauthorized", message, { retryable });
  return retryable ? new ElectionError("connection_lost", message, { retryable }) : new ProtocolError(message);
}
