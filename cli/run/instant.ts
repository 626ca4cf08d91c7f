/**
 * A moment that another process of this machine understands. It has come when either clock has reached it: the monotonic
 * clock can stand still while the machine sleeps, and the wall clock can be set back.
 */
export interface Instant {
  /** Milliseconds on the machine's monotonic clock. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

const NANOSECONDS_PER_MS = 1e6;

export const instantIn = (ms: number): Instant => ({
  monotonicMs: Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS + ms,
  wallMs: Date.now() + ms,
});

/** Negative once the moment has passed. */
export function msUntil({ monotonicMs, wallMs }: Instant): number {
  const now = instantIn(0);
  return Math.min(monotonicMs - now.monotonicMs, wallMs - now.wallMs);
}

export const earlier = (left: Instant, right: Instant): Instant => ({
  monotonicMs: Math.min(left.monotonicMs, right.monotonicMs),
  wallMs: Math.min(left.wallMs, right.wallMs),
});
