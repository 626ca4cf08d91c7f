/**
 * Prints of values: two hashes of 32 bits of how a value looks whatever its ids and times are, and these apart. Ids are
 * what the object makes of its nonces; a number this large is a time, or an epoch or a place that was one. So a part is
 * printed once, however often it occurs, at whatever time, and under whatever names.
 */
export class Print {
  /** Numbers of ids, in the order in which they occur. */
  readonly ids: readonly number[];
  readonly #bare: Hashes;
  readonly #times: readonly number[];
  #timed: Hashes & { readonly now: number };

  constructor({ a, b, ids, times }: Hashes & { readonly ids: readonly number[]; readonly times: readonly number[] }) {
    this.ids = ids;
    this.#bare = { a, b };
    this.#times = times;
    this.#timed = { a, b, now: Number.NaN };
  }

  /** With its times as they are from a given one. */
  at(now: number): Hashes {
    if (this.#timed.now === now) return this.#timed;
    let { a, b } = this.#bare;
    for (const time of this.#times) {
      const ago = Math.round(time - now);
      a = mixA(a, ago);
      b = mixB(b, ago);
    }
    this.#timed = { a, b, now };
    return this.#timed;
  }

  addTo(printer: Printer): void {
    printer.addParts(this.#bare, this.ids, this.#times);
  }
}

export interface Hashes {
  readonly a: number;
  readonly b: number;
}

/** What `nonceOf` makes, and what the object makes of that. */
const ID = /n\d{4}(?:\.\d+)?/;
const FIRST_TIME = 5_000_000;

/** A nonce that sorts behind all that were made before it. */
export const nonceOf = (count: number): string => `n${1_000 + count}`;

/** Mixes a number of 32 bits into a hash. Different multipliers make hashes that collide independently of each other. */
export function mixA(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
export function mixB(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x85ebca77);
  return mixed ^ (mixed >>> 13);
}

interface Text {
  readonly a: number;
  readonly b: number;
  readonly id: number | null;
}

const texts = new Map<string, Text>();
const idNumbers = new Map<string, number>();

/** How many ids are known: their numbers are below. */
export const knownIds = (): number => idNumbers.size;

export function idNumberOf(id: string): number {
  const number = idNumbers.get(id) ?? idNumbers.size;
  idNumbers.set(id, number);
  return number;
}

function textOf(text: string): Text {
  const known = texts.get(text);
  if (known !== undefined) return known;
  const id = ID.exec(text)?.[0];
  const rest = id === undefined ? text : text.replace(id, "n");
  let [a, b] = [rest.length, rest.length];
  for (let index = 0; index < rest.length; index++) {
    a = mixA(a, rest.charCodeAt(index));
    b = mixB(b, rest.charCodeAt(index));
  }
  const made = { a, b, id: id === undefined ? null : idNumberOf(id) };
  texts.set(text, made);
  return made;
}

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

class Printer {
  #a = 1;
  #b = 2;
  readonly #ids: number[] = [];
  readonly #times: number[] = [];

  get print(): Print {
    return new Print({ a: this.#a, b: this.#b, ids: this.#ids, times: this.#times });
  }

  addParts({ a, b }: Hashes, ids: readonly number[], times: readonly number[]): void {
    this.#a = mixA(this.#a, a);
    this.#b = mixB(this.#b, b);
    this.#mix(ids.length);
    this.#ids.push(...ids);
    this.#mix(times.length);
    this.#times.push(...times);
  }

  add(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#mix(value ? 3 : 4);
      case "object":
        return value === null ? this.#mix(5) : this.#object(value);
      default:
        throw new TypeError(`a state of the small world holds a ${typeof value}`);
    }
  }

  #mix(value: number): void {
    this.#a = mixA(this.#a, value);
    this.#b = mixB(this.#b, value);
  }

  #text(text: string): void {
    const { a, b, id } = textOf(text);
    this.#a = mixA(this.#a, a);
    this.#b = mixB(this.#b, b);
    if (id !== null) this.#ids.push(id);
  }

  #number(value: number): void {
    if (value >= FIRST_TIME && value < Infinity) {
      this.#mix(6);
      this.#times.push(value);
      return;
    }
    double[0] = value;
    this.#mix(words[0] ?? 0);
    this.#mix(words[1] ?? 0);
  }

  #object(value: object): void {
    if (Array.isArray(value)) return this.#list(value);
    if (value instanceof Print) return value.addTo(this);
    if (Object.getPrototypeOf(value) === Object.prototype) {
      this.#mix(7);
      for (const key in value) {
        const field: unknown = Reflect.get(value, key);
        if (field === undefined) continue;
        this.#text(key);
        this.add(field);
      }
      return this.#mix(8);
    }
    // The maps of a mutant are of another class than those of the shipped cores.
    if (!("entries" in value) || typeof value.entries !== "function") throw new TypeError("an object has no entries");
    this.#list([...value.entries()]);
  }

  #list(values: readonly unknown[]): void {
    this.#mix(values.length);
    for (const value of values) this.add(value);
  }
}

function printOf(value: unknown): Print {
  const printer = new Printer();
  printer.add(value);
  return printer.print;
}

/** Makes something of a value once, and keeps it as long as the value. */
export function kept<Value extends object, Made>(make: (value: Value) => Made): (value: Value) => Made {
  const all = new WeakMap<Value, Made>();
  return (value) => {
    const known = all.get(value);
    if (known !== undefined) return known;
    const made = make(value);
    all.set(value, made);
    return made;
  };
}

/** `seen`: what of the value counts, with prints in the place of parts that have one. */
export const keptPrint = <Value extends object>(seen: (value: Value) => unknown): ((value: Value) => Print) =>
  kept((value) => printOf(seen(value)));
