/**
 * The group's rows in the object's SQLite database. Writes without an `await` between them are one commit, and the
 * platform holds back every message that leaves until that commit is durable.
 *
 * Tables have text keys and no row id, so that a row costs one row written. They are created with the first row: a look
 * at a group that nobody uses stores nothing.
 */
import type { EndedTerm } from "../group/events.ts";
import type { PolicyOptions } from "../group/policy.ts";
import type { ElectionRow, GroupRow, RecordRow, RowChange, SessionRow } from "../group/rows.ts";
import { type Counters, loadCounters, type StoredCounters, saveCounters } from "../host/counters.ts";
import type { Commit, Stored } from "../host/port.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS election (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS term (slot INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, row TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
`;
/** The group's row as it is stored. */
interface StoredGroup extends GroupRow {
  readonly counters?: StoredCounters;
  readonly countersStoredAt?: number;
}
/** Often enough for a board; a tenth of a row a minute beside those of the lease horizon. */
const COUNTERS_EVERY_MS = 300_000;
type Table = "session" | "election" | "record" | "meta";
const NOTHING: Stored = {
  rows: { group: null, sessions: [], elections: [], records: [], endedTerms: 0 },
  settings: null,
  counters: new Map(),
};

export class Store {
  readonly #storage: DurableObjectStorage;
  #exists: boolean;
  /** Size of the history's ring, in slots; `null`: not looked at yet. */
  #ring: number | null = null;
  /** The group's row as it is stored, without the counters that are stored in it. */
  #group: GroupRow | null = null;
  #countersStoredAt = 0;
  /** Rows written by this incarnation, as the platform counts (and bills) them. */
  rowsWritten = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#exists = this.#query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'").length > 0;
  }

  load(): Stored {
    if (!this.#exists) return NOTHING;
    const counters = this.#loadGroup();
    const [last] = this.#query("SELECT max(sequence) AS sequence FROM term");
    const rows = {
      group: this.#group,
      sessions: this.#all<SessionRow>("session"),
      elections: this.#all<ElectionRow>("election"),
      records: this.#all<RecordRow>("record"),
      endedTerms: typeof last?.["sequence"] === "number" ? last["sequence"] + 1 : 0,
    };
    return { rows, settings: this.#meta<PolicyOptions>("policy"), counters };
  }

  #loadGroup(): Counters {
    const stored = this.#meta<StoredGroup>("group");
    if (stored === null) return new Map();
    const { counters = {}, countersStoredAt = 0, ...group } = stored;
    this.#group = group;
    this.#countersStoredAt = countersStoredAt;
    return loadCounters(counters);
  }

  /**
   * All or nothing: a turn that fails to be written leaves the stored state as it was. The counters ride in the group's
   * row, which costs nothing where that is written anyway, and otherwise one row in five minutes of writing.
   */
  commit({ rows, settings, counters, now }: Commit): void {
    const changed = rows.find((change) => change.table === "group")?.row ?? null;
    const group = changed ?? (now - this.#countersStoredAt >= COUNTERS_EVERY_MS ? this.#group : null);
    this.#transaction(() => {
      this.#create();
      for (const change of rows) if (change.table !== "group") this.#apply(change);
      if (group !== null) {
        const stored: StoredGroup = { ...group, counters: saveCounters(counters()), countersStoredAt: now };
        this.#put("meta", "group", stored);
      }
      if (settings !== null) this.#put("meta", "policy", settings);
    });
    if (group === null) return;
    this.#group = group;
    this.#countersStoredAt = now;
  }

  /** Takes back with the rows what this object knows of its tables. */
  #transaction(write: () => void): void {
    const [exists, ring] = [this.#exists, this.#ring];
    try {
      this.#storage.transactionSync(write);
    } catch (error) {
      this.#exists = exists;
      this.#ring = ring;
      throw error;
    }
  }

  #meta<T>(key: string): T | null {
    const [found] = this.#query("SELECT row FROM meta WHERE key = ?", key);
    return found === undefined ? null : read<T>(found);
  }

  /** Reads an election's row from storage. Throws in an object that was replaced. */
  touchElection(name: string): void {
    if (this.#exists) this.#query("SELECT key FROM election WHERE key = ?", name);
  }

  /** Every ended term that is kept, newest first. */
  endedTerms(): EndedTerm[] {
    if (!this.#exists) return [];
    return this.#query("SELECT row FROM term ORDER BY sequence DESC").map((row) => read<EndedTerm>(row));
  }

  #create(): void {
    if (!this.#exists) this.#run(SCHEMA);
    this.#exists = true;
  }

  #apply(change: Exclude<RowChange, { readonly table: "group" }>): void {
    if (change.table === "term") this.#keepTerm(change);
    else if (change.row === null) this.#run(`DELETE FROM ${change.table} WHERE key = ?`, change.key);
    else this.#put(change.table, change.key, change.row);
  }

  /** Each term takes the slot of the one `keep` terms before it: the history is bounded without deletes. */
  #keepTerm({ sequence, keep, row }: Extract<RowChange, { readonly table: "term" }>): void {
    if (this.#ring !== keep) this.#layOutRing(sequence, keep);
    this.#ring = keep;
    this.#run("INSERT OR REPLACE INTO term VALUES (?, ?, ?)", sequence % keep, sequence, JSON.stringify(row));
  }

  /** Makes the stored terms a ring of this size. Writes nothing unless the limit has changed. */
  #layOutRing(next: number, keep: number): void {
    const oldest = next - keep;
    const misplaced = this.#query("SELECT * FROM term WHERE sequence < ? OR slot <> sequence % ?", oldest, keep);
    for (const { slot } of misplaced) this.#run("DELETE FROM term WHERE slot = ?", slot ?? null);
    for (const { sequence, row } of misplaced) {
      const number = Number(sequence);
      if (number > oldest) this.#run("INSERT INTO term VALUES (?, ?, ?)", number % keep, number, row ?? null);
    }
  }

  #put(table: Table, key: string, row: object): void {
    this.#run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`, key, JSON.stringify(row));
  }

  #all<T>(table: Table): T[] {
    const rows: T[] = [];
    // One by one and raw: a list of objects would be made only to be thrown away.
    for (const [row] of this.#storage.sql.exec(`SELECT row FROM ${table}`).raw())
      rows.push(JSON.parse(String(row)) as T);
    return rows;
  }

  #query(sql: string, ...values: SqlStorageValue[]): Record<string, SqlStorageValue>[] {
    return this.#storage.sql.exec(sql, ...values).toArray();
  }

  #run(sql: string, ...values: SqlStorageValue[]): void {
    this.rowsWritten += this.#storage.sql.exec(sql, ...values).rowsWritten;
  }
}

const read = <T>(row: Record<string, SqlStorageValue>): T => JSON.parse(String(row["row"])) as T;
