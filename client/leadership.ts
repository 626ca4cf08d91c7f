/** One term, as a component sees it. */
import { encodeFence, FENCE_HEADER, type Fence } from "../shared/fence.ts";
import type { Confirm, Metadata } from "../shared/protocol/messages.ts";
import type { ElectionName } from "../shared/protocol/names.ts";
import { assertPublished } from "./checks.ts";
import { LeadershipLostError } from "./errors.ts";

/** Who comes next. */
export interface ResignOptions {
  /** A session id: asked first. */
  readonly successor?: string;
}

/** One term of one component, from its grant to its revoke. It never comes back: the next term is another one. */
export interface Leadership<Component extends string = string> extends Fence {
  /** The group that it is in. */
  readonly group: string;
  readonly component: Component;
  readonly election: ElectionName;
  /** Names the leadership in every message; random. Shared by all components that the process leads in the election. */
  readonly leaderSessionId: string;
  /** The fencing token: it grows with every term of the group. Let what you protect refuse a lower one than it has seen. */
  readonly epoch: number;
  /** Aborted once, with a `LeadershipLostError`. It may lag a blocked event loop; `isLeader` never does. */
  readonly signal: AbortSignal;
  /** Computed at call time from the lease. True says nothing about the next instant. */
  isLeader(): boolean;
  /** Throws `LeadershipLostError`. */
  assertLeader(): void;
  /** Send them along with every write: a resource with a guard of `edge-election/fence` refuses a leader that is late. */
  headers(): Record<typeof FENCE_HEADER, string>;
  /** Until the lease runs out if it is not renewed; 0 when the leadership is over. */
  remainingMs(): number;
  /**
   * Publishes where the leader is; without an address, the process's. Waits while the connection is down, and rejects
   * with `LeadershipLostError` when the leadership is over.
   */
  confirm(address?: string, metadata?: Metadata): Promise<void>;
  /**
   * Steps down from the whole election, siblings included. Resolves when every `onRevoke` has settled. Inside a callback,
   * and in the body of an `elect` or of a `terms` loop, it waits for the others only, and the group is told when the
   * callback or the body has ended too. After the end of the term it does nothing.
   */
  resign(options?: ResignOptions): Promise<void>;
}

/** What a leadership needs of the session. */
interface Ports {
  /** Somebody uses it. */
  mark(): void;
  remainingMs(): number;
  confirm(published: Pick<Confirm, "address" | "metadata">): Promise<void>;
  resign(options?: ResignOptions): Promise<void>;
}

/**
 * A term that was just granted to a contender, and how to end it for its users. The signal and its reason are made when
 * somebody looks at them: to make and to abort one takes longer than all else that a term needs of its client.
 */
export function createLeadership(
  term: Pick<Leadership, "group" | "component" | "election" | "leaderSessionId" | "epoch">,
  { mark, remainingMs, confirm, resign }: Ports,
): { readonly leadership: Leadership; end(why: () => LeadershipLostError): void } {
  let controller: AbortController | undefined;
  let lost: (() => LeadershipLostError) | undefined;
  const assertLeader = (): void => {
    if (remainingMs() <= 0) throw lost?.() ?? new LeadershipLostError("expired");
  };
  const leadership = {
    ...term,
    get signal() {
      mark();
      controller ??= new AbortController();
      if (lost) controller.abort(lost());
      return controller.signal;
    },
    isLeader: () => remainingMs() > 0,
    assertLeader,
    remainingMs,
    headers: () => ({ [FENCE_HEADER]: encodeFence(term) }),
    async confirm(address?: string, metadata?: Metadata) {
      assertPublished({ address, metadata });
      assertLeader();
      await confirm({ ...(address !== undefined && { address }), ...(metadata && { metadata }) });
    },
    resign,
  };
  return {
    leadership,
    end(why) {
      lost = why;
      controller?.abort(why());
    },
  };
}
