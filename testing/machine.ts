/** The machine of one process in a test group: its clocks, its timers, and its connections to the group. */
import type { Clock } from "../client/clock.ts";
import { LOST } from "../shared/protocol/close-codes.ts";
import { Link } from "./group/link.ts";
import { seededRandom } from "./random.ts";
import { type Due, NEVER } from "./timeline.ts";

/** `frozen`: its code stands still. `dead`: it has ended without saying goodbye. */
type Whereabouts = "running" | "frozen" | "dead";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export interface MachineSettings {
  readonly name: string;
  readonly seed: number;
  readonly latencyMs: number;
  now(): number;
}

export class Machine implements Clock {
  readonly name: string;
  /** Randomness of its back-off: the same sequence for the same seed. */
  readonly random: () => number;
  readonly #settings: MachineSettings;
  readonly #bornAt: number;
  readonly #timers = new Map<number, Timer>();
  #handles = 0;
  #whereabouts: Whereabouts = "running";
  #frozenAt = 0;
  /** How long it was frozen; its monotonic clock does not count that. */
  #stoodMs = 0;
  #delayMs = 0;
  isPartitioned = false;
  links: Link[] = [];

  constructor(settings: MachineSettings) {
    this.name = settings.name;
    this.random = seededRandom(settings.seed);
    this.#settings = settings;
    this.#bornAt = settings.now();
  }

  get isRunning(): boolean {
    return this.#whereabouts === "running";
  }

  get isDead(): boolean {
    return this.#whereabouts === "dead";
  }

  // Clock

  /** Stands still while the machine is frozen, as on a platform that does not count sleep. */
  monotonic(): number {
    return this.wall() - this.#bornAt - this.#stoodMs;
  }

  /** Stands still while the machine is frozen, and shows the true time again once it is thawed. */
  wall(): number {
    return this.#whereabouts === "frozen" ? this.#frozenAt : this.#settings.now();
  }

  setTimeout(run: () => void, ms: number): number {
    this.#handles += 1;
    this.#timers.set(this.#handles, { at: this.wall() + Math.max(0, ms), run });
    return this.#handles;
  }

  clearTimeout(handle: unknown): void {
    if (typeof handle === "number") this.#timers.delete(handle);
  }

  get hasTimers(): boolean {
    return this.#timers.size > 0;
  }

  clearTimers(): void {
    this.#timers.clear();
  }

  /** The timer that is due first. */
  next(): Due {
    let first = NEVER;
    if (!this.isRunning) return first;
    for (const [handle, { at, run }] of this.#timers) {
      if (at >= first.dueAt) continue;
      const act = (): void => {
        this.#timers.delete(handle);
        run();
      };
      first = { dueAt: at, act };
    }
    return first;
  }

  // What happens to it

  freeze(): void {
    if (!this.isRunning) return;
    this.#frozenAt = this.wall();
    this.#whereabouts = "frozen";
  }

  thaw(): void {
    if (this.#whereabouts !== "frozen") return;
    this.#whereabouts = "running";
    this.#stoodMs += this.wall() - this.#frozenAt;
  }

  /** `told`: its operating system closes its connections, so the group is told. */
  kill(told: boolean): void {
    this.#whereabouts = "dead";
    this.clearTimers();
    for (const { up, down } of this.links) {
      if (told) up.send({ type: "close", code: LOST }, this.#settings.now());
      up.severed = true;
      down.sever(0);
    }
  }

  // Its path to the group

  /** One direction takes so much longer from now on. What is on its way already is not slower. */
  delay(ms: number): void {
    this.#delayMs = ms;
    for (const { up, down } of this.links) up.latencyMs = down.latencyMs = this.latencyMs;
  }

  /** How long what it sends is on its way. */
  get latencyMs(): number {
    return this.#settings.latencyMs + this.#delayMs;
  }

  connect(attempt: number): Link {
    const { now } = this.#settings;
    const link = new Link(attempt, [this.latencyMs, this.latencyMs]);
    this.links = [...this.links.filter(({ finished }) => !finished), link];
    if (this.isPartitioned || this.isDead) sever(link);
    link.up.send({ type: "open" }, now());
    return link;
  }

  /** Nothing arrives any longer, in either direction, and neither side is told. */
  partition(): void {
    this.isPartitioned = true;
    for (const link of this.links) sever(link);
  }

  /** Connections that have lost a frame are reset; the others go on. */
  heal(): void {
    if (!this.isPartitioned || this.isDead) return;
    this.isPartitioned = false;
    for (const link of this.links) {
      if (link.up.lost || link.down.lost) this.#reset(link);
      else {
        link.up.mend();
        link.down.mend();
      }
    }
  }

  /** Every connection is reset, and both ends are told. */
  cut(): void {
    for (const link of this.links) this.#reset(link);
  }

  #reset({ up, down }: Link): void {
    const now = this.#settings.now();
    up.severAndTell(0, LOST, now);
    down.severAndTell(0, LOST, now);
  }
}

function sever({ up, down }: Link): void {
  up.sever(0);
  down.sever(0);
}
