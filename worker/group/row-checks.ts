/**
 * What each row of a group looks like. A check gives the row back without what it does not know: another version may have
 * added it. `stored-rows.ts` says what becomes of a row that passes none.
 */
import { MAX_LEASE_MS } from "../../shared/lease.ts";
import { election, id, metadata, name, priority, processInfo } from "../../shared/protocol/codec.ts";
import {
  boolean,
  type Check,
  InvalidField,
  isRecord,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  shown,
  text,
  where,
} from "../../shared/protocol/fields.ts";
import { ID_LENGTH } from "../../shared/protocol/limits.ts";
import type { LeaderInformation } from "../../shared/protocol/messages.ts";
import { electionOf, isName } from "../../shared/protocol/names.ts";
import { isOccurrence, OCCURRENCE_RULE } from "../../shared/protocol/runs.ts";
import type { EndedTerm } from "./events.ts";
import type { PolicyOptions } from "./policy.ts";
import type { ElectionRow, GroupRow, JobRow, RecordRow, SessionRow } from "./rows.ts";
import type { Confirmation, Contender, EndReason, Place } from "./state.ts";

/** The furthest that a horizon can be ahead under any settings: D and W are at most a day each. */
export const MAX_REACH_MS = 2 * MAX_LEASE_MS;

const ANY = Number.MAX_SAFE_INTEGER;
/** The last time that JavaScript has. Epochs, revisions and orders come from the clock, and can still grow from there. */
const LATEST = 8.64e15;
const time = number(0, LATEST);
const whole = where(
  (value): value is number => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LATEST,
  "a whole number",
);
const duration = number(0, MAX_REACH_MS);
const count = number(0, ANY);
const word = text(ANY, 1);
const words = text(ANY);

const pair =
  <A, B>(first: Check<A>, second: Check<B>): Check<readonly [A, B]> =>
  (value, field) => {
    if (!Array.isArray(value) || value.length !== 2) throw new InvalidField(field, "a list of 2", shown(value));
    return [first(value[0], field), second(value[1], field)];
  };

/** A union of objects, told apart by `type`. */
const byType =
  <T extends { readonly type: string }>(
    table: { readonly [K in T["type"]]: Check<Extract<T, { type: K }>> },
  ): Check<T> =>
  (value, field) => {
    const { type } = record(value, field);
    if (typeof type !== "string" || !Object.hasOwn(table, type))
      throw new InvalidField(`${field}.type`, "one that is known", shown(type));
    return table[type as T["type"]](value, field);
  };

export const groupRow: Check<GroupRow> = object<GroupRow>({
  epoch: whole,
  revision: whole,
  holdOffUntil: time,
  holdOffMs: number(0, LATEST),
  paused: boolean,
  seenAt: time,
  idleSince: optional(time),
});

type Missed = NonNullable<Place["missed"]>;
type Link = SessionRow["link"];
type PlaceRow = SessionRow["places"][number][1];
type Of<U extends { readonly type: string }, K extends U["type"]> = Extract<U, { type: K }>;

const sessionFields: Check<SessionRow> = object<SessionRow>({
  id,
  secretHash: word,
  link: byType<Link>({
    connected: object<Of<Link, "connected">>({ type: oneOf("connected"), connection: word }),
    polled: object<Of<Link, "polled">>({ type: oneOf("polled"), connection: word }),
    lost: object<Of<Link, "lost">>({
      type: oneOf("lost"),
      at: time,
      unwritten: optional(word),
      vanished: optional(oneOf(true)),
    }),
  }),
  leaseMs: number(0, MAX_LEASE_MS),
  contenders: list(pair(name, object<Contender>({ election, priority: optional(priority) })), ANY),
  places: list(
    pair(
      election,
      object<PlaceRow>({
        order: time,
        demotedAt: optional(nullable(time)),
        missed: optional(nullable(object<Missed>({ times: count, at: time }))),
      }),
    ),
    ANY,
  ),
  previousSecretHash: optional(nullable(word)),
  attempt: optional(count),
  priority: optional(priority),
  process: optional(processInfo(ANY)),
  subject: optional(nullable(words)),
});

/** A contender runs in the process election or its own, and has a place there: without one nobody would ever ask it. */
const anySession: Check<SessionRow> = (value, field) => {
  const row = sessionFields(value, field);
  const places = new Set<string>(row.places.map(([place]) => place));
  for (const [component, contender] of row.contenders) {
    const own = contender.election === "process" || contender.election === electionOf(component, "dedicated");
    if (!own || !places.has(contender.election))
      throw new InvalidField("contenders", "in elections that have their place", shown(contender.election));
  }
  return row;
};

const FIELDS_OF_ALL = 6;
const isWord = (value: unknown): boolean => typeof value === "string" && value !== "";
const isWithin = (value: unknown, max: number): boolean => typeof value === "number" && value >= 0 && value <= max;

/**
 * Whether a row is like most: connected, and one contender in the process election. A wake-up reads thousands of them, and the
 * whole check, with a path for each field, takes as long as everything else that it does. Stricter than that one.
 */
function isUsual(row: Readonly<Record<string, unknown>>): boolean {
  const { id: own, secretHash, link, leaseMs, contenders, places } = row;
  if (Object.keys(row).length !== FIELDS_OF_ALL || !isRecord(link) || !isOne(contenders) || !isOne(places))
    return false;
  const [[component, contender]] = contenders;
  const [[election, place]] = places;
  return (
    isWord(own) &&
    String(own).length <= ID_LENGTH &&
    isWord(secretHash) &&
    link["type"] === "connected" &&
    isWord(link["connection"]) &&
    isWithin(leaseMs, MAX_LEASE_MS) &&
    isName(component) &&
    hasOnly(contender, "election") &&
    contender["election"] === "process" &&
    election === "process" &&
    hasOnly(place, "order") &&
    isWithin(place["order"], LATEST)
  );
}

/** A list of one pair. */
const isOne = (value: unknown): value is readonly [readonly [unknown, unknown]] =>
  Array.isArray(value) && value.length === 1 && Array.isArray(value[0]) && value[0].length === 2;

const hasOnly = (value: unknown, field: string): value is Readonly<Record<string, unknown>> =>
  isRecord(value) && Object.keys(value).length === 1 && field in value;

export const sessionRow: Check<SessionRow> = (value, field) =>
  isRecord(value) && isUsual(value) ? (value as object as SessionRow) : anySession(value, field);

type StateRow = ElectionRow["state"];
type Held = Of<StateRow, "leading">;

const confirmations = list(object<Confirmation>({ component: name, at: time }), ANY);
const term = {
  sessionId: word,
  leaderSessionId: word,
  epoch: whole,
  grantedAt: time,
  leaseMs: number(0, MAX_LEASE_MS),
  horizon: time,
  horizonMs: duration,
  confirmed: confirmations,
  untaken: optional(oneOf(true)),
} as const;

export const electionRow: Check<ElectionRow> = object<ElectionRow>({
  name: election,
  state: byType<StateRow>({
    vacant: object<Of<StateRow, "vacant">>({ type: oneOf("vacant"), successor: nullable(word) }),
    leading: object<Held>({ type: oneOf("leading"), ...term }),
    revoking: object<Of<StateRow, "revoking">>({
      type: oneOf("revoking"),
      ...term,
      drainUntil: time,
      reason: oneOf("revoked", "preempted", "transferred"),
      note: nullable(words),
      successor: nullable(word),
    }),
  }),
  acceptedEpoch: whole,
  endedAt: nullable(time),
});

export const recordRow: Check<RecordRow> = object<RecordRow>({
  leader: object<LeaderInformation>({
    component: name,
    leaderSessionId: word,
    epoch: whole,
    address: optional(words),
    metadata: optional(metadata(ANY)),
    process: optional(words),
  }),
  confirmedAt: time,
});

type RunRow = NonNullable<JobRow["run"]>;
type EndedRow = JobRow["ended"][number];
const occurrence = where(isOccurrence, OCCURRENCE_RULE);

export const jobRow: Check<JobRow> = object<JobRow>({
  name,
  run: nullable(
    object<RunRow>({
      occurrence,
      hash: word,
      by: word,
      leaderSessionId: word,
      epoch: whole,
      startedAt: time,
      retry: boolean,
      leaseMs: number(0, MAX_LEASE_MS),
      horizon: time,
      horizonMs: duration,
      givenUp: optional(oneOf(true)),
    }),
  ),
  ended: list(
    object<EndedRow>({
      occurrence,
      hash: words,
      by: word,
      startedAt: time,
      endedAt: time,
      retry: boolean,
      end: oneOf("completed", "failed", "died", "skipped"),
      outcome: optional(words),
    }),
    ANY,
  ),
  latest: nullable(occurrence),
  forgotten: nullable(occurrence),
  epoch: whole,
});

const REASONS: readonly EndReason[] = ["resigned", "closed", "expired", "lost", "revoked", "preempted", "transferred"];

export const endedTermRow: Check<EndedTerm> = object<EndedTerm>({
  election,
  epoch: whole,
  leaderSessionId: word,
  sessionId: word,
  process: nullable(words),
  subject: optional(words),
  grantedAt: time,
  acceptedAt: time,
  confirmed: confirmations,
  endedAt: time,
  reason: oneOf(...REASONS),
  note: nullable(words),
  gapMs: nullable(number()),
});

const choices: Readonly<Record<string, Check<unknown>>> = {
  prefer: optional(object({ metadata: word, order: words })),
  spread: optional(boolean),
};

/** Its names and values are checked where the policy is made; here only what it is made of. */
export const policyRow: Check<PolicyOptions> = (value, field) => {
  const options = record(value, field);
  for (const [option, setting] of Object.entries(options)) {
    if (option === "limits") for (const [limit, at] of Object.entries(record(setting, option))) number()(at, limit);
    else if (option === "preempt" && setting !== false) number()(record(setting, option)["cooldownMs"], option);
    else if (option.endsWith("Ms")) number()(setting, option);
    else choices[option]?.(setting, option);
  }
  return options as PolicyOptions;
};
