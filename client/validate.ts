/** Validation is local first: what the server would close the socket for never leaves. */
import { byteLength } from "../shared/byte-length.ts";
import { ADDRESS_LENGTH, ID_LENGTH, METADATA_BYTES, PRIORITY_MAX, PROCESS_NAME_LENGTH } from "../shared/limits.ts";
import { isName } from "../shared/names.ts";

const isText = (value: unknown, max: number): boolean => typeof value === "string" && value.length <= max;
const isMs = (value: unknown): boolean => typeof value === "number" && value >= 0;

/** Arrays, dates, maps and the like don't arrive as what they are. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const rules = {
  group: isName,
  component: isName,
  successor: (value: unknown) => isText(value, ID_LENGTH) && value !== "",
  election: (value: unknown) => value === "process" || value === "dedicated",
  priority: (value: unknown) => typeof value === "number" && Math.abs(value) <= PRIORITY_MAX,
  process: isPlainObject,
  name: (value: unknown) => isText(value, PROCESS_NAME_LENGTH),
  address: (value: unknown) => isText(value, ADDRESS_LENGTH),
  metadata: (value: unknown, metadataBytes: number) =>
    isPlainObject(value) &&
    Object.values(value).every((entry) => typeof entry === "string") &&
    byteLength(JSON.stringify(value)) <= metadataBytes,
  onDisconnect: (value: unknown) => value === "keep" || value === "revoke",
  lingerMs: isMs,
  drainMs: isMs,
};

/** A `TypeError` with the code `invalid_argument`. */
export const invalid = (name: string, problem: string): TypeError =>
  Object.assign(new TypeError(`${name} ${problem}`), { code: "invalid_argument", retryable: false });

/** What is `undefined` was not given. `metadataBytes`: the server's limit, where it is known. */
export function check(given: { readonly [K in keyof typeof rules]?: unknown }, metadataBytes = METADATA_BYTES): void {
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !rules[name as keyof typeof rules](value, metadataBytes)) {
      throw invalid(name, "is invalid");
    }
  }
}
