import { earlier, type Instant, instantIn, msUntil } from "./instant.ts";

/** How often the wall clock is read: it can jump when the machine wakes up. */
const LOOK_EVERY_MS = 250;

export interface StopActions {
  /** Called once, unless `kill` comes first. */
  terminate(): void;
  /** Called when the time has come, and again every 250 ms until the watch is dismissed. */
  kill(): void;
}

/** Stops a command at its time. Each end of the pipe has one, and either is enough. */
export class StopWatch {
  readonly #actions: StopActions;
  #terminateAt: Instant | undefined;
  #killAt: Instant | undefined;
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(actions: StopActions) {
    this.#actions = actions;
  }

  /** Whether the command has been told to end, or should have been: from now on its end counts as a stop. */
  get isStopping(): boolean {
    return this.#isStopping || (this.#terminateAt !== undefined && msUntil(this.#terminateAt) <= 0);
  }

  /** A renewal was answered: both moments move. Once it stops, nothing moves any longer. */
  extend(terminateAt: Instant, killAt: Instant): void {
    if (this.#isStopping) return;
    this.#terminateAt = terminateAt;
    this.#killAt = killAt;
    this.#look();
  }

  /** `terminate` now, and `kill` after this time, or at the moment known before if that is earlier. */
  stop(graceMs: number): void {
    const latest = instantIn(graceMs);
    this.#killAt = this.#killAt === undefined ? latest : earlier(this.#killAt, latest);
    if (!this.#isStopping) {
      this.#isStopping = true;
      if (graceMs > 0) this.#actions.terminate();
    }
    this.#look();
  }

  dismiss(): void {
    clearTimeout(this.#timer);
    this.#terminateAt = undefined;
    this.#killAt = undefined;
  }

  #look(): void {
    clearTimeout(this.#timer);
    if (this.#killAt === undefined) return;
    const killInMs = msUntil(this.#killAt);
    if (killInMs <= 0) {
      this.#isStopping = true;
      this.#actions.kill();
      return this.#lookIn(LOOK_EVERY_MS);
    }
    if (this.#isStopping || this.#terminateAt === undefined) return this.#lookIn(killInMs);
    const terminateInMs = msUntil(this.#terminateAt);
    if (terminateInMs > 0) return this.#lookIn(terminateInMs);
    this.#isStopping = true;
    this.#actions.terminate();
    this.#lookIn(killInMs);
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(1, ms), LOOK_EVERY_MS));
  }
}
