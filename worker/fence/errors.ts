/** What a guard refuses. Like the errors of the client: a `code`, `retryable`, and a message with the remedy. */
import { ElectionError } from "../../shared/errors.ts";
import type { Fence } from "../../shared/fence.ts";

/** Every error of the guards. */
export class FenceError extends ElectionError {}

/** There is no fence, or one that can't be read, or one that this resource does not take. */
export class InvalidFenceError extends FenceError {}

/** A signed fence token that is forged, over, too long-lived, or for something else. */
export class FenceTokenError extends FenceError {}

/** The leadership that a guard has seen last for a component of a group. */
export interface Highest {
  readonly epoch: number;
  readonly leaderSessionId: string;
}

/** A newer leadership has been here: nothing of the refused write has happened. Never retry it: stop. */
export class StaleLeaderError extends FenceError {
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
    epoch < highest.epoch ? `epoch ${highest.epoch} has been here` : "this epoch belongs to another leadership";
  return `epoch ${epoch} of ${component} in ${group} is refused: ${why}. Stop, drop what this term has computed, and wait for the next one`;
}
