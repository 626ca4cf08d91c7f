/**
 * One term, as a component sees it: the same for contenders with a socket and by RPC. It is beside the pure rooms because
 * it makes an `AbortSignal`, which every platform has and the language has not.
 *
 * Entry of the room `shared/leadership`. Every room with a platform may import it; it imports `shared/`. It never keeps
 * a clock, a timer or a socket.
 */
import { LeadershipLostError } from "../errors.ts";
import { encodeFence, FENCE_HEADER, type Fence } from "../fence.ts";
import type { Confirm, Metadata } from "../protocol/messages.ts";
import type { ElectionName } from "../protocol/names.ts";

/** Options of a step-down. */
export interface ResignOptions {
  /** The session id of the session that is to lead next, if it can. */
  readonly successor?: string;
  /** For this many milliseconds this process does not lead the election again. It stays at the back of the queue. */
  readonly stayOutMs?: number;
}

/** One term of one component, from its grant to its revoke. It never comes back: the next term is another one. */
export interface Leadership<Component extends string = string> extends Fence {
  /** The group of the election. */
  readonly group: string;
  readonly component: Component;
  readonly election: ElectionName;
  /** Random; identifies the leadership in every message. All components that the process leads in the election share it. */
  readonly leaderSessionId: string;
  /**
   * The fencing token: it grows with every term of the group. The protected resource refuses an epoch lower than the
   * highest it has seen.
   */
  readonly epoch: number;
  /** Aborts once, with a `LeadershipLostError`. A blocked event loop delays it; outside Workers `isLeader` is never late. */
  readonly signal: AbortSignal;
  /**
   * Computed at call time from the lease. True says nothing about the next instant. In Workers and Durable Objects the
   * clock stands still while code runs: after a computation the answer is as old as the last I/O. Use `check` there.
   */
  isLeader(): boolean;
  /** Throws `LeadershipLostError`. */
  assertLeader(): void;
  /**
   * As `isLeader`, but asks the group first. Resolves to true if the group answers a renewal that was sent after this call,
   * if the group still counts the term, and if the lease still runs then. Otherwise resolves to false, at the latest when the
   * lease has run out. Does not reject. Costs one renewal (a frame or a call). Calls of `check` that wait at the same time
   * share a renewal, but not in `runOnce`.
   */
  check(): Promise<boolean>;
  /** The headers to send with every write: a resource with a guard of `edge-election/fence` then refuses late writes. */
  headers(): Record<typeof FENCE_HEADER, string>;
  /** The time until the lease runs out if it is not renewed; 0 when the leadership is over. */
  remainingMs(): number;
  /**
   * How much time is left for the work of this term to stop before another process may lead: the rest of the drain time,
   * but not longer than the lease, which is renewed during the drain. 0 as soon as the lease has run out or was lost. While the
   * term runs: the time that the work would have if the term ended now.
   */
  drainMs(): number;
  /**
   * Publishes the leader's address, by default the address of the process. The address is sent again until the group has it;
   * in a Durable Object, the next incarnation continues to send it. Rejects with `LeadershipLostError` when the leadership is
   * over.
   */
  confirm(address?: string, metadata?: Metadata): Promise<void>;
  /**
   * Steps down from the whole election, with all components that lead in it. Resolves when every `onRevoke` has settled. For
   * a `DurableContender`, `resign` also waits until the group was notified. Inside a callback, in the function of an `elect`, and in
   * the body of a `terms` loop, it waits only for the other callbacks; the group is notified when this callback, function or
   * body has ended. Does nothing after the end of the term.
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
  /** 0 when the work of the term has stopped, or has to have stopped. */
  drainMs(): number;
  /**
   * Asks the group. Resolves when something was answered that was asked after this call; need not once the term is over.
   * Rejects if it can't ask.
   */
  inquire(): Promise<void>;
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
  { remainingMs, drainMs, inquire, mark = () => {} }: LeasePorts,
): Handle<PlainLeadership> {
  let controller: AbortController | undefined;
  let lost: (() => LeadershipLostError) | undefined;
  /** What lets the checks go on that wait. */
  const checks = new Set<() => void>();
  const isLeader = (): boolean => remainingMs() > 0;
  const leadership: PlainLeadership = {
    ...term,
    get signal() {
      mark();
      controller ??= new AbortController();
      if (lost) controller.abort(lost());
      return controller.signal;
    },
    isLeader,
    assertLeader() {
      if (!isLeader()) throw lost?.() ?? new LeadershipLostError("expired");
    },
    async check() {
      if (!isLeader()) return false;
      const wasAsked = await new Promise<boolean>((resolve) => {
        const goOn = (isSo = false): void => {
          checks.delete(goOn);
          resolve(isSo);
        };
        checks.add(goOn);
        inquire().then(
          () => goOn(true),
          () => goOn(),
        );
      });
      return wasAsked && isLeader();
    },
    headers: () => ({ [FENCE_HEADER]: encodeFence(term) }),
    remainingMs,
    drainMs,
  };
  return {
    leadership,
    end(why) {
      lost = why;
      for (const goOn of checks) goOn();
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
