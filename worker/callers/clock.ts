/**
 * The clock and the timers of a contender without a socket: those of the platform, unless its elections bring their own.
 * Those of the test kit do: they are on virtual time.
 */
import type { ContenderState } from "./core/state.ts";
import type { Elections } from "./service.ts";

export interface CallerClock {
  /** Milliseconds since 1970. In Workers and objects it stands still while code runs. */
  now(): number;
  /** Uniform in 0..1. */
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** A symbol, because a service binding has every name as a method, and no symbol. Shared by all copies of this module. */
export const CLOCK: unique symbol = Symbol.for("edge-election/clock") as never;

/** Elections that bring a clock: one for each contender, into whose state it may look. */
export interface ClockSource {
  [CLOCK](state: () => ContenderState): CallerClock;
}

const platformClock: CallerClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout> | undefined),
};

export const clockOf = (elections: Elections & Partial<ClockSource>, state: () => ContenderState): CallerClock =>
  elections[CLOCK]?.(state) ?? platformClock;
