/**
 * Counts what has happened in a group so far. The counters are stored with rows that are written anyway, so a new
 * incarnation goes on with them, except for what came after the last such row. Keys form a bounded set: no name is in it.
 */
import type { RunEnd } from "../../shared/protocol/runs.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Fact, RefusalCode } from "../group/facts.ts";
import type { EndReason } from "../group/state.ts";

/** Buckets of the time that was left of a lease when it was renewed: their upper bounds in milliseconds. */
export const MARGIN_BOUNDS_MS = [100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, Infinity] as const;

/** Keys under which facts of the core are counted. */
type Happened =
  | "asked"
  | "asked_missed"
  | "grants"
  | "grants_refused"
  | "terms_started"
  | `terms_ended ${EndReason}`
  | "revokes"
  | "leaderless_ms"
  | "renewals"
  | "renewal_margin_ms"
  | `renewal_margin ${number}`
  | "sessions_joined"
  | "sessions_resumed"
  | "sessions_lost"
  | "sessions_left"
  | "runs_started"
  | `runs_ended ${RunEnd}`
  | `refusals ${RefusalCode}`
  | `hang_ups ${number}`;

/** What the host counts of one incarnation. */
export interface HostCounters {
  /** Incarnations of the object: starts, wake-ups from hibernation, restarts. */
  readonly wakes: number;
  /** Sockets accepted. */
  readonly upgrades: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** As the platform counts and bills them, the alarm's own row excluded. */
  readonly rowsWritten: number;
  /** Turns that wrote anything. */
  readonly commits: number;
  readonly alarms: number;
}

type Key = Happened | keyof HostCounters;
/** A key that is missing counts 0. */
export type Counters = ReadonlyMap<Key, number>;
/** The same as it is stored. */
export type StoredCounters = Readonly<Record<string, number>>;

/** Keys of another version are kept as they are. */
export const loadCounters = (stored: StoredCounters): Counters => new Map(Object.entries(stored) as [Key, number][]);

/** One by one: `Object.fromEntries` takes longer, and this comes before each commit of a hand-over. */
export function saveCounters(counters: Counters): StoredCounters {
  const stored: Record<string, number> = {};
  for (const [key, count] of counters) stored[key] = count;
  return stored;
}

/** The counters of a group: in all, and since this incarnation began. */
export class Counting {
  /** What the host has counted since it began. */
  readonly own = { wakes: 1, upgrades: 0, framesIn: 0, framesOut: 0, commits: 0, alarms: 0 };
  /** Since the group began, except for what earlier incarnations did not store. */
  #facts: Map<Key, number>;
  /** As they were stored when this incarnation began. */
  #stored: Counters;

  constructor(stored: Counters) {
    this.#facts = new Map(stored);
    this.#stored = stored;
  }

  add(facts: readonly Fact[]): void {
    countFacts(this.#facts, facts);
  }

  /** All of them, as they are once these facts are added. */
  with(facts: readonly Fact[], rowsWritten: number): Counters {
    const counters = addHostCounters(this.#facts, this.#stored, { ...this.own, rowsWritten });
    countFacts(counters, facts);
    return counters;
  }

  /** Everything that was stored is deleted. */
  forget(): void {
    this.#facts = new Map();
    this.#stored = new Map();
  }
}

function countFacts(counters: Map<Key, number>, facts: readonly Fact[]): void {
  if (facts.length === 0) return;
  const add = (key: Happened, by = 1): void => {
    counters.set(key, (counters.get(key) ?? 0) + by);
  };
  for (const fact of facts) count(fact, add);
}

/** Adds what the host has counted: `stored` has it up to this incarnation, `own` since. */
function addHostCounters(counters: Counters, stored: Counters, own: HostCounters): Map<Key, number> {
  const next = new Map(counters);
  for (const key of keysOf(own)) next.set(key, (stored.get(key) ?? 0) + own[key]);
  return next;
}

const keysOf = <T extends object>(value: T): (keyof T)[] => Object.keys(value) as (keyof T)[];

function count(fact: Fact, add: (key: Happened, by?: number) => void): void {
  switch (fact.type) {
    case "asked":
      return add("asked");
    case "asked_missed":
      return add("asked_missed");
    case "granted":
      return add("grants");
    case "grant_refused":
      return add("grants_refused");
    case "accepted":
      add("terms_started");
      return add("leaderless_ms", fact.gapMs ?? 0);
    case "forgotten":
      return add("leaderless_ms", fact.gapMs);
    case "renewed":
      add("renewals");
      add("renewal_margin_ms", fact.marginMs);
      return add(`renewal_margin ${MARGIN_BOUNDS_MS.find((bound) => fact.marginMs <= bound) ?? Infinity}`);
    case "revoking":
      return add("revokes");
    case "ended":
      return add(`terms_ended ${fact.reason}`);
    case "session_joined":
      return add("sessions_joined");
    case "session_resumed":
      return add("sessions_resumed");
    case "session_lost":
      return add("sessions_lost");
    case "session_left":
      return add("sessions_left");
    case "refused":
      return add(`refusals ${fact.code}`);
    case "hung_up":
      return add(`hang_ups ${fact.code}`);
    case "run_started":
      return add("runs_started");
    case "run_ended":
      return add(`runs_ended ${fact.end}`);
    case "job_forgotten":
    case "paused":
    case "resumed":
    case "cleaned":
    case "purged":
      return;
    default:
      return unreachable(fact);
  }
}
