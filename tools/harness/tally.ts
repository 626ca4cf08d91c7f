/** How often something was done or seen; a close counts as `closed 4400`, for example. */
export type Counts = Readonly<Record<string, number>>;

/** What is counted less often than it is at least to be. */
export const missingFrom = (counts: Counts, least: Counts): string[] =>
  Object.keys(least).filter((what) => (counts[what] ?? 0) < (least[what] ?? 0));

/** What an attack has done, and when it has had its effect. */
export class Tally {
  readonly counts: Record<string, number> = {};
  /** Whether everything was counted as often as it is at least to be. */
  isEffective = false;
  readonly #least: Counts;
  readonly #effective: () => void;

  /** `effective` is called once, when the last of the least counts is reached. */
  constructor(least: Counts, effective: () => void) {
    this.#least = least;
    this.#effective = effective;
  }

  add(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
    if (this.isEffective || missingFrom(this.counts, this.#least).length > 0) return;
    this.isEffective = true;
    this.#effective();
  }
}
