/** The options of an application, checked before anything is stored or sent. */
import { invalidArgument } from "../../shared/errors.ts";
import type { ResignOptions } from "../../shared/leadership/leadership.ts";
import { assertNames } from "../../shared/options.ts";
import { address, contenderFields, id, metadata, name, priority, processInfo } from "../../shared/protocol/codec.ts";
import {
  boolean,
  type Check,
  InvalidField,
  list,
  mustBe,
  number,
  object,
  oneOf,
  optional,
  shown,
} from "../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS } from "../../shared/protocol/limits.ts";
import type { Metadata, ProcessInfo } from "../../shared/protocol/messages.ts";
import type { ElectionKind } from "../../shared/protocol/names.ts";
import type { Candidate, ContenderSettings } from "./core/state.ts";

/** The options that `DurableContender` and `runIfLeader` share. */
export interface Candidacy {
  readonly group: string;
  readonly components: readonly (string | Candidate)[];
  readonly election?: ElectionKind;
  /** Higher is asked first. */
  readonly priority?: number;
  /** Published when a leader confirms. */
  readonly process?: ProcessInfo;
  readonly pollEveryMs?: number;
  /** How long stopping may take. The smaller of this and the group's value counts. */
  readonly drainMs?: number;
}

/** Below it a contender would do nothing but poll. */
const LEAST_POLL_EVERY_MS = 100;
const LONGEST_MS = 86_400_000;

const contender = object<Candidate>({ ...contenderFields, ready: optional(boolean) });
const named: Check<string | Candidate> = (value, field) =>
  typeof value === "object" ? contender(value, field) : name(value, field);

const candidacy = object<Candidacy>({
  group: name,
  components: list(named, DEFAULT_LIMITS.contenders),
  election: optional(oneOf("process", "dedicated")),
  priority: optional(priority),
  process: optional(processInfo(DEFAULT_LIMITS.metadataBytes)),
  pollEveryMs: optional(number(LEAST_POLL_EVERY_MS, LONGEST_MS)),
  drainMs: optional(number(0, LONGEST_MS)),
});

const CANDIDACY = ["group", "components", "election", "priority", "process", "pollEveryMs", "drainMs"] as const;

/** The part of the options that is a candidacy; they may be of any class. `others`: the names of the other options. */
export function candidacyOf<T extends Partial<Candidacy>>(
  options: T,
  others: readonly string[] = [],
): Pick<T, keyof T & keyof Candidacy> {
  const given = optionsIn(options, [...CANDIDACY, ...others]);
  const entries = CANDIDACY.map((name) => [name, given[name]]).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Pick<T, keyof T & keyof Candidacy>;
}

/** Throws a `TypeError` that names the field and what it takes; its code is `invalid_argument` or `duplicate_component`. */
export function settingsOf(given: Candidacy): ContenderSettings {
  const { group: _, components, election, ...rest } = checked(candidacy, given);
  if (components.length === 0) throw invalidArgument("components must name at least one component");
  const contenders = components.map(
    (one): Candidate => ({
      ...(election && { election }),
      ...(typeof one === "string" ? { component: one } : one),
    }),
  );
  const names = new Set(contenders.map(({ component }) => component));
  if (names.size < contenders.length)
    throw invalidArgument("components must not name a component twice", "duplicate_component");
  if (contenders.some((one) => one.priority !== undefined && one.election !== "dedicated"))
    throw invalidArgument(
      "the priority of a component needs a dedicated election; the option priority is that of the process",
    );
  return { contenders, ...rest };
}

/** Throws a `TypeError` for anything but an object, and for names that are unknown. */
export function optionsIn<T>(given: T, names: readonly string[]): T {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw invalidArgument(mustBe("options", "an object", shown(given)));
  assertNames(given, names);
  return given;
}

/** Throws a `TypeError` for a callback that is given and is not a function. */
export function checkCallbacks(options: object, ...names: readonly string[]): void {
  for (const name of names) {
    const callback: unknown = Reflect.get(options, name);
    if (callback !== undefined && typeof callback !== "function")
      throw invalidArgument(mustBe(name, "a function", shown(callback)));
  }
}

export interface Published {
  readonly address?: string;
  readonly metadata?: Metadata;
}

const published = object<Published>({
  address: optional(address),
  metadata: optional(metadata(DEFAULT_LIMITS.metadataBytes)),
});

/** Throws a `TypeError` for what the group would refuse. */
export const assertPublished = (given: Published): void => void checked(published, given);

const resignOptions = object<ResignOptions>({ successor: optional(id), stayOutMs: optional(number(0)) });
export const resignOptionsOf = (given: ResignOptions): ResignOptions =>
  checked(resignOptions, optionsIn(given, ["successor", "stayOutMs"]));

function checked<T>(check: Check<T>, value: unknown): T {
  try {
    return check(value, "");
  } catch (error) {
    throw error instanceof InvalidField ? invalidArgument(error.message) : error;
  }
}
