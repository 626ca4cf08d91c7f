/** One term, as a component sees it. */
import type { Metadata } from "../shared/messages.ts";
import type { ElectionName } from "../shared/names.ts";
import { LeadershipLostError } from "./errors.ts";
import { type ResignOptions, resign } from "./resign.ts";
import type { Of } from "./session/events.ts";
import { remainingMs } from "./session/state.ts";
import type { Granted, Shell } from "./shell.ts";
import { check } from "./validate.ts";

export interface Leadership<Component extends string = string> {
  readonly component: Component;
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  /** The fencing token: it grows with every term of the group. Let what you protect refuse a lower one than it has seen. */
  readonly epoch: number;
  /** Aborted once, with a `LeadershipLostError`. It may lag a blocked event loop; `isLeader` never does. */
  readonly signal: AbortSignal;
  /** Computed at call time from the lease. True says nothing about the next instant. */
  isLeader(): boolean;
  /** Throws `LeadershipLostError`. */
  assertLeader(): void;
  /** Until the lease runs out if it is not renewed; 0 when the leadership is over. */
  remainingMs(): number;
  /**
   * Publishes where the leader is; without an address, the process's. Waits while the connection is down, and rejects
   * with `LeadershipLostError` when the leadership is over.
   */
  confirm(address?: string, metadata?: Metadata): Promise<void>;
  /** Steps down from the whole election, siblings included. Resolves when everything has stopped. */
  resign(options?: ResignOptions): Promise<void>;
}

/** The term that was just granted to a contender, and how to end it for its users. */
export function createLeadership<Component extends string>(
  shell: Shell,
  component: Component,
  { contender, election, leaderSessionId, epoch }: Granted,
): { readonly leadership: Leadership<Component>; end(error: LeadershipLostError): void } {
  const controller = new AbortController();
  const { signal } = controller;
  const remaining = (): number => remainingMs(shell.driver.state(), contender, leaderSessionId, shell.driver.now());
  const assertLeader = (): void => {
    if (remaining() <= 0) throw signal.reason ?? new LeadershipLostError("expired");
  };
  const leadership = {
    component,
    election,
    leaderSessionId,
    epoch,
    signal,
    isLeader: () => remaining() > 0,
    assertLeader,
    remainingMs: remaining,
    async confirm(address?: string, metadata?: Metadata) {
      check({ address, metadata });
      assertLeader();
      const message: Omit<Of<"confirm">, "id"> = { type: "confirm", component, leaderSessionId };
      await shell.confirm(
        Object.assign(message, address !== undefined && { address }, metadata && { metadata }),
        signal,
      );
    },
    resign: (options?: ResignOptions) => resign(shell, election, options),
  };
  return { leadership, end: (error) => controller.abort(error) };
}
