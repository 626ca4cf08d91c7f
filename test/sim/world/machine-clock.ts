/**
 * The two clocks of one machine, as functions of true time, and what the shipped pessimistic clock makes of them. Both
 * run at the machine's rate; the monotonic one may stand still while the machine sleeps, the wall clock may be set.
 */
import type { PessimisticClock } from "../../../client/clock.ts";
import type { Cores } from "../cores.ts";

export interface MachineSetup {
  readonly rate: number;
  readonly stopsAsleep: boolean;
  readonly inWorker?: boolean;
}

export class MachineClock {
  readonly rate: number;
  readonly stopsAsleep: boolean;
  /** As in Workers: while code runs they stand still, and a timer shows them when it was due, however late it comes. */
  readonly standsStill: boolean;
  /** The true time that they show, where they stand still. */
  #shownAt: number;
  readonly #trueNow: () => number;
  readonly #pessimistic: PessimisticClock;
  /** Both clocks at one true instant; they are linear from there on. */
  #base: { readonly at: number; readonly monotonic: number; readonly wall: number };
  #monotonicStopped = false;
  #lastNow = 0;
  /** What elapsed time is ahead of either clock, at least. */
  readonly #ahead = { monotonic: 0, wall: -1_700_000_000_000 };
  #sleptSinceLook = false;
  #setBackSinceLook = false;

  constructor(
    pessimistic: Cores["client"]["pessimistic"],
    { rate, stopsAsleep, inWorker = false }: MachineSetup,
    trueNow: () => number,
  ) {
    this.rate = rate;
    this.stopsAsleep = stopsAsleep;
    this.standsStill = inWorker;
    this.#trueNow = trueNow;
    this.#shownAt = trueNow();
    this.#base = { at: trueNow(), monotonic: 0, wall: 1_700_000_000_000 };
    this.#pessimistic = pessimistic({
      monotonic: () => this.monotonic,
      wall: () => this.wall,
      setTimeout: () => undefined,
      clearTimeout: () => undefined,
    });
  }

  /** I/O: the clocks show the time again. */
  arrive(): void {
    this.#shownAt = this.#trueNow();
  }

  /** A timer that was due then. */
  ring(dueAt: number): void {
    this.#shownAt = Math.max(this.#shownAt, Math.min(dueAt, this.#trueNow()));
  }

  get #shows(): number {
    return this.standsStill ? this.#shownAt : this.#trueNow();
  }

  #monotonicAt(at: number): number {
    return this.#base.monotonic + (this.#monotonicStopped ? 0 : (at - this.#base.at) * this.rate);
  }

  #wallAt(at: number): number {
    return this.#base.wall + (at - this.#base.at) * this.rate;
  }

  get monotonic(): number {
    return this.#monotonicAt(this.#shows);
  }

  get wall(): number {
    return this.#wallAt(this.#shows);
  }

  /** What the wall clock would show after I/O. */
  get trueWall(): number {
    return this.#wallAt(this.#trueNow());
  }

  /** Elapsed time by the shipped clock. Each look is a step of that clock. */
  look(): { readonly now: number; readonly since: number; readonly jumped: number } {
    const now = this.#pessimistic();
    const since = this.#pessimistic.since();
    this.#lastNow = now;
    this.#ahead.monotonic = Math.max(this.#ahead.monotonic, since - this.monotonic);
    this.#ahead.wall = Math.max(this.#ahead.wall, since - this.wall);
    this.#sleptSinceLook = false;
    this.#setBackSinceLook = false;
    return { now, since, jumped: this.#pessimistic.jumped() };
  }

  /**
   * What a look has to give after I/O, computed independently of the shipped clock, and without looking: as much more than at
   * each earlier look as either clock has gone on by since then.
   */
  peek(): number {
    const now = this.#trueNow();
    return Math.max(
      this.#lastNow,
      this.#monotonicAt(now) + this.#ahead.monotonic,
      this.#wallAt(now) + this.#ahead.wall,
    );
  }

  /** The true time at which the monotonic clock shows `at`; never, while it stands still. */
  trueTimeOf(at: number): number {
    const ahead = at - this.#base.monotonic;
    if (ahead <= 0) return this.#base.at;
    return this.#monotonicStopped ? Infinity : Math.ceil(this.#base.at + ahead / this.rate);
  }

  /**
   * Sets the wall clock. Set back between the same two looks as a sleep that stops the monotonic clock, it would hide
   * the sleep from both clocks. That is outside of what is promised: no such step is made, or a look comes before.
   */
  set(byMs: number): void {
    if (byMs < 0 && this.#sleptSinceLook) return;
    this.#setBackSinceLook ||= byMs < 0;
    this.#rebase(byMs);
  }

  sleep(): void {
    if (this.#setBackSinceLook) this.look();
    this.#rebase(0);
    this.#monotonicStopped = this.stopsAsleep;
    this.#sleptSinceLook = true;
  }

  wake(): void {
    this.#rebase(0);
    this.#monotonicStopped = false;
  }

  #rebase(wallStep: number): void {
    this.arrive();
    this.#base = { at: this.#trueNow(), monotonic: this.monotonic, wall: this.wall + wallStep };
  }
}
