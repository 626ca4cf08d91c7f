/** How a client is doing, as a plain value: ready for the health endpoint of a server. */
import { findTerm, isLive, leaderSessionIdOf, remainingMs } from "../shared/holder/state.ts";
import { DEFAULT_LEASE_MS } from "../shared/lease.ts";
import type { ElectionName } from "../shared/protocol/names.ts";
import { ElectionError } from "./errors.ts";
import { type ClientState, clientState, refusalOf, type SessionState } from "./session/state.ts";

/** The client's condition as a plain value, which `JSON.stringify` keeps whole; times in milliseconds. */
export interface ClientHealth {
  /**
   * `ok`: connected, or no connection is needed. `degraded`: not connected, and retrying by itself. `failing`: closed; the token
   * was refused; the group refuses a contender; or not connected for a whole lease, so that nothing can lead here any longer.
   * The sessions of a large group reconnect spread over a time of at most 30 s, which is added to that lease.
   */
  readonly status: "ok" | "degraded" | "failing";
  readonly state: ClientState;
  readonly sessionId?: string;
  /** Components that lead now. */
  readonly leads: readonly LedComponent[];
  /** Components that contend and do not lead, without those that are refused. */
  readonly waits: readonly string[];
  /** Components that the group refuses, and why. The client asks for them again, at growing intervals. */
  readonly refused?: readonly RefusedComponent[];
  /** The rest of the lease that ends first. Absent if nothing leads. */
  readonly remainingMs?: number;
  /** For the lease that `remainingMs` is about: the time since its last answered renewal was sent. */
  readonly lastRenewedAgoMs?: number;
  /** How long the client has been without a connection. Absent while it is connected. */
  readonly disconnectedMs?: number;
  /** How often, within `disconnectedMs`, the connection was lost or could not be opened. Absent while it is connected. */
  readonly failures?: number;
  /** The last error of the connection, or of a contender that the group refused, even after the connection has recovered. */
  readonly lastError?: { readonly code: string; readonly message: string };
}

/** A component that the group refuses as a contender. */
export interface RefusedComponent {
  readonly component: string;
  readonly code: string;
  readonly message: string;
}

/** A component that leads at this moment. */
export interface LedComponent {
  readonly component: string;
  readonly election: ElectionName;
  readonly epoch: number;
  readonly remainingMs: number;
}

interface Trouble {
  /** When the connection was lost that something needs. */
  readonly downAt: number | null;
  readonly failures: number;
  readonly lastError: unknown;
}

export function healthOf(session: SessionState, now: number, { downAt, failures, lastError }: Trouble): ClientHealth {
  const { session: welcome, refusals, spreadMs } = session;
  const state = clientState(session);
  const { leads, waits, refused } = componentsOf(session, now);
  const leastMs = Math.min(...leads.map((lead) => lead.remainingMs));
  const downMs = downAt === null ? 0 : now - downAt;
  const isFailing =
    state === "closed" ||
    refusals > 0 ||
    refused.length > 0 ||
    downMs > (welcome?.lease.durationMs ?? DEFAULT_LEASE_MS) + spreadMs;
  let status: ClientHealth["status"] = downAt === null ? "ok" : "degraded";
  if (isFailing) status = "failing";
  return {
    status,
    state,
    leads,
    waits,
    ...(refused.length > 0 && { refused }),
    ...(welcome && { sessionId: welcome.sessionId }),
    ...(welcome &&
      leastMs < Infinity && { remainingMs: leastMs, lastRenewedAgoMs: welcome.lease.renewDeadlineMs - leastMs }),
    ...(downAt !== null && { disconnectedMs: downMs, failures }),
    ...lastErrorOf(lastError),
  };
}

/** Each component that contends, in one of the three lists. */
function componentsOf(session: SessionState, now: number) {
  const leads: LedComponent[] = [];
  const waits: string[] = [];
  const refused: RefusedComponent[] = [];
  for (const contender of session.contenders.filter(isLive)) {
    const { id, election, info } = contender;
    const { component } = info;
    const leaderSessionId = leaderSessionIdOf(contender) ?? "";
    const leftMs = remainingMs(session, id, leaderSessionId, now);
    const epoch = findTerm(session.terms, leaderSessionId)?.epoch;
    const refusal = refusalOf(contender);
    if (leftMs > 0 && epoch !== undefined) leads.push({ component, election, epoch, remainingMs: leftMs });
    else if (refusal === null) waits.push(component);
    if (refusal !== null) refused.push({ component, code: refusal.code, message: refusal.message });
  }
  return { leads, waits, refused };
}

function lastErrorOf(error: unknown): Pick<ClientHealth, "lastError"> {
  if (error === undefined) return {};
  const known = error instanceof ElectionError;
  return {
    lastError: { code: known ? error.code : "connection_failed", message: known ? error.message : String(error) },
  };
}
