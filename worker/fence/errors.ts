/** Errors of the guards. Like the errors of the client they have `code`, `retryable`, and a message with the remedy. */
import { ElectionError } from "../../shared/errors.ts";
import type { Fence } from "../../shared/fence.ts";

/** The base of all errors of the guards. */
export class FenceError extends ElectionError {
  static {
    FenceError.prototype.name = "FenceError";
  }
}

/** The fence is missing or can't be read, or this resource does not accept it. */
export class InvalidFenceError extends FenceError {
  static {
    InvalidFenceError.prototype.name = "InvalidFenceError";
  }
}

/** The fence token is forged, expired, issued in the future, valid for too long, or made for another purpose. */
export class FenceTokenError extends FenceError {
  static {
    FenceTokenError.prototype.name = "FenceTokenError";
  }
}

/** The highest leadership that a guard has seen for a component of a group. */
export interface Highest {
  readonly epoch: number;
  readonly leaderSessionId: string;
}

/** A newer leadership, or another one with the same epoch, has used the guard. Nothing was written. Never retry: stop. */
export class StaleLeaderError extends FenceError {
  static {
    StaleLeaderError.prototype.name = "StaleLeaderError";
  }
  readonly fence: Fence;
  readonly highest: Highest;
  constructor(fence: Fence, highest: Highest, cause?: unknown) {
    super("stale_leader", staleMessage(fence, highest), cause);
    this.fence = fence;
    this.highest = highest;
  }
}

function staleMessage({ group, component, epoch }: Fence, highest: Highest): string {
  const why =
    epoch < highest.epoch ? `epoch ${highest.epoch} was seen already` : "this epoch belongs to another leadership";
  return `epoch ${epoch} of ${component} in ${group} is refused: ${why}. Stop, discard what this term has computed, and wait for the next term`;
}
