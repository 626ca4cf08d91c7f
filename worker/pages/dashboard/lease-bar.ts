/** A lease, counted down on the page's own clock and corrected by each new status. */
import { part, setText } from "./dom.ts";
import type { ElectionView } from "./view/elections.ts";

const SECOND_MS = 1_000;

export class LeaseBar {
  readonly #row: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #left: HTMLElement;
  #until = 0;
  #key = "";
  #longestMs = 0;

  constructor(card: HTMLElement) {
    this.#row = part(card, "lease", HTMLElement);
    this.#bar = part(card, "bar", HTMLProgressElement);
    this.#left = part(card, "left", HTMLElement);
  }

  /** `askedAt`: when the request for this status was sent. A full bar is the longest lease that was seen of this term. */
  update({ remainingMs, holder }: ElectionView, askedAt: number): void {
    this.#row.hidden = remainingMs === null;
    if (remainingMs === null) return;
    const key = holder?.leaderSessionId ?? "";
    if (key !== this.#key) this.#longestMs = 0;
    this.#key = key;
    this.#longestMs = Math.max(this.#longestMs, remainingMs);
    this.#until = askedAt + remainingMs;
    this.#bar.max = this.#longestMs;
    this.tick();
  }

  tick(): void {
    if (this.#row.hidden) return;
    const leftMs = Math.max(0, this.#until - performance.now());
    this.#bar.value = leftMs;
    setText(this.#left, `${(leftMs / SECOND_MS).toFixed(1)}\u00a0s left`);
  }
}
