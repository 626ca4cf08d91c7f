/**
 * When a command has to stop, so that its process group is dead before another process can be given its leadership.
 *
 * All times in milliseconds. D is the group's lease, R = 0.8 D the time after which the client stops leading, E = 0.25 D
 * how often it renews. A renewal was SENT at s and answered: the client leads until L = s + R, and the server gives the
 * election to no other process before s + D. On the way to L, counted back from it:
 *
 *     s ........ s+E ............. L-K-G .......... L-K ..... L ............... s+D
 *     lead       next renewal      SIGTERM          SIGKILL   leads no longer   another process may lead
 *
 * - K, the kill margin, is R / 16 and at least 100: between SIGKILL and L there is time for a timer that runs late and
 *   for the kernel to end the group. Behind L lie another D - R = 0.2 D, which slow clocks may use up, and nothing else.
 * - G, the grace, is what was asked for, and at most 0.3 R. With K + G <= 0.3625 R (for R >= 1,600, the smallest), a
 *   renewal that is due at s + 0.3125 R has 0.325 R to be answered before anything is stopped: a slow answer stops
 *   nothing, and a connection that was lost has been given up and tried again before SIGTERM.
 * - After a revoke, and every other end of the term, the client keeps the lease for at most `drainMs`, and the renewal that
 *   was answered last may have been the last one. So SIGKILL comes at the earliest of L - K, drainMs - K and the whole grace
 *   that was asked for.
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

/** The plan for a leadership that is never renewed again. `remainingMs`: until L. */
export function planForLease(remainingMs: number, renewDeadlineMs: number, graceMs: number): StopPlan {
  const killInMs = Math.max(0, remainingMs - killMarginMs(renewDeadlineMs));
  const grace = Math.min(graceMs, Math.floor(renewDeadlineMs * GRACE_SHARE));
  return { terminateInMs: Math.max(0, killInMs - grace), killInMs };
}

/** The time between SIGTERM and SIGKILL after a term has ended. The end of the lease may make it shorter. */
export const graceAfterLoss = (drainMs: number, renewDeadlineMs: number, graceMs: number): number =>
  Math.max(0, Math.min(graceMs, drainMs - killMarginMs(renewDeadlineMs)));
