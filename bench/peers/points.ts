/** Points in the interval of a contender that polls. */

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * Points of an interval, one after the other, that cover it evenly however many of them are taken: with few samples,
 * chance alone would move the median by a good part of the interval.
 */
export function* pointsOf(intervalMs: number): Generator<number, never> {
  for (let index = 1; ; index++) yield ((index * GOLDEN_RATIO) % 1) * intervalMs;
}
