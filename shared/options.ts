/** The names of options: one that is misspelt would do nothing, and nobody would notice. */
import { invalidArgument } from "./errors.ts";
import { isRecord } from "./protocol/fields.ts";

/** Throws a `TypeError` for a name that is unknown. An object of a class may hold what is its own. */
export function assertNames(given: object, names: readonly string[]): void {
  const unknown = isRecord(given) ? Object.keys(given).find((name) => !names.includes(name)) : undefined;
  if (unknown !== undefined) throw invalidArgument(`${unknown} is unknown: the options are ${names.join(", ")}`);
}
