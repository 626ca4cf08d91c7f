/**
 * The group's rows in the object's SQLite database. Writes without an `await` between them are one commit, and the
 * platform holds back every message that leaves until that commit is durable.
 *
 * All rows are in one table, with the kind of a row at the beginning of its key. So a turn writes its rows by one
 * statement, and a small group has them in one or two pages. The table has text keys and no row id, so that a row costs one
 * row written. It is created with the first row: a look at a group that nobody uses stores nothing.
 */
import { type Check, isRecord, number, record } from "../../shared/protocol/fields.ts";
import type { EndedTerm } from "../group/events.ts";
import { type KeptTerm, KeptTerms } from "../group/kept-terms.ts";
import { createPolicy, type PolicyOptions } from "../group/policy.ts";
import { endedTermRow, MAX_REACH_MS, policyRow } from "../group/row-checks.ts";
import type { GroupRow, RowChange } from "../group/rows.ts";
import { NewerSchema, SCHEMA_VERSION, type SchemaRow, schemaRow } from "../group/schema.ts";
import { type RawRow, readRow, readRows, type UnreadableRow } from "../group/stored-rows.ts";
import { type Counters, loadCounters, type StoredCounters, saveCounters } from "../host/counters.ts";
import type { Commit, Stored } from "../host/port.ts";
import { addChange, PUTS_AT_ONCE, type Put, plain, putting } from "./puts.ts";

/** `sequence`: the number of an ended term; null for everything else. */
const SCHEMA =
  "CREATE TABLE IF NOT EXISTS stored (key TEXT PRIMARY KEY, sequence INTEGER, row TEXT NOT NULL) WITHOUT ROWID";
/** The rows of one kind: those with keys between `KIND/` and `KIND0`, the next character. */
const OF_KIND = "key > ? AND key < ?";
const boundsOf = (kind: Kind): [string, string] => [`${kind}/`, `${kind}0`];
type Kind = "session" | "election" | "record" | "job" | "term" | "quarantine";

/** The tables that a wake-up reads, as two ranges of keys: each statement takes its time. Other keys in there belong to nobody. */
const LOADED = [
  ["election/", "job0"],
  ["record/", "session0"],
] as const;

/** The platform takes 100 values for a statement. */
const VALUES_AT_ONCE = 100;
/** The group's row as it is stored. */
interface StoredGroup extends GroupRow {
  readonly counters?: StoredCounters;
  readonly countersStoredAt?: number;
  readonly tellIndexAfter?: number;
}
/** What can be in the place of a counter. */
const isCount = (entry: [string, unknown]): entry is [string, number] =>
  typeof entry[1] === "number" && entry[1] >= 0 && entry[1] <= Number.MAX_SAFE_INTEGER;

/** Often enough for a board; a tenth of a row a minute beside those of the lease horizon. */
const COUNTERS_EVERY_MS = 300_000;
/** The one field that every version keeps. */
const VERSION: Check<number> = (value, field) => number()(record(value, field)["version"], field);
const NOTHING: Stored = {
  rows: { group: null, sessions: [], elections: [], records: [], jobs: [] },
  settings: null,
  counters: new Map(),
};

export class Store {
  readonly #storage: DurableObjectStorage;
  readonly #report: (row: UnreadableRow) => void;
  #exists: boolean;
  /** The ended terms in storage; `null`: not looked at yet. */
  #kept: KeptTerms | null = null;
  /** The group's row as it is stored, without the counters that are stored in it. */
  #group: GroupRow | null = null;
  #countersStoredAt = 0;
  /** The furthest that any horizon was ahead when it was written, as it is stored. */
  #reachMs = 0;
  /** Rows written by this incarnation, as the platform counts (and bills) them. */
  rowsWritten = 0;
  /** Rides in the group's row, like the counters: what is not stored yet only makes the next incarnation tell the index again. */
  tellIndexAfter = 0;

  /** `report` is told of each row that can't be read, once: by then it is in quarantine. */
  constructor(storage: DurableObjectStorage, report: (row: UnreadableRow) => void) {
    this.#storage = storage;
    this.#report = report;
    this.#exists = this.#hasTable("stored");
    // Its leases are unknown here: to begin anew could make a second leader.
    if (!this.#exists && this.#hasTable("election"))
      throw new Error(
        "this group was stored by a version before 0.1.0, in a layout that is no longer read: stop its processes, then delete its data or name another group",
      );
  }

  /** Nothing is stored. */
  get isEmpty(): boolean {
    return !this.#exists;
  }

  #hasTable(name: string): boolean {
    return this.#query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", name).length > 0;
  }

  /** Throws `NewerSchema`, and touches nothing, if a newer version has stored this. */
  load(now: number): Stored {
    if (!this.#exists) return NOTHING;
    const unreadable: UnreadableRow[] = [];
    const singles = this.#query("SELECT key, row FROM stored WHERE key IN ('group', 'policy', 'schema')");
    const one = (key: string): SqlStorageValue => singles.find((single) => single["key"] === key)?.["row"] ?? null;
    const schema = readSchema(one("schema"), unreadable); // before anything else is looked at (S18)
    this.#reachMs = schema.reachMs;
    const settings = readSettings(one("policy"), unreadable);
    const group = one("group");
    const tables = this.#tables();
    const all = (kind: Kind): readonly RawRow[] => tables.get(kind) ?? [];
    const raw = {
      ...(group !== null && { group: { key: "", row: group } }),
      sessions: all("session"),
      elections: all("election"),
      records: all("record"),
      jobs: all("job"),
      hasHistory: group === null && this.#hasAny("term"),
    };
    const read = readRows(raw, { now, reachMs: schema.reachMs });
    unreadable.push(...read.unreadable);
    this.#group = read.rows.group;
    const counters = group === null ? new Map<never, number>() : this.#loadCounters(group);
    if (unreadable.length + read.mended.length > 0) this.#mend(unreadable, read.mended, schema);
    for (const row of unreadable) this.#report(row);
    return { rows: read.rows, settings, counters };
  }

  /** By kind. One by one and raw: a list of objects would be made only to be thrown away. */
  #tables(): ReadonlyMap<string, RawRow[]> {
    const tables = new Map<string, RawRow[]>();
    for (const bounds of LOADED) {
      const rows = this.#storage.sql.exec(`SELECT key, row FROM stored WHERE ${OF_KIND}`, ...bounds);
      for (const [stored, row] of rows.raw()) {
        const [kind, key] = parted(String(stored));
        if (key === "") continue; // the only row of its kind, or no key that was ever written
        const others = tables.get(kind);
        if (others === undefined) tables.set(kind, [{ key, row }]);
        else others.push({ key, row });
      }
    }
    return tables;
  }

  /** What can't be read of them counts nothing. */
  #loadCounters(group: SqlStorageValue): Counters {
    const read = readRow(group, record);
    if (!("row" in read)) return new Map();
    const { counters, countersStoredAt, tellIndexAfter } = read.row;
    if (typeof countersStoredAt === "number") this.#countersStoredAt = countersStoredAt;
    if (typeof tellIndexAfter === "number") this.tellIndexAfter = tellIndexAfter;
    return loadCounters(isRecord(counters) ? Object.fromEntries(Object.entries(counters).filter(isCount)) : {});
  }

  /** One commit: what can't be read is kept aside as it is, and what takes its place is stored. */
  #mend(unreadable: readonly UnreadableRow[], mended: readonly RowChange[], schema: SchemaRow): void {
    const puts: Put[] = [];
    const removed: string[] = [];
    for (const change of mended) addChange(change, puts, removed);
    if (unreadable.some(({ table }) => table === "schema")) puts.push(plain("schema", schema));
    if (mended.some(({ table }) => table === "group") && this.#group !== null) puts.push(plain("group", this.#group));
    this.#transaction(() => {
      for (const row of unreadable) this.#setAside(row);
      for (const key of removed) this.#run("DELETE FROM stored WHERE key = ?", key);
      for (let next = 0; next < puts.length; next += PUTS_AT_ONCE) this.#put(puts.slice(next, next + PUTS_AT_ONCE));
    });
  }

  #setAside({ table, key }: UnreadableRow): void {
    const stored = key === "" ? table : `${table}/${key}`;
    this.#run("UPDATE OR REPLACE stored SET key = 'quarantine/' || key WHERE key = ?", stored);
  }

  /** The rows that could not be read, as they were, by the keys that they had. The last one of each key. */
  quarantined(): RawRow[] {
    if (!this.#exists) return [];
    const rows = this.#query(`SELECT key, row FROM stored WHERE ${OF_KIND}`, ...boundsOf("quarantine"));
    return rows.map(({ key, row }) => ({ key: String(key).slice("quarantine/".length), row }));
  }

  /**
   * All or nothing: a turn that fails to be written leaves the stored state as it was. The counters ride in the group's
   * row, which costs nothing where that is written anyway, and otherwise one row in five minutes of writing.
   */
  commit({ rows, settings, counters, now }: Commit): void {
    const changed = rows.find((change) => change.table === "group")?.row ?? null;
    const group = changed ?? (now - this.#countersStoredAt >= COUNTERS_EVERY_MS ? this.#group : null);
    const puts: Put[] = [];
    const removed: string[] = [];
    for (const change of rows) addChange(change, puts, removed);
    if (group !== null) {
      const { tellIndexAfter } = this;
      const indexed = tellIndexAfter > 0 && { tellIndexAfter };
      const stored: StoredGroup = { ...group, counters: saveCounters(counters()), countersStoredAt: now, ...indexed };
      puts.push(plain("group", stored));
    }
    if (settings !== null) puts.push(plain("policy", settings));
    let reachMs = Math.max(this.#reachMs, reachOf(settings));
    for (const change of rows) reachMs = Math.max(reachMs, aheadOf(change));
    const isFirst = !this.#exists;
    if (isFirst || reachMs > this.#reachMs) puts.push(plain("schema", { version: SCHEMA_VERSION, reachMs }));
    try {
      for (const change of rows) if (change.table === "term") this.#keep(change, puts, removed);
      this.#write(puts, removed);
    } catch (error) {
      this.#kept = null;
      throw error;
    }
    this.#reachMs = reachMs;
    if (group === null) return;
    this.#group = group;
    this.#countersStoredAt = now;
  }

  /** Everything was deleted behind its back: the next commit makes the table anew. */
  forget(): void {
    this.#exists = false;
    this.#kept = null;
    this.#group = null;
    this.#countersStoredAt = 0;
    this.#reachMs = 0;
    this.tellIndexAfter = 0;
  }

  /** By one statement, which is all or nothing by itself, unless there is more to do. */
  #write(puts: readonly Put[], removed: readonly string[]): void {
    if (this.#exists && removed.length === 0 && puts.length <= PUTS_AT_ONCE) return this.#put(puts);
    this.#transaction(() => {
      if (!this.#exists) this.#run(SCHEMA);
      this.#exists = true;
      for (const key of removed) this.#run("DELETE FROM stored WHERE key = ?", key);
      for (let next = 0; next < puts.length; next += PUTS_AT_ONCE) this.#put(puts.slice(next, next + PUTS_AT_ONCE));
    });
  }

  /** Takes back with the rows what this object knows of its table. */
  #transaction(write: () => void): void {
    const exists = this.#exists;
    try {
      this.#storage.transactionSync(write);
    } catch (error) {
      this.#exists = exists;
      throw error;
    }
  }

  /**
   * Writes the row of an election or a job as it is. What leaves after this leaves an object that is the current one: the platform holds
   * it back until the write is durable, and a write of an object that was replaced fails. A read may come from its cache.
   */
  proveCurrent(key: string): void {
    if (this.#exists) this.#run("UPDATE stored SET row = row WHERE key = ?", key);
  }

  /** The newest `limit` ended terms, newest first. */
  endedTerms(limit: number): EndedTerm[] {
    const newestFirst = this.#keptTerms().newestFirst(limit);
    const terms: EndedTerm[] = [];
    for (let next = 0; next < newestFirst.length; next += VALUES_AT_ONCE) {
      const keys = newestFirst.slice(next, next + VALUES_AT_ONCE).map(({ key }) => key);
      const rows = this.#query(`SELECT key, row FROM stored WHERE key IN (${keys.map(() => "?").join(", ")})`, ...keys);
      const byKey = new Map(rows.map(({ key, row }) => [String(key), row ?? null]));
      terms.push(...keys.flatMap((key) => this.#termOf(key, byKey.get(key) ?? null)));
    }
    return terms;
  }

  /** Which terms there are. All their rows are read, once in an incarnation: an index would cost a row for each new one. */
  #keptTerms(): KeptTerms {
    this.#kept ??= new KeptTerms(this.#exists ? this.#storedTerms() : []);
    return this.#kept;
  }

  #storedTerms(): KeptTerm[] {
    const all = this.#query(
      `SELECT key, sequence, row FROM stored WHERE ${OF_KIND} ORDER BY sequence`,
      ...boundsOf("term"),
    );
    return all.flatMap((stored) => {
      const [key, sequence] = [String(stored["key"]), Number(stored["sequence"])];
      return this.#termOf(key, stored["row"] ?? null).map((term) => keptAs(key, sequence, term));
    });
  }

  /** A new term takes the key of the one that gives way: the history is bounded without deletes, unless its limit is lowered. */
  #keep({ keep, row }: TermChange, puts: Put[], removed: string[]): void {
    const kept = this.#keptTerms();
    const sequence = kept.next;
    const free: string[] = [];
    while (kept.size >= keep) {
      const term = kept.giveWay();
      if (term === undefined) break;
      free.push(term.key);
    }
    const [key = `term/${sequence}`, ...gone] = free;
    kept.add(keptAs(key, sequence, row));
    puts.push({ key, sequence, row: JSON.stringify(row) });
    removed.push(...gone);
  }

  #termOf(key: string, row: SqlStorageValue): EndedTerm[] {
    const read = readRow(row, endedTermRow);
    if ("row" in read) return [read.row];
    const unreadable = { table: "term", key: key.slice("term/".length), problem: read.problem } as const;
    this.#setAside(unreadable);
    this.#report(unreadable);
    return [];
  }

  #put(puts: readonly Put[]): void {
    const values: SqlStorageValue[] = [];
    for (const { key, sequence, row } of puts) values.push(key, sequence, row);
    this.#run(putting(puts.length), ...values);
  }

  #hasAny(kind: Kind): boolean {
    return this.#query(`SELECT key FROM stored WHERE ${OF_KIND} LIMIT 1`, ...boundsOf(kind)).length > 0;
  }

  #query(sql: string, ...values: SqlStorageValue[]): Record<string, SqlStorageValue>[] {
    return this.#storage.sql.exec(sql, ...values).toArray();
  }

  #run(sql: string, ...values: SqlStorageValue[]): void {
    this.rowsWritten += this.#storage.sql.exec(sql, ...values).rowsWritten;
  }
}

/** The kind of a row, and its key within that. */
function parted(key: string): [kind: string, key: string] {
  const end = key.indexOf("/");
  return end < 0 ? [key, ""] : [key.slice(0, end), key.slice(end + 1)];
}

/** Without it, or if it can't be read, the rows have to speak for themselves; any settings may have been in force. */
function readSchema(row: SqlStorageValue, unreadable: UnreadableRow[]): SchemaRow {
  const unknown = { version: SCHEMA_VERSION, reachMs: MAX_REACH_MS };
  const version = row === null ? null : readRow(row, VERSION);
  if (version !== null && "row" in version && version.row > SCHEMA_VERSION) throw new NewerSchema(version.row);
  const read = row === null ? { problem: "the row is missing" } : readRow(row, schemaRow);
  if ("row" in read) return read.row;
  unreadable.push({ table: "schema", key: "", problem: read.problem });
  return unknown;
}

function readSettings(row: SqlStorageValue, unreadable: UnreadableRow[]): PolicyOptions | null {
  const read = row === null ? { row: null } : readRow(row, policyRow);
  if ("row" in read) return read.row;
  unreadable.push({ table: "policy", key: "", problem: read.problem });
  return null;
}

type TermChange = Extract<RowChange, { readonly table: "term" }>;

const keptAs = (key: string, sequence: number, { election, subject }: EndedTerm): KeptTerm => ({
  key,
  sequence,
  election,
  subject: subject ?? null,
});

function aheadOf(change: RowChange): number {
  if (change.table === "job") return change.row?.run?.horizonMs ?? 0;
  if (change.table !== "election" || change.row === null || change.row.state.type === "vacant") return 0;
  return change.row.state.horizonMs;
}

/** How far these settings put a horizon ahead. */
function reachOf(settings: PolicyOptions | null): number {
  if (settings === null) return 0;
  const { lease, horizonAheadMs } = createPolicy(settings);
  return lease.durationMs + horizonAheadMs;
}
