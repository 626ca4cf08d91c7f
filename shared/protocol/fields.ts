/**
 * Checks for values of unknown shape. A check returns the value with its type, or throws `InvalidField` and nothing
 * else; it never changes, copies deeply or walks more than its bounds allow.
 */
import { legible } from "../legible.ts";

/** A value that is not what a field takes. `field` is its path, such as `contenders[3].component`. */
export class InvalidField extends Error {
  readonly field: string;
  /** `given`: the value, as `shown` shows it. */
  constructor(field: string, expected: string, given: string) {
    super(mustBe(field || "message", expected, given));
    this.field = field;
  }
}

/** The sentence about a wrong value, on both sides: the rule, and the value as `shown` shows it. */
export const mustBe = (field: string, expected: string, given: string): string =>
  `${field} must be ${expected}; it is ${given}`;

const SHOWN_LENGTH = 40;

/** A value for the message of an error: short, on one line, and only the outside of what holds others. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "missing";
    case "string": {
      const text = legible(JSON.stringify(value.slice(0, SHOWN_LENGTH)));
      return value.length > SHOWN_LENGTH ? `${text}… (${value.length} characters)` : text;
    }
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? `a list of ${value.length}` : "an object";
    case "symbol":
    case "function":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}

export type Check<T> = (value: unknown, field: string) => T;
/** A table of checks, one for each field of `T`, total by type. */
export type Fields<T> = { readonly [K in keyof T]-?: Check<T[K]> };

type Show = (value: unknown) => string;
/** Shows nothing of a value that may be a secret. */
export const hidden: Show = (value) => (typeof value === "string" ? "a text that is not shown here" : shown(value));

/** A check out of a predicate. `show`: how its message shows a value that does not pass. */
export const where =
  <T>(test: (value: unknown) => value is T, expected: string, show: Show = shown): Check<T> =>
  (value, field) => {
    if (!test(value)) throw new InvalidField(field, expected, show(value));
    return value;
  };

export const text = (max: number, min = 0, show: Show = shown): Check<string> =>
  where(
    (value): value is string => typeof value === "string" && value.length >= min && value.length <= max,
    `a string of ${min}-${max} characters`,
    show,
  );

/** How a message names the bounds; one that bounds nothing is left out. */
function range(min: number, max: number): string {
  if (max < Number.MAX_VALUE) return `a number from ${min} to ${max}`;
  return min > -Number.MAX_VALUE ? `a number, at least ${min}` : "a finite number";
}

/** A finite number within the bounds, both included. */
export const number = (min = -Number.MAX_VALUE, max = Number.MAX_VALUE): Check<number> =>
  where((value): value is number => typeof value === "number" && value >= min && value <= max, range(min, max));

export const boolean: Check<boolean> = where((value): value is boolean => typeof value === "boolean", "a boolean");

export const oneOf = <const T extends string | number | boolean>(...values: readonly T[]): Check<T> =>
  where((value): value is T => values.includes(value as T), `one of ${values.join(", ")}`);

export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, field) =>
    value === undefined ? value : check(value, field);

export const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, field) =>
    value === null ? value : check(value, field);

/** A plain object of any realm. Lists, dates, maps and the like would not arrive as what they are. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  Object.getPrototypeOf(Object.getPrototypeOf(value) ?? Object.prototype) === null;

export const record: Check<Readonly<Record<string, unknown>>> = where(isRecord, "an object");

/** The length is checked before the first entry is looked at. */
export const list =
  <T>(check: Check<T>, max: number): Check<readonly T[]> =>
  (value, field) => {
    if (!Array.isArray(value) || value.length > max)
      throw new InvalidField(field, `a list of at most ${max}`, shown(value));
    return value.map((entry, index) => check(entry, `${field}[${index}]`));
  };

/** Keeps the known fields and ignores the others; an optional field that is absent stays absent. */
export const object = <T extends object>(fields: Fields<T>): Check<T> => {
  const checks = Object.entries<Check<unknown>>(fields);
  return (value, field) => {
    const source = record(value, field);
    const result: Record<string, unknown> = {};
    for (const [name, check] of checks) {
      const checked = check(Object.hasOwn(source, name) ? source[name] : undefined, field ? `${field}.${name}` : name);
      if (checked !== undefined) result[name] = checked;
    }
    return result as T;
  };
};
