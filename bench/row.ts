/** One row of the bench: what is measured, what it is compared with, and what is wanted of it. */
import type { FloorMedians } from "./floor.ts";
import type { FloorServer } from "./floor-server.ts";
import type { Bound, Spread } from "./verdict.ts";

export type Unit = "ms" | "per s" | "bytes" | "$ a month";

export interface Reference {
  readonly name: string;
  readonly value: number;
}

/** What a measurement gives: samples, and anything that the reader has to know beside them. */
export interface Measured {
  readonly samples: readonly number[];
  readonly note?: string;
  /** Measured together with the row, where the floor's medians are not what it is compared with. */
  readonly reference?: Reference;
}

/** The row can't be measured here, and why. */
export class Skipped extends Error {}

/** What the whole run shares. */
export interface Bench {
  readonly floor: FloorServer;
}

export interface Row {
  /** Picked by `--rows`; stays the same from run to run. */
  readonly id: string;
  readonly name: string;
  readonly unit: Unit;
  /** Settings that a number means nothing without. */
  readonly settings?: string;
  /** Absent: the measurement's own, or none. The floor is measured right before and right after the row. */
  readonly reference?: (floor: FloorMedians) => Reference;
  readonly bounds?: readonly Bound[];
  measure(bench: Bench): Promise<Measured>;
}

/** What stands in the JSON file: nothing in it depends on the machine's names or paths. */
export interface Result extends Spread {
  readonly row: string;
  readonly name: string;
  readonly unit: Unit;
  readonly settings?: string;
  readonly note?: string;
  readonly reference?: Reference;
  /** Of the median to the reference. */
  readonly ratio?: number;
  readonly target?: string;
  readonly verdict?: "met" | "missed";
  /** Load average over a minute, when the row began. */
  readonly load: number;
  /** How long the row took, with all that it starts and compares with. */
  readonly seconds: number;
}
