/** The range of time that the timeline shows. Zooming and panning stay within the known time. */

export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** The smallest range. A hand-over takes some tens of milliseconds, and is still visible in it. */
const SMALLEST_MS = 100;

/** A `factor` below 1 zooms in. `around`: the point that stays in place, from 0 (left) to 1 (right). */
export function zoomed(range: TimeRange, factor: number, around: number, bounds: TimeRange): TimeRange {
  const width = range.to - range.from;
  const whole = bounds.to - bounds.from;
  const next = Math.min(whole, Math.max(Math.min(SMALLEST_MS, whole), width * factor));
  const fixed = range.from + width * around;
  return within({ from: fixed - next * around, to: fixed + next * (1 - around) }, bounds);
}

/** `share`: of the width; negative moves back in time. */
export function panned(range: TimeRange, share: number, bounds: TimeRange): TimeRange {
  const by = (range.to - range.from) * share;
  return within({ from: range.from + by, to: range.to + by }, bounds);
}

/** The same range if the time is in it; otherwise a range of the same width with the time in the middle. */
export function showing(range: TimeRange, from: number, to: number, bounds: TimeRange): TimeRange {
  if (to >= range.from && from <= range.to) return range;
  const half = (range.to - range.from) / 2;
  const middle = (Math.max(from, bounds.from) + Math.min(to, bounds.to)) / 2;
  return within({ from: middle - half, to: middle + half }, bounds);
}

function within(range: TimeRange, bounds: TimeRange): TimeRange {
  const width = Math.min(range.to - range.from, bounds.to - bounds.from);
  const from = Math.min(Math.max(range.from, bounds.from), bounds.to - width);
  return { from, to: from + width };
}

const STEPS_MS = [
  10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
  2_592_000_000,
];

export interface Ticks {
  readonly stepMs: number;
  readonly at: readonly number[];
}

/** At most `most` round times. `zoneOffsetMs`: the difference between the wall clock and UTC. */
export function ticks({ from, to }: TimeRange, most: number, zoneOffsetMs = 0): Ticks {
  const stepMs = STEPS_MS.find((step) => (to - from) / step <= most) ?? to - from;
  if (stepMs <= 0) return { stepMs: 1, at: [] };
  const first = Math.ceil((from + zoneOffsetMs) / stepMs) * stepMs - zoneOffsetMs;
  const at: number[] = [];
  for (let time = first; time <= to; time += stepMs) at.push(time);
  return { stepMs, at };
}
