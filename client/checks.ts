/**
 * Options and arguments are checked in the call that gives them, by the tables of the protocol: nothing is sent for which
 * the server would close the socket. Every refusal is a `TypeError` with the code `invalid_argument` that names the field
 * and what it takes.
 */
import { invalidArgument } from "../shared/errors.ts";
import { assertNames } from "../shared/options.ts";
import {
  address,
  contenderFields,
  election,
  id,
  metadata,
  name,
  priority,
  processInfo,
} from "../shared/protocol/codec.ts";
import {
  boolean,
  type Check,
  hidden,
  InvalidField,
  object,
  oneOf,
  optional,
  shown,
  where,
} from "../shared/protocol/fields.ts";
import { METADATA_BYTES } from "../shared/protocol/limits.ts";
import { isToken, TOKEN_FORM } from "../shared/remote/token.ts";

/** Throws an error that names the field for its user. */
function assertValid(value: unknown, check: Check<unknown>, field: string): void {
  try {
    check(value, field);
  } catch (error) {
    throw error instanceof InvalidField ? invalidArgument(error.message) : error;
  }
}

const isFunction = (value: unknown): value is (...parameters: never[]) => unknown => typeof value === "function";
/** An object of any class, or a function, that has these methods. */
const withMethods = (...methods: string[]): Check<object> =>
  where(
    (value): value is object =>
      value !== null &&
      (typeof value === "object" || isFunction(value)) &&
      methods.every((method) => isFunction(Reflect.get(value, method))),
    methods.length > 0 ? `an object with ${methods.join(", ")}` : "an object",
  );
const aFunction = where(isFunction, "a function");
const callback = optional(aFunction);
export const duration: Check<number> = where(
  (value): value is number => typeof value === "number" && value >= 0,
  "a number of milliseconds, 0 or more",
);
const signal = optional(withMethods("addEventListener", "throwIfAborted"));
const either =
  <T>(test: (value: unknown) => boolean, otherwise: Check<T>): Check<unknown> =>
  (value, field) =>
    test(value) ? value : otherwise(value, field);

const clientFields = {
  url: where((value): value is string => typeof value === "string", "a string"),
  group: name,
  token: optional(either(isFunction, where(isToken, TOKEN_FORM, hidden))),
  fetcher: optional(withMethods("fetch")),
  WebSocket: callback,
  clock: optional(withMethods("monotonic", "wall", "setTimeout", "clearTimeout")),
  // React Native has a window without events.
  page: optional(either((value) => value === false, withMethods())),
  priority: optional(either(isFunction, priority)),
  process: optional(processInfo(METADATA_BYTES)),
  onDisconnect: optional(oneOf("keep", "revoke")),
  drainMs: optional(duration),
  lingerMs: optional(duration),
  // The Node entry checks this option. It is known here because a page may use the same options; there it does nothing.
  signals: (value: unknown) => value,
};
export const CLIENT_OPTIONS: readonly string[] = Object.keys(clientFields);
const contendFields = {
  election: contenderFields.election,
  priority: contenderFields.priority,
  ready: optional(boolean),
};
const scopeFields = {
  ...contendFields,
  signal,
  confirm: optional(oneOf("auto", "manual")),
  onError: callback,
  waitMs: optional(duration),
};

const { ready: _, ...tryFields } = scopeFields;

function table(fields: Record<string, Check<unknown>>, label: string): (value: unknown) => void {
  const entries = Object.entries(fields);
  const check = (given: unknown): void => {
    if (typeof given !== "object" || given === null) throw new InvalidField(label, "an object", shown(given));
    for (const [field, checkField] of entries) checkField(Reflect.get(given, field), field);
  };
  return (value) => assertValid(value, check, "");
}

/** A check of options: each has one of its own, and any other name is refused. */
export const optionsBy = (fields: Record<string, Check<unknown>>): ((value: object) => void) => {
  const check = table(fields, "options");
  const names = Object.keys(fields);
  return (value) => {
    check(value);
    assertNames(value, names);
  };
};

/** Checks all options of a client but the parts of its address: see `groupAddress`. */
export const assertClientOptions = optionsBy(clientFields);
/** Callbacks have their object as `this`: it may hold what they use. */
export const assertCallbacks = table(
  { onGrant: callback, onExtend: callback, onRevoke: callback, onError: callback },
  "callbacks",
);
export const assertContendOptions = optionsBy(contendFields);
export const assertScopeOptions = optionsBy(scopeFields);
export const assertTryOptions = optionsBy(tryFields);
export const assertSignalOptions = optionsBy({ signal });
export const assertCloseOptions = optionsBy({ cleanup: optional(boolean) });
export const assertResignOptions = optionsBy({ successor: optional(id), stayOutMs: optional(duration) });
export const assertComponent = (value: unknown): void => assertValid(value, name, "component");
export const assertReady = (value: unknown): void => assertValid(value, boolean, "ready");
export const assertPriority = (value: unknown): void => assertValid(value, priority, "priority");
export const assertFunction = (value: unknown, field: string): void => assertValid(value, aFunction, field);
export const assertElectionName = (value: unknown): void => assertValid(value, election, "election");

/** `metadataBytes`: the server's limit, once it is known. */
export function assertPublished(
  given: { readonly address?: unknown; readonly metadata?: unknown },
  metadataBytes = METADATA_BYTES,
): void {
  const published = { address: optional(address), metadata: optional(metadata(metadataBytes)) };
  assertValid(given, object(published), "");
}
