/**
 * The errors that all entry points share: each class exists once, so `instanceof` holds across entry points.
 *
 * Entry of the room `shared`: what both sides need beside the messages. Every room may import it; it imports nothing
 * outside `shared/`. It never sees a platform: time and randomness are parameters.
 */
import type { RevokeReason } from "./protocol/messages.ts";

/** Why a term has ended. `onRevoke` receives it. */
export type LossReason =
  | "resigned"
  | RevokeReason
  /** The lease has run out: no renewal was answered in time. */
  | "expired"
  /** The connection was lost, and `onDisconnect` is `revoke`. */
  | "disconnected"
  /** The page was frozen or left. */
  | "frozen"
  /** The group no longer knows the leadership. */
  | "lost"
  /** The contender or the client was closed. */
  | "closed";

/**
 * What time may mend, by the code of an error, and what it does not. Three things count more: the status of an HTTP answer, a
 * token that will be another one the next time, and that the client is closed for good.
 */
const PASSING: ReadonlySet<string> = new Set([
  "connection_failed",
  "connection_lost",
  "other_deployment",
  "other_interface",
  "timeout",
  "token_failed",
  "unavailable",
  "wait_timeout",
]);
const FINAL: ReadonlySet<string> = new Set(["forbidden", "invalid_argument", "unauthorized"]);

/** `isRefusal`: by a group, whose other codes, such as that of a full queue, may pass as well. */
export const isRetryable = (code: string, isRefusal = false): boolean =>
  isRefusal ? !FINAL.has(code) : PASSING.has(code);

/**
 * The base of the errors of this package, except the `TypeError` and the `RangeError` for wrong arguments and settings.
 * `retryable`: the same call may succeed later; otherwise something has to change first.
 */
export class ElectionError extends Error {
  // Written out, here and below: minifiers change the names of classes.
  static {
    ElectionError.prototype.name = "ElectionError";
  }
  readonly code: string;
  readonly retryable: boolean;
  /** After how long to ask again, if the backend says so: it is overloaded, limits this caller, or can't do it yet. */
  declare readonly retryAfterMs?: number;
  constructor(code: string, message: string = code, cause?: unknown, retryable: boolean = isRetryable(code)) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = retryable;
  }
}

/** What each reason means, for people. */
const WHY: Readonly<Record<LossReason, string>> = {
  resigned: "this process has stepped down",
  revoked: "an operator has taken it back",
  preempted: "another process comes first by priority or version",
  transferred: "it was moved to another process",
  expired: "no renewal was answered in time, as this process was blocked or asleep, or could not reach the group",
  disconnected: 'the connection was lost, and onDisconnect is "revoke"',
  frozen: "the page was frozen or left",
  lost: "the group no longer counts it, and another process may lead",
  closed: "the contender or the client was closed",
};

/** The leadership is over. It is also the reason of `leadership.signal`. */
export class LeadershipLostError extends ElectionError {
  static {
    LeadershipLostError.prototype.name = "LeadershipLostError";
  }
  readonly reason: LossReason;
  constructor(reason: LossReason) {
    super("leadership_lost", `the leadership is over (${reason}): ${WHY[reason]}; stop the work of this term`);
    this.reason = reason;
  }
}

/** The token is missing, wrong or expired, or does not allow this. */
export class UnauthorizedError extends ElectionError {
  static {
    UnauthorizedError.prototype.name = "UnauthorizedError";
  }
}

/** A wrong option or argument. The message names the field and what it takes. */
export const invalidArgument = (message: string, code = "invalid_argument"): TypeError =>
  Object.assign(new TypeError(message), { code, retryable: false });

export const invalid = (field: string, problem: string): TypeError => invalidArgument(`${field} ${problem}`);
