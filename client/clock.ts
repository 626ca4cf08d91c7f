/** Time, as the client takes it from its platform. Milliseconds; neither clock need start at zero. */
export interface Clock {
  /** Never goes back; may stand still while the machine sleeps. */
  monotonic(): number;
  /** Goes on while the machine sleeps; may be set. */
  wall(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  /** Uniform in 0..1, for back-off. Default: the platform's. */
  random?(): number;
}

/**
 * The pessimistic clock (S6): starts at zero, never goes back, and goes on by the larger of what the two clocks have
 * gone on by since the last look. So it never runs slower than either, and a lease never seems longer than it is.
 */
export function pessimistic(clock: Clock): () => number {
  let elapsed = 0;
  let lastMonotonic = clock.monotonic();
  let lastWall = clock.wall();
  return () => {
    const monotonic = clock.monotonic();
    const wall = clock.wall();
    elapsed += Math.max(0, monotonic - lastMonotonic, wall - lastWall);
    lastMonotonic = monotonic;
    lastWall = wall;
    return elapsed;
  };
}
