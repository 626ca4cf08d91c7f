/** Validation is local first: what the server would close the socket for never leaves. */
import { address, id, metadata, name, priority, processInfo } from "../shared/codec.ts";
import { type Check, InvalidField, number, object, oneOf, optional, text, where } from "../shared/fields.ts";
import { DEFAULT_LIMITS } from "../shared/limits.ts";
import type { Metadata } from "../shared/messages.ts";
import { isElectionName } from "../shared/names.ts";
import type { Settings } from "./session/state.ts";

/** Returns what the check makes of the value, or throws a `TypeError` with the code `invalid_argument`. */
export function valid<T>(check: Check<T>, value: unknown, field = ""): T {
  try {
    return check(value, field);
  } catch (error) {
    if (!(error instanceof InvalidField)) throw error;
    throw Object.assign(new TypeError(error.message), { code: "invalid_argument", retryable: false });
  }
}
