/** What can go wrong, as users of the client see it. */
import type { LossReason } from "./session/state.ts";

/** Every error of this package. `retryable`: the same may go well later, often by itself. */
export class ElectionError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  constructor(code: string, message = code, cause?: unknown, retryable = false) {
    super(message, { cause });
    this.code = code;
    this.retryable = retryable;
  }
}

/** The leadership is over. It is also the reason of `leadership.signal`. */
export class LeadershipLostError extends ElectionError {
  readonly reason: LossReason;
  constructor(reason: LossReason) {
    super("leadership_lost", `leadership ${reason}`);
    this.reason = reason;
  }
}

/** The component has a contender in this client already: close that one first. */
export class DuplicateContenderError extends ElectionError {}

/** The client is closed for good. `cause` says why, unless `close()` was called. */
export class ClientClosedError extends ElectionError {}

/** The token is missing, wrong or expired, or does not allow this. */
export class UnauthorizedError extends ElectionError {}

/** One of the two sides has broken the protocol, or does not speak it. */
export class ProtocolError extends ElectionError {}
