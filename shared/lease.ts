/**
 * Lease arithmetic. All times in milliseconds.
 *
 * The server waits `durationMs` (D) after it processed the last accepted renewal; the client stops `renewDeadlineMs`
 * (R) after it SENT that renewal. Since R < D and a renewal is sent before it is processed, the client always stops
 * first, as long as its clock runs at no less than R / D of the server's rate (Gray and Cheriton, "Leases", SOSP 1989).
 */
export interface LeaseSettings {
  /** D: how long the server waits after the last renewal it accepted. */
  readonly durationMs: number;
  /** R: how long the client leads after it sent the last renewal that was answered. */
  readonly renewDeadlineMs: number;
  /** E: how often the client renews. */
  readonly renewEveryMs: number;
}

/** The smallest D: below it, the delays of ordinary schedulers and networks end leases that nobody meant to end. */
export const MIN_LEASE_MS = 2_000;
/** The largest D: a day. A longer lease is a typing error, and fail-over takes at least D. */
export const MAX_LEASE_MS = 86_400_000;
export const DEFAULT_LEASE_MS = 10_000;
/** How long a leader may take to stop, where neither the application nor the group says. */
export const DEFAULT_DRAIN_MS = 10_000;
/** How long connecting, and every answer, may take for a process that leads by no lease. A slower path cannot be used at all. */
export const PATIENCE_MS = 10_000;
/** sigma: the largest difference between the clocks of two hosts that may run the same group, and the largest forward step of one. */
export const CLOCK_MARGIN_MS = 1_000;

/** The settings that follow from D alone: R = 0.8 D, E = 0.25 D. */
export const leaseFor = (durationMs: number): LeaseSettings => ({
  durationMs,
  renewDeadlineMs: Math.floor(durationMs * 0.8),
  renewEveryMs: Math.floor(durationMs * 0.25),
});

/** How long a client waits for an answer before it drops the socket, so that one reconnect still fits before R. */
export const answerTimeoutFor = (lease: LeaseSettings): number =>
  Math.floor((lease.renewDeadlineMs - lease.renewEveryMs) / 2);

/** The longest round trip by which a leader renews in time: what it asks is answered before it drops the socket. */
const slowestPathFor = (answerTimeoutMs: number): number => Math.min(answerTimeoutMs, PATIENCE_MS);

/** O: how long a candidate may take to answer `next`: longer than the slowest path takes, by as much as a renewal may be late. */
export const askTimeoutFor = (lease: LeaseSettings): number =>
  slowestPathFor(answerTimeoutFor(lease)) + renewalSlackFor(lease.durationMs);

/**
 * How far renewals may drift off their beat, over a whole lease, before it costs the group an alarm or a row more. They
 * come every E and a little: timers are late, the network delays, and D is a whole number of E.
 */
export const renewalSlackFor = (leaseMs: number): number => Math.min(Math.floor(leaseMs / 50), 100);

/** Which relation between settings is broken, with the remedy, or `null`. Checked once, at start, on the server. */
export function leaseFault(
  lease: LeaseSettings,
  answerTimeoutMs = answerTimeoutFor(lease),
  askTimeoutMs = askTimeoutFor(lease),
): string | null {
  const { durationMs, renewDeadlineMs, renewEveryMs } = lease;
  if (!(durationMs >= MIN_LEASE_MS && durationMs <= MAX_LEASE_MS)) {
    return `leaseMs (LEASE_MS) is ${durationMs}: set it to ${MIN_LEASE_MS}..${MAX_LEASE_MS} ms`;
  }
  if (!(renewDeadlineMs < durationMs)) {
    return `lease.renewDeadlineMs (${renewDeadlineMs}) must be below lease.durationMs (${durationMs}): lower the first or raise the second`;
  }
  if (!(renewEveryMs > 0 && renewEveryMs < renewDeadlineMs / 2)) {
    return `lease.renewEveryMs (${renewEveryMs}) must be above 0 and below half of lease.renewDeadlineMs (${renewDeadlineMs}): lower the first or raise the second`;
  }
  if (!(answerTimeoutMs > 0 && answerTimeoutMs <= (renewDeadlineMs - renewEveryMs) / 2)) {
    return `answerTimeoutMs (${answerTimeoutMs}) must be above 0 and at most half of lease.renewDeadlineMs - lease.renewEveryMs (${renewDeadlineMs} - ${renewEveryMs}): lower the first`;
  }
  if (!(askTimeoutMs > slowestPathFor(answerTimeoutMs))) {
    return `askTimeoutMs (${askTimeoutMs}) must be above answerTimeoutMs (${answerTimeoutMs}), or above ${PATIENCE_MS} if that is longer: raise the first or lower the second`;
  }
  return null;
}
