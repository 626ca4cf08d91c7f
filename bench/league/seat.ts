/** A member's place in one election: what it believed, and when. Runs in Node and in pages. */
import type { Term } from "./term.ts";

/** At both instants, and whenever it looked between them, the member believed to lead. */
export interface Interval {
  /** The number of the term among those of this seat. */
  readonly term: number;
  readonly from: number;
  to: number;
}

/** Who has not looked for so long did not run: what it believed in that time is nobody's harm. */
export const STALL_MS = 200;

export class Seat {
  readonly intervals: Interval[] = [];
  #term: Term | undefined;
  #terms = 0;

  take(term: Term): void {
    this.#term = term;
    this.#terms += 1;
  }

  /** The term that the member believes in. */
  look(at: number): Term | undefined {
    const term = this.#term;
    if (term === undefined || !term.holds()) return undefined;
    const last = this.intervals.at(-1);
    if (last?.term === this.#terms && at - last.to <= STALL_MS) last.to = at;
    else this.intervals.push({ term: this.#terms, from: at, to: at });
    return term;
  }
}
