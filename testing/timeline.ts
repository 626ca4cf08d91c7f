/** Virtual time: what is due first happens first, and promises go on in between. No clock of the platform is read. */
import { settle } from "./settle.ts";

/** Something that is due at a time. */
export interface Due {
  readonly dueAt: number;
  act(): void;
}

export const NEVER: Due = { dueAt: Infinity, act: () => {} };

export interface TimelinePorts {
  /** Everything there is to do. If two things are due at the same time, the first listed comes first. */
  dues(): Iterable<Due>;
  /** Called after each thing that happens. */
  look(): void;
}

/** How much may happen within one millisecond; more means an endless loop. */
const STORM = 10_000;

export class Timeline {
  readonly #ports: TimelinePorts;
  /** Milliseconds since 1970. */
  now: number;
  #isAdvancing = false;
  #atInstant = 0;

  constructor(start: number, ports: TimelinePorts) {
    this.now = start;
    this.#ports = ports;
  }

  /** Resolves with true as soon as the condition holds, and with false when the time is over. */
  async run(ms: number, isEnough: () => boolean): Promise<boolean> {
    if (!(ms >= 0)) throw new RangeError(`the time to advance is ${ms} ms: give 0 or more milliseconds`);
    if (this.#isAdvancing) throw new Error("time is advancing already: wait for advance, until or settled first");
    this.#isAdvancing = true;
    try {
      return await this.#advance(this.now + ms, isEnough);
    } finally {
      this.#isAdvancing = false;
    }
  }

  async #advance(end: number, isEnough: () => boolean): Promise<boolean> {
    await this.#rest();
    for (let due = this.#first(); !isEnough(); due = this.#first()) {
      if (due.dueAt > end) {
        this.now = end;
        this.#ports.look();
        return isEnough();
      }
      this.#goTo(due.dueAt);
      due.act();
      this.#ports.look();
      await this.#rest();
    }
    return true;
  }

  async #rest(): Promise<void> {
    await settle();
    this.#ports.look();
  }

  #goTo(dueAt: number): void {
    this.#atInstant = dueAt > this.now ? 0 : this.#atInstant + 1;
    this.now = Math.max(this.now, dueAt);
    if (this.#atInstant <= STORM) return;
    throw new Error(`${STORM} things happen within one millisecond: does a timer of 0 ms set itself again and again?`);
  }

  #first(): Due {
    let first = NEVER;
    for (const due of this.#ports.dues()) if (due.dueAt < first.dueAt) first = due;
    return first;
  }
}
