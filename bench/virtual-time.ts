/** Time that advances only on request, without promises: a measurement in it contains nothing else. */
import type { Clock } from "../client/clock.ts";

const START_MS = 1_800_000_000_000;

export class VirtualTime implements Clock {
  #nowMs = 0;
  #handles = 0;
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>();

  monotonic(): number {
    return this.#nowMs;
  }

  wall(): number {
    return START_MS + this.#nowMs;
  }

  setTimeout(callback: () => void, ms: number): number {
    this.#handles += 1;
    this.#timers.set(this.#handles, { atMs: this.#nowMs + ms, callback });
    return this.#handles;
  }

  clearTimeout(handle: unknown): void {
    if (typeof handle === "number") this.#timers.delete(handle);
  }

  /** Runs everything that is due within this time, in order. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let handle = this.#firstUntil(endMs); handle !== null; handle = this.#firstUntil(endMs)) {
      const timer = this.#timers.get(handle);
      this.#timers.delete(handle);
      this.#nowMs = Math.max(this.#nowMs, timer?.atMs ?? 0);
      timer?.callback();
    }
    this.#nowMs = endMs;
  }

  #firstUntil(endMs: number): number | null {
    let [first, firstAtMs]: [number | null, number] = [null, endMs];
    for (const [handle, { atMs }] of this.#timers) {
      if (atMs > firstAtMs || (atMs === firstAtMs && first !== null)) continue;
      [first, firstAtMs] = [handle, atMs];
    }
    return first;
  }
}
