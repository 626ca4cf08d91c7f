/**
 * One term, as a component sees it: the same for contenders with a socket and by RPC. It is beside the pure rooms because
 * it makes an `AbortSignal`, which every platform has and the language has not.
 *
 * Entry of the room `shared/leadership`. `client/`, `worker/callers` and `testing/` import it; it imports `shared/`. It
 * never keeps a clock, a timer or a socket.
 */
import { LeadershipLostError } from "../errors.ts";
import { encodeFence, FENCE_HEADER, type Fence } from "../fence.ts";
import type { Confirm, Metadata } from "../protocol/messages.ts";
import type { ElectionName } from "../protocol/names.ts";

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
  /**
   * Computed at call time from the lease. True says nothing about the next instant. In Workers the clock stands still
   * while code runs: ask after an `await` of something outside, not after a long computation.
   */
  isLeader(): boolean;
  /** Throws `LeadershipLostError`. */
  assertLeader(): void;
  /** Send them along with every write: a resource with a guard of `edge-election/fence` refuses a leader that is late. */
  headers(): Record<typeof FENCE_HEADER, string>;
  /** Until the lease runs out if it is not renewed; 0 when the leadership is over. */
  remainingMs(): number;
  /**
   * Publishes where the leader is; without an address, the process's. Tried again until the group has it, and rejects with
   * `LeadershipLostError` when the leadership is over. A Durable Object that is replaced meanwhile goes on trying.
   */
  confirm(address?: string, metadata?: Metadata): Promise<void>;
  /**
   * Steps down from the whole election, siblings included. Resolves when every `onRevoke` has settled; of a Durable
   * Object, when the group has been told, too. Inside a callback, and in the body of an `elect` or of a `terms` loop, it
   * waits for the others only, and the group is told when the callback or the body has ended. After the end of the term
   * it does nothing.
   */
  resign(options?: ResignOptions): Promise<void>;
}

/** What names a term. */
export type TermOf = Pick<Leadership, "group" | "component" | "election" | "leaderSessionId" | "epoch">;

/** A term that can neither be published nor given up by its users. */
export type PlainLeadership = Omit<Leadership, "confirm" | "resign">;

/** A handle, and how to end it for its users. */
export interface Handle<L extends PlainLeadership> {
  readonly leadership: L;
  /** Called once. `why` is called when somebody looks at the reason: it has to return the same error each time. */
  end(why: () => LeadershipLostError): void;
}

interface LeasePorts {
  /** 0 when the term is over. */
  remainingMs(): number;
  /** Called whenever a user looks at the signal. */
  readonly mark?: () => void;
}

interface Ports extends LeasePorts {
  /** Throws a `TypeError` for what the group would refuse. */
  assertPublished(published: Published): void;
  confirm(published: Published): Promise<void>;
  resign(options?: ResignOptions): Promise<void>;
}

type Published = Pick<Confirm, "address" | "metadata">;

/**
 * The signal and its reason are made when somebody looks at them: to make and to abort one takes longer than all else that
 * a term needs.
 */
export function createPlainLeadership(
  term: TermOf,
  { remainingMs, mark = () => {} }: LeasePorts,
): Handle<PlainLeadership> {
  let controller: AbortController | undefined;
  let lost: (() => LeadershipLostError) | undefined;
  const leadership: PlainLeadership = {
    ...term,
    get signal() {
      mark();
      controller ??= new AbortController();
      if (lost) controller.abort(lost());
      return controller.signal;
    },
    isLeader: () => remainingMs() > 0,
    assertLeader() {
      if (remainingMs() <= 0) throw lost?.() ?? new LeadershipLostError("expired");
    },
    headers: () => ({ [FENCE_HEADER]: encodeFence(term) }),
    remainingMs,
  };
  return {
    leadership,
    end(why) {
      lost = why;
      controller?.abort(why());
    },
  };
}

export function createLeadership(term: TermOf, ports: Ports): Handle<Leadership> {
  const { leadership, end } = createPlainLeadership(term, ports);
  const { assertLeader } = leadership;
  const confirm = async (address?: string, metadata?: Metadata): Promise<void> => {
    const published = { ...(address !== undefined && { address }), ...(metadata !== undefined && { metadata }) };
    ports.assertPublished(published);
    assertLeader();
    await ports.confirm(published);
  };
  return { leadership: Object.assign(leadership, { confirm, resign: ports.resign }), end };
}
