/** Whether a row meets its target. */
import { type Summary, summarize } from "../cli/statistics.ts";

export interface Spread extends Summary {
  readonly min: number;
}

export const spreadOf = (samples: readonly number[]): Spread => ({ min: Math.min(...samples), ...summarize(samples) });

/** A bound on a row: on one of its numbers, or on the ratio of its median to the reference. */
export interface Bound {
  readonly of: "ratio" | "min" | "p50" | "max";
  readonly least?: number;
  readonly most?: number;
}

export type Verdict = "met" | "missed";

/** `null` if a row has no target. A bound on a ratio is missed if there is no reference. */
export function verdictOf(bounds: readonly Bound[], summary: Spread, ratio: number | null): Verdict | null {
  if (bounds.length === 0) return null;
  const holds = bounds.every(({ of, least = -Infinity, most = Infinity }) => {
    const value = of === "ratio" ? (ratio ?? Number.NaN) : summary[of];
    return value >= least && value <= most;
  });
  return holds ? "met" : "missed";
}

export const boundsText = (bounds: readonly Bound[]): string =>
  bounds
    .flatMap(({ of, least, most }) => [
      ...(least === undefined ? [] : [`${of} >= ${least}`]),
      ...(most === undefined ? [] : [`${of} <= ${most}`]),
    ])
    .join(", ");
