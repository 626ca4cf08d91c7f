/** One row of the bench: its measurement, its reference, and its target. */
import type { FloorMedians } from "./floor.ts";
import type { FloorServer } from "./floor-server.ts";
import type { Bound, Spread } from "./verdict.ts";

export type Unit = "ms" | "per s" | "bytes" | "$ a month" | "groups";

export interface Reference {
  readonly name: string;
  readonly value: number;
}

/** The result of a measurement: samples, and a note for the reader. */
export interface Measured {
  readonly samples: readonly number[];
  readonly note?: string;
  /** The reference of a row that is not compared with the floor, measured together with the row. */
  readonly reference?: Reference;
}

/** The row can't be measured here, and why. */
export class Skipped extends Error {}

/** Shared by the whole run. */
export interface Bench {
  readonly floor: FloorServer;
  /** The earlier commit that some rows are compared with. */
  readonly before?: string | undefined;
  /** How many rounds the rows of returning crowds take. */
  readonly rounds?: number | undefined;
}

export interface Row {
  /** `--rows` selects by it. It never changes. */
  readonly id: string;
  readonly name: string;
  readonly unit: Unit;
  /** Settings that a reader needs to understand the number. */
  readonly settings?: string;
  /** Absent if the measurement brings its own reference, or none. The floor is measured right before and after the row. */
  readonly reference?: (floor: FloorMedians) => Reference;
  readonly bounds?: readonly Bound[];
  /** How long the measurement may take, if longer than others. */
  patienceMs?(bench: Bench): number;
  measure(bench: Bench): Promise<Measured>;
}

/** A row in the JSON file, without names or paths of the machine. */
export interface Result extends Spread {
  readonly row: string;
  readonly name: string;
  readonly unit: Unit;
  readonly settings?: string;
  readonly note?: string;
  readonly reference?: Reference;
  /** The median divided by the reference. */
  readonly ratio?: number;
  readonly target?: string;
  readonly verdict?: "met" | "missed";
  /** Load average of the last minute when the row began. */
  readonly load: number;
  /** Duration of the row, with everything that it starts and its reference. */
  readonly seconds: number;
}
