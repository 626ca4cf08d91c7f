/** A comparison in words, so that nobody has to read it out of a ratio. */

/** @param unit a time, of which less is better, or a rate, of which more is */
export function inWords(theirs: number, ours: number, unit: "ms" | "per s"): string {
  const factor = unit === "ms" ? ours / theirs : theirs / ours;
  return factor > 1
    ? `ours is slower, by a factor of ${shown(factor)}`
    : `ours is faster, by a factor of ${shown(1 / factor)}`;
}

const shown = (factor: number): string => (factor >= 10 ? factor.toFixed(0) : factor.toFixed(2));
