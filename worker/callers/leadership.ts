/** One term, as a component sees it. */

import { LeadershipLostError } from "../../shared/errors.ts";
import { encodeFence, FENCE_HEADER } from "../../shared/fence.ts";
import type { Metadata } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Subject } from "./core/events.ts";

/** What a function of `runIfLeader` gets. */
export interface RunLeadership {
  readonly group: string;
  readonly component: string;
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  /** The fencing token: it grows with every term of the group. Let what you protect refuse a lower one than it has seen. */
  readonly epoch: number;
  /** Aborted once, with a `LeadershipLostError`. It may lag behind; `isLeader` does not. */
  readonly signal: AbortSignal;
  /**
   * Computed at call time, from the lease and the wall clock. In Workers that clock stands still while code runs and
   * advances with I/O: ask after an `await` of something outside, not after a long computation.
   */
  isLeader(): boolean;
  /** Throws `LeadershipLostError`. */
  assertLeader(): void;
  /** Until the lease runs out if it is not renewed; 0 when the leadership is over. */
  remainingMs(): number;
  /** For requests to what is protected: `Edge-Election-Fence`, by which it can refuse a leader that is late. */
  headers(): Record<typeof FENCE_HEADER, string>;
}

/** The same as the client's, so that code written for one takes the other. */
export interface Leadership extends RunLeadership {
  /**
   * Publishes where the leader is; without an address, the process's. Tried again until the group has it, also by the
   * object's next incarnation, and rejects with `LeadershipLostError` when the leadership is over.
   */
  confirm(address?: string, metadata?: Metadata): Promise<void>;
  /**
   * Steps down from the whole election, siblings included. Resolves when the group has heard of it, which is after every
   * `onRevoke` has settled; inside an `onRevoke` it does not wait for those that run already. After the end of the term it
   * does nothing.
   */
  resign(options?: { readonly successor?: string }): Promise<void>;
}

/** A term and how to end it for its users. */
export interface Tenure {
  readonly leadership: RunLeadership;
  end(error: LeadershipLostError): void;
}

export function createTenure(
  group: string,
  { component, election, leaderSessionId, epoch }: Subject,
  remainingMs: () => number,
): Tenure {
  const controller = new AbortController();
  const { signal } = controller;
  const leadership: RunLeadership = {
    group,
    component,
    election,
    leaderSessionId,
    epoch,
    signal,
    isLeader: () => remainingMs() > 0,
    assertLeader() {
      if (remainingMs() <= 0) throw signal.reason ?? new LeadershipLostError("expired");
    },
    remainingMs,
    headers: () => ({ [FENCE_HEADER]: encodeFence({ group, component, epoch, leaderSessionId }) }),
  };
  return { leadership, end: (error) => controller.abort(error) };
}
