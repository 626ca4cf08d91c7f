/** The way of calls between one caller and the group: late, lost, repeated. Each answer comes back on its own. */
import type { Outcome } from "../../../worker/group/events.ts";
import type { PollRequest } from "../../../worker/host/host.ts";
import type { Direction } from "./network.ts";

/** What becomes of what is on its way now. */
export type CallFate = "lose" | "repeat" | "hold";

interface Parcel {
  readonly direction: Direction;
  /** Infinity: held back until somebody lets it go. */
  dueAt: number;
  readonly deliver: () => void;
}

export interface CallsPorts {
  trueNow(): number;
  isStalled(): boolean;
  /** `null`: the object has died over it. */
  ask(request: PollRequest, answer: (outcome: Outcome | null) => void): void;
}

const HEALTHY_MS = 10;

export class Calls {
  readonly #ports: CallsPorts;
  /** One way. */
  latencyMs = HEALTHY_MS;
  #parcels: Parcel[] = [];

  constructor(ports: CallsPorts) {
    this.#ports = ports;
  }

  /** `hear` is called with each answer that comes back. */
  send(request: PollRequest, hear: (outcome: Outcome) => void): void {
    this.#put("up", () =>
      this.#ports.ask(request, (outcome) => {
        if (outcome !== null) this.#put("down", () => hear(JSON.parse(JSON.stringify(outcome))));
      }),
    );
  }

  #put(direction: Direction, deliver: () => void): void {
    this.#parcels.push({ direction, deliver, dueAt: this.#ports.trueNow() + this.latencyMs });
  }

  /** `laterMs`: when a copy arrives that has been made. */
  befall(direction: Direction, fate: CallFate, laterMs: number): void {
    const befallen = this.#parcels.filter((parcel) => parcel.direction === direction);
    if (fate === "lose") this.#parcels = this.#parcels.filter((parcel) => !befallen.includes(parcel));
    else if (fate === "hold") for (const parcel of befallen) parcel.dueAt = Infinity;
    else for (const parcel of befallen) this.#parcels.push({ ...parcel, dueAt: this.#ports.trueNow() + laterMs });
  }

  postpone(ms: number): void {
    for (const parcel of this.#parcels) parcel.dueAt += ms;
  }

  /** Lets go what was held back. */
  release(): void {
    const now = this.#ports.trueNow();
    for (const parcel of this.#parcels) parcel.dueAt = Math.min(parcel.dueAt, now + HEALTHY_MS);
  }

  heal(): void {
    this.latencyMs = HEALTHY_MS;
    this.release();
  }

  /** The parcel that arrives next; answers wait for a caller that does not `hear`. */
  next(hears: boolean): { readonly dueAt: number; readonly act: () => void } {
    let first: Parcel | null = null;
    for (const parcel of this.#ports.isStalled() ? [] : this.#parcels) {
      if ((hears || parcel.direction === "up") && parcel.dueAt < (first?.dueAt ?? Infinity)) first = parcel;
    }
    const found = first;
    if (found === null) return { dueAt: Infinity, act: () => {} };
    const act = (): void => {
      this.#parcels = this.#parcels.filter((parcel) => parcel !== found);
      found.deliver();
    };
    return { dueAt: found.dueAt, act };
  }
}
