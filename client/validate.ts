/** Validation is local first: what the server would close the socket for never leaves. */
import { byteLength } from "../shared/byte-length.ts";
import { ADDRESS_LENGTH, DEFAULT_LIMITS, ID_LENGTH, PRIORITY_MAX, PROCESS_NAME_LENGTH } from "../shared/limits.ts";
import { isName } from "../shared/names.ts";

const isText = (value: unknown, max: number): boolean => typeof value === "string" && value.length <= max;
const isMs = (value: unknown): boolean => typeof value === "number" && value >= 0;

const rules = {
  group: isName,
  component: isName,
  successor: (value: unknown) => isText(value, ID_LENGTH) && value !== "",
  kind: (value: unknown) => value === "process" || value === "dedicated",
  priority: (value: unknown) => typeof value === "number" && Math.abs(value) <= PRIORITY_MAX,
  name: (value: unknown) => isText(value, PROCESS_NAME_LENGTH),
  address: (value: unknown) => isText(value, ADDRESS_LENGTH),
  metadata: (value: unknown) =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((entry) => typeof entry === "string") &&
    byteLength(JSON.stringify(value)) <= DEFAULT_LIMITS.metadataBytes,
  onDisconnect: (value: unknown) => value === "keep" || value === "revoke",
  lingerMs: isMs,
  drainMs: isMs,
};

/** A `TypeError` with the code `invalid_argument`. */
export const invalid = (name: string, problem: string): TypeError =>
  Object.assign(new TypeError(`${name} ${problem}`), { code: "invalid_argument", retryable: false });

/** What is `undefined` was not given. */
export function check(given: { readonly [K in keyof typeof rules]?: unknown }): void {
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !rules[name as keyof typeof rules](value)) throw invalid(name, "is invalid");
  }
}
