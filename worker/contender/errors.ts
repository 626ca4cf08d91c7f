/** What can go wrong for code that contends by RPC. Codes and fields are those of the client's errors. */
import type { LossReason } from "./core/state.ts";

/** `retryable`: the same may go well later. */
export class ElectionError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  constructor(
    code: string,
    message: string,
    { cause, retryable = false }: { cause?: unknown; retryable?: boolean } = {},
  ) {
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
