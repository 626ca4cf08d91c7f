/** Validation is local first: what the server would close the socket for never leaves. */
import { ADDRESS_LENGTH, ID_LENGTH, METADATA_BYTES, PRIORITY_MAX, PROCESS_NAME_LENGTH } from "../shared/limits.ts";
import { isName } from "../shared/names.ts";

const isText = (longest: number) => (value: unknown) => typeof value === "string" && value.length <= longest;
const isOneOf =
  (...values: unknown[]) =>
  (value: unknown) =>
    values.includes(value);
const isMs = (value: unknown) => typeof value === "number" && value >= 0;

/** Arrays, dates, maps and the like don't arrive as what they are. */
const isPlainObject = (value: unknown): value is object =>
  Object.getPrototypeOf(Object.getPrototypeOf(value ?? []) ?? Object.prototype) === null;

const rules = {
  group: isName,
  component: isName,
  successor: (value: unknown) => isText(ID_LENGTH)(value) && value !== "",
  election: isOneOf("process", "dedicated"),
  priority: (value: unknown) => typeof value === "number" && Math.abs(value) <= PRIORITY_MAX,
  process: isPlainObject,
  name: isText(PROCESS_NAME_LENGTH),
  address: isText(ADDRESS_LENGTH),
  metadata: (value: unknown, metadataBytes: number) =>
    isPlainObject(value) &&
    Object.values(value).every((entry) => typeof entry === "string") &&
    new TextEncoder().encode(JSON.stringify(value)).length <= metadataBytes,
  onDisconnect: isOneOf("keep", "revoke"),
  lingerMs: isMs,
  drainMs: isMs,
};

/** A `TypeError` with the code `invalid_argument`. */
export const invalid = (name: string, problem: string): TypeError =>
  Object.assign(new TypeError(`${name} ${problem}`), { code: "invalid_argument", retryable: false });

/** Whatever of these is given: what is `undefined` is not. `metadataBytes`: the server's limit, where it is known. */
export function check(given: { readonly [K in keyof typeof rules]?: unknown }, metadataBytes = METADATA_BYTES): void {
  for (const [name, isValid] of Object.entries(rules)) {
    const value = given[name as keyof typeof rules];
    if (value !== undefined && !isValid(value, metadataBytes)) throw invalid(name, "is invalid");
  }
}
