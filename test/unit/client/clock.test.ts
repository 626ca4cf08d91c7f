/** The pessimistic clock over two clocks that tick, jump, sleep and are set. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Clock, JITTER_MS, type PessimisticClock, pessimistic } from "../../../client/clock.ts";

/** Two clocks of true time. Each shows it in steps of its own size, from a phase of its own. */
class Clocks implements Clock {
  trueNow = 0;
  readonly #steps: { readonly monotonic: number; readonly wall: number };
  readonly #phase: number;
  #monotonicLost = 0;
  #wallSet = 1_700_000_000_000;

  constructor(steps = { monotonic: 0.005, wall: 1 }, phase = 0) {
    this.#steps = steps;
    this.#phase = phase;
  }

  monotonic = (): number => inSteps(this.trueNow - this.#monotonicLost, this.#steps.monotonic);
  wall = (): number => inSteps(this.trueNow + this.#phase, this.#steps.wall) + this.#wallSet;
  setTimeout = (): undefined => undefined;
  clearTimeout = (): void => undefined;

  passes(ms: number): void {
    this.trueNow += ms;
  }

  /** The monotonic clock stands still meanwhile. */
  sleeps(ms: number): void {
    this.trueNow += ms;
    this.#monotonicLost += ms;
  }

  set(byMs: number): void {
    this.#wallSet += byMs;
  }
}

const inSteps = (ms: number, step: number): number => Math.floor(ms / step) * step;

interface Look {
  readonly now: number;
  readonly since: number;
  readonly monotonic: number;
  readonly wall: number;
}

const lookAt = (clocks: Clocks, now: PessimisticClock): Look => ({
  monotonic: clocks.monotonic(),
  wall: clocks.wall(),
  now: now(),
  since: now.since(),
});

test.each([0.01, 0.05, 0.3, 1, 7])(
  "[S6] looked at every %d ms it runs as fast as its clocks, and no faster",
  (pause) => {
    for (const phase of [0, 0.3, 0.999]) {
      const clocks = new Clocks({ monotonic: 0.005, wall: 1 }, phase);
      const read = pessimistic(clocks);
      const began = read();
      while (clocks.trueNow < 1_000) {
        clocks.passes(pause);
        read();
      }
      expect(read() - began).toBeLessThanOrEqual(clocks.trueNow + 1);
      expect(read() - began).toBeGreaterThanOrEqual(clocks.trueNow - 1);
    }
  },
);

const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant("passes" as const), ms: fc.double({ min: 0, max: 50, noNaN: true }) }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("passes" as const), ms: fc.nat(5_000) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("sleeps" as const), ms: fc.nat(20_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant("set" as const), ms: fc.integer({ min: -100_000, max: 100_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("set" as const), ms: fc.integer({ min: -30, max: 30 }) }) },
);
const steps = fc.record({
  monotonic: fc.constantFrom(0.005, 0.1, 1, 16.7),
  wall: fc.constantFrom(0.001, 1, 15.6, 100),
});

test("[S6] between any two looks it has gone on by at least as much as either clock, and it never goes back", () => {
  fc.assert(
    fc.property(steps, fc.array(happening, { maxLength: 60, size: "max" }), (sizes, happenings) => {
      const clocks = new Clocks(sizes);
      const read = pessimistic(clocks);
      const looks = [lookAt(clocks, read)];
      for (const { does, ms } of happenings) {
        clocks[does](ms);
        looks.push(lookAt(clocks, read));
      }
      for (const [index, later] of looks.entries()) {
        expect(later.since).toBeLessThanOrEqual(later.now);
        expect(later.now - later.since).toBeLessThanOrEqual(JITTER_MS + 1e-3);
        expect(later.now).toBeGreaterThanOrEqual(looks[index - 1]?.now ?? 0);
        for (const earlier of looks.slice(0, index)) {
          const elapsed = Math.max(later.monotonic - earlier.monotonic, later.wall - earlier.wall);
          expect(later.now - earlier.since).toBeGreaterThanOrEqual(elapsed - 1e-3);
        }
      }
    }),
    { seed: 14, numRuns: 300 },
  );
});

test("[S6] a wall clock that is set back neither stops it nor hides the sleep that follows", () => {
  const clocks = new Clocks();
  const read = pessimistic(clocks);
  read();
  const from = read.since();
  clocks.set(-3_600_000);
  clocks.passes(100);
  expect(read() - from).toBeGreaterThanOrEqual(100);
  clocks.sleeps(5_000);
  expect(read() - from).toBeGreaterThanOrEqual(5_100);
  clocks.set(-3_600_000);
  clocks.passes(1_000);
  expect(read() - from).toBeGreaterThanOrEqual(6_099);
  clocks.passes(1_000);
  expect(read() - from).toBeLessThanOrEqual(7_100 + 3);
});

test("[S6] a sleep that follows a wall clock that was set forward counts in full", () => {
  const clocks = new Clocks();
  const read = pessimistic(clocks);
  clocks.set(60_000);
  read();
  const since = read.since();
  clocks.sleeps(4_000);
  expect(read() - since).toBeGreaterThanOrEqual(4_000);
});
