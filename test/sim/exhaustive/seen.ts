/** A set of fingerprints: open addressing in one typed array, eight bytes each, at most two thirds full. */
import type { Hashes } from "./print.ts";

const FIRST_SLOTS = 2 ** 14;

export class Seen {
  #slots = new Int32Array(2 * FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns whether it is new. */
  add(fingerprint: Hashes): boolean {
    const { a, b } = filled(fingerprint);
    const slot = freeSlot(this.#slots, a, b);
    if (slot === null) return false;
    this.#slots[slot] = a;
    this.#slots[slot + 1] = b;
    this.#size += 1;
    if (3 * this.#size > this.#slots.length) this.#grow();
    return true;
  }

  addAll(other: Seen): void {
    for (const fingerprint of other.#all()) this.add(fingerprint);
  }

  isWithin(other: Seen): boolean {
    for (const { a, b } of this.#all()) if (freeSlot(other.#slots, a, b) !== null) return false;
    return true;
  }

  *#all(): Generator<Hashes> {
    for (let at = 0; at < this.#slots.length; at += 2) {
      const [a = 0, b = 0] = [this.#slots[at], this.#slots[at + 1]];
      if (a !== 0 || b !== 0) yield { a, b };
    }
  }

  #grow(): void {
    const before = [...this.#all()];
    this.#slots = new Int32Array(2 * this.#slots.length);
    this.#size = 0;
    for (const fingerprint of before) this.add(fingerprint);
  }
}

/** Zeros mark an empty slot. */
const filled = ({ a, b }: Hashes): Hashes => (a === 0 && b === 0 ? { a: 1, b: 0 } : { a, b });

/** Where it would go; `null`: it is there. */
function freeSlot(slots: Int32Array, a: number, b: number): number | null {
  const last = slots.length - 2;
  for (let at = (a << 1) & last; ; at = (at + 2) & last) {
    if (slots[at] === a && slots[at + 1] === b) return null;
    if (slots[at] === 0 && slots[at + 1] === 0) return at;
  }
}
