/** The platform's clocks and timers, in milliseconds. Neither clock has to start at zero. */
export interface Clock {
  /** Never goes back; may stand still while the machine sleeps. */
  monotonic(): number;
  /** Advances while the machine sleeps; jumps when somebody sets the machine's time. */
  wall(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  /** Uniform in 0..1, for back-off. Default: `Math.random`. */
  random?(): number;
}

/** The longest delay that a platform's timer takes: with a longer one it would fire at once. Nearly 25 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** By how much two clocks of the same speed may differ because each shows its time in steps. */
export const JITTER_MS = 20;

/** Elapsed milliseconds since the clock was made. */
export interface PessimisticClock {
  /** Reads both clocks and returns the later hand. It never goes back. Leases end by it. */
  (): number;
  /** The earlier hand at the last reading, at most `JITTER_MS` behind. Leases begin by it. */
  since(): number;
  /** How far the monotonic clock was moved up in all: the group need not have seen that time pass. */
  jumped(): number;
}

/**
 * The pessimistic clock (S6). Between any two readings a and b it advances, from the `since` of a to the time of b, by at
 * least as much as either of the two clocks does. So a lease that begins at `since` is never longer by one of the clocks,
 * whether the wall clock is set back, the machine sleeps, or both.
 *
 * It has two hands, one for each clock, which differ only by the steps in which the clocks tick. A hand that falls behind
 * by more than that is moved up to the other one: its clock was set back, or has slept. A smaller difference moves nothing.
 * Otherwise each tick of one clock would be added to that of the other, and time would pass faster the more often it is
 * read.
 */
export function pessimistic(clock: Clock): PessimisticClock {
  let now = 0;
  let since = 0;
  const start = clock.monotonic();
  let monotonicStart = start;
  let wallStart = clock.wall();
  const look = (): number => {
    const monotonic = clock.monotonic();
    const wall = clock.wall();
    now = Math.max(now, monotonic - monotonicStart, wall - wallStart);
    if (now - (monotonic - monotonicStart) > JITTER_MS) monotonicStart = monotonic - now;
    if (now - (wall - wallStart) > JITTER_MS) wallStart = wall - now;
    since = Math.min(now, monotonic - monotonicStart, wall - wallStart);
    return now;
  };
  return Object.assign(look, { since: () => since, jumped: () => start - monotonicStart });
}
