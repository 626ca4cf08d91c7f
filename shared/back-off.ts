/**
 * How long to wait before trying again, in milliseconds: below a bound that doubles with each attempt, a part of it chosen
 * at random, so that those who have failed together do not come back together (Brooker, "Exponential Backoff And Jitter",
 * AWS Architecture Blog, 2015).
 */
export interface BackOff {
  /** The bound of the first attempt. */
  readonly firstMs: number;
  /** No bound is above it. */
  readonly longestMs: number;
  /**
   * The share of the bound that is waited in any case. 0, the default, is "full jitter": it spreads best, and may not wait
   * at all. 0.5 is "equal jitter", for attempts that cost something each. 1 leaves nothing to chance.
   */
  readonly leastShare?: number;
}

/** For a process that can't reach its group. While a lease runs that would be lost, it hurries. */
export const RETRY: BackOff = { firstMs: 250, longestMs: 10_000 };

/** `attempt`: how often it has failed before this time. `random`: uniform in 0..1. */
export function backOffMs(attempt: number, random: number, backOff: BackOff): number {
  const { leastShare = 0 } = backOff;
  return boundMs(attempt, backOff) * (leastShare + (1 - leastShare) * random);
}

/** The attempt after this one. At the longest bound it stays as it is, so that a longer one, later, is reached step by step. */
export const nextAttempt = (attempt: number, backOff: BackOff): number =>
  boundMs(attempt, backOff) < backOff.longestMs ? attempt + 1 : attempt;

const boundMs = (attempt: number, { firstMs, longestMs }: BackOff): number =>
  Math.min(firstMs * 2 ** attempt, longestMs);
