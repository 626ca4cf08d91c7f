/**
 * When a command has to stop, so that its process group is dead before its leadership can be given to anybody else.
 *
 * All times in milliseconds. D is the group's lease, R = 0.8 D the time after which the client stops leading, E = 0.25 D
 * the interval of its renewals. The last answered renewal was sent at s: the client leads until L = s + R, and the server gives the
 * election to nobody else before s + D. The moments between, counted back from L:
 *
 *     s ------------ s+E ------------ L-K-G ------ L-K ------- L ------------- s+D
 *     renewal sent   next renewal     SIGTERM      SIGKILL     stops leading   another may lead
 *
 * - K, the kill margin, is R / 16 and at least 100: it leaves time for a timer that runs late and for the kernel to end
 *   the group. The D - R = 0.2 D after L are a reserve for slow clocks, and for nothing else.
 * - G, the grace, is the requested one, and at most 0.3 R. With K + G <= 0.3625 R (for R >= 1,600, the smallest), a
 *   renewal that is due at s + 0.3125 R has 0.325 R to be answered before SIGTERM: a slow answer stops nothing, and the
 *   client replaces a lost connection before.
 * - A revoke, and every other end of a term, sends SIGTERM at once. The client keeps the lease for at most `drainMs` then,
 *   and no later renewal may be answered. So SIGKILL comes at the earliest of L - K, drainMs - K and the requested grace.
 *   After `lost` there is no grace: another process may lead.
 */
const MARGIN_PARTS = 16;
const MARGIN_FLOOR_MS = 100;
const GRACE_SHARE = 0.3;

export const killMarginMs = (renewDeadlineMs: number): number =>
  Math.max(MARGIN_FLOOR_MS, Math.ceil(renewDeadlineMs / MARGIN_PARTS));

/** The smallest drain time of a group in which a command can be stopped in time. */
export const leastDrainMs = (renewDeadlineMs: number): number => 2 * killMarginMs(renewDeadlineMs);

export interface StopPlan {
  /** Until SIGTERM, if no renewal is answered. */
  readonly terminateInMs: number;
  /** Until SIGKILL, if no renewal is answered. */
  readonly killInMs: number;
}

/** For a leadership that is no longer renewed. `remainingMs`: until L. */
export function planForLease(remainingMs: number, renewDeadlineMs: number, graceMs: number): StopPlan {
  const killInMs = Math.max(0, remainingMs - killMarginMs(renewDeadlineMs));
  const grace = Math.min(graceMs, Math.floor(renewDeadlineMs * GRACE_SHARE));
  return { terminateInMs: Math.max(0, killInMs - grace), killInMs };
}

/** Between SIGTERM and SIGKILL after a term has ended; the end of the lease cuts it shorter still. */
export const graceAfterLoss = (drainMs: number, renewDeadlineMs: number, graceMs: number): number =>
  Math.max(0, Math.min(graceMs, drainMs - killMarginMs(renewDeadlineMs)));
