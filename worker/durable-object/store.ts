/**
 * The group's rows in the object's SQLite database. Synchronous: writes without an `await` between them are one
 * commit, and the platform holds every message that leaves until that commit is durable.
 *
 * Tables have text keys and no row id, so that a row costs one row written. They are created with the first row: to
 * look at a group that nobody uses stores nothing.
 */
import type { EndedTerm } from "../group/events.ts";
import { createPolicy, type PolicyOptions } from "../group/policy.ts";
import type { ElectionRow, GroupRow, RecordRow, RowChange, Rows, SessionRow } from "../group/rows.ts";
import { type StoredTally, storedTally, type Tally, tallyOf } from "../host/tally.ts";
import { logError } from "../http/log.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS election (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS term (slot INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, row TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
`;
/** The group's row as it is stored. */
interface StoredGroup extends GroupRow {
  readonly tally?: StoredTally;
  readonly tallyStoredAt?: number;
}
/** Often enough for a board; a tenth of a row a minute beside those of the lease horizon. */
const TALLY_EVERY_MS = 300_000;
type Table = "session" | "election" | "record" | "meta";

export class Store {
  readonly #storage: DurableObjectStorage;
  #exists: boolean;
  /** Of how many slots the history is a ring; `null`: not looked at yet. */
  #ring: number | null = null;
  /** The group's row as it is stored, with the tally that rides in it. */
  #group: GroupRow | null = null;
  #tallyStoredAt = 0;
  /** As it was stored when this incarnation was loaded. */
  tally: Tally = new Map();
  /** Rows written by this incarnation, as the platform counts (and bills) them. */
  rowsWritten = 0;
  /** Turns of this incarnation that wrote anything. */
  commits = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#exists = this.#query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'").length > 0;
  }

  load(): Rows {
    if (!this.#exists) return { group: null, sessions: [], elections: [], records: [], endedTerms: 0 };
    this.#loadGroup();
    const [last] = this.#query("SELECT max(sequence) AS sequence FROM term");
    return {
      group: this.#group,
      sessions: this.#all<SessionRow>("session"),
      elections: this.#all<ElectionRow>("election"),
      records: this.#all<RecordRow>("record"),
      endedTerms: typeof last?.["sequence"] === "number" ? last["sequence"] + 1 : 0,
    };
  }

  /**
   * All or nothing: a turn that fails to be written leaves the stored state as it was. The tally rides in the group's
   * row, which costs nothing where that is written anyway, and otherwise one row in five minutes of writing.
   */
  write(changes: readonly RowChange[], tally: () => Tally, now: number): void {
    if (changes.length === 0) return;
    const changed = changes.find((change) => change.table === "group")?.row ?? null;
    const group = changed ?? (now - this.#tallyStoredAt >= TALLY_EVERY_MS ? this.#group : null);
    this.#storage.transactionSync(() => {
      this.#create();
      for (const change of changes) if (change.table !== "group") this.#apply(change);
      if (group !== null)
        this.#put("meta", "group", { ...group, tally: storedTally(tally()), tallyStoredAt: now } satisfies StoredGroup);
    });
    this.commits += 1;
    if (group === null) return;
    this.#group = group;
    this.#tallyStoredAt = now;
  }

  #loadGroup(): void {
    const stored = this.meta<StoredGroup>("group");
    if (stored === null) return;
    const { tally = {}, tallyStoredAt = 0, ...group } = stored;
    this.#group = group;
    this.#tallyStoredAt = tallyStoredAt;
    this.tally = tallyOf(tally);
  }

  /** Settings that this version refuses give way to the defaults until the next request brings others. */
  policy(): PolicyOptions {
    const options = this.meta<PolicyOptions>("policy") ?? {};
    try {
      createPolicy(options);
      return options;
    } catch (error) {
      logError("policy_refused", error);
      return {};
    }
  }

  meta<T>(key: string): T | null {
    if (!this.#exists) return null;
    const [found] = this.#query("SELECT row FROM meta WHERE key = ?", key);
    return found === undefined ? null : read<T>(found);
  }

  writeMeta(key: string, row: object): void {
    this.#create();
    this.#put("meta", key, row);
  }

  /** Reads an election's row from storage: only a current object can (a replaced one fails here). */
  touchElection(name: string): void {
    if (this.#exists) this.#query("SELECT key FROM election WHERE key = ?", name);
  }

  /** All that are kept, newest first. */
  endedTerms(): EndedTerm[] {
    if (!this.#exists) return [];
    return this.#query("SELECT row FROM term ORDER BY sequence DESC").map((row) => read<EndedTerm>(row));
  }

  #create(): void {
    if (this.#exists) return;
    this.#run(SCHEMA);
    this.#exists = true;
  }

  #apply(change: Exclude<RowChange, { readonly table: "group" }>): void {
    if (change.table === "term") this.#keepTerm(change);
    else if (change.row === null) this.#run(`DELETE FROM ${change.table} WHERE key = ?`, change.key);
    else this.#put(change.table, change.key, change.row);
  }

  /** A ring of slots, each term in place of the one `keep` before it: bounded, and without deletes. */
  #keepTerm({ sequence, keep, row }: Extract<RowChange, { readonly table: "term" }>): void {
    if (this.#ring !== keep) this.#layOutRing(sequence, keep);
    this.#ring = keep;
    this.#run("INSERT OR REPLACE INTO term VALUES (?, ?, ?)", sequence % keep, sequence, JSON.stringify(row));
  }

  /** Makes what is there a ring of this size; writes nothing where it is one, as it is unless the limit has changed. */
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
    // One by one and raw: an object for each row, and a list of them, would be made only to be thrown away.
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
