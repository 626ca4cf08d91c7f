/**
 * The group's rows in the object's SQLite database. Writes without an `await` between them are one commit, and the
 * platform holds back every message that leaves until that commit is durable.
 *
 * All rows are in one table, with the kind of a row at the beginning of its key. So a turn writes its rows by one
 * statement, and a small group has them in one or two pages. The table has text keys and no row id, so that a row costs one
 * row written. It is created with the first row: a look at a group that nobody uses stores nothing.
 */
import type { EndedTerm } from "../group/events.ts";
import type { PolicyOptions } from "../group/policy.ts";
import type { ElectionRow, GroupRow, RecordRow, RowChange, SessionRow } from "../group/rows.ts";
import { type Counters, loadCounters, type StoredCounters, saveCounters } from "../host/counters.ts";
import type { Commit, Stored } from "../host/port.ts";

/** `sequence`: the number of an ended term; null for everything else. */
const SCHEMA =
  "CREATE TABLE IF NOT EXISTS stored (key TEXT PRIMARY KEY, sequence INTEGER, row TEXT NOT NULL) WITHOUT ROWID";
/** The rows of one kind: those with keys between `KIND/` and `KIND0`, the next character. */
const OF_KIND = "key > ? AND key < ?";
const boundsOf = (kind: Kind): [string, string] => [`${kind}/`, `${kind}0`];
type Kind = "session" | "election" | "record" | "term";

/** One row as it is written. */
interface Put {
  readonly key: string;
  readonly sequence: number | null;
  /** As JSON. */
  readonly row: string;
}
/** The platform takes 100 values for a statement. */
const PUTS_AT_ONCE = 33;
/** The group's row as it is stored. */
interface StoredGroup extends GroupRow {
  readonly counters?: StoredCounters;
  readonly countersStoredAt?: number;
}
/** Often enough for a board; a tenth of a row a minute beside those of the lease horizon. */
const COUNTERS_EVERY_MS = 300_000;
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
    this.#exists = this.#hasTable("stored");
    // Its leases are unknown here: to begin anew could make a second leader.
    if (!this.#exists && this.#hasTable("election"))
      throw new Error(
        "this group was stored by a version before 0.1.0, in a layout that is no longer read: stop its processes, then delete its data or name another group",
      );
  }

  #hasTable(name: string): boolean {
    return this.#query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", name).length > 0;
  }

  load(): Stored {
    if (!this.#exists) return NOTHING;
    const counters = this.#loadGroup();
    const [last] = this.#query(`SELECT max(sequence) AS sequence FROM stored WHERE ${OF_KIND}`, ...boundsOf("term"));
    const rows = {
      group: this.#group,
      sessions: this.#all<SessionRow>("session"),
      elections: this.#all<ElectionRow>("election"),
      records: this.#all<RecordRow>("record"),
      endedTerms: typeof last?.["sequence"] === "number" ? last["sequence"] + 1 : 0,
    };
    return { rows, settings: this.#one<PolicyOptions>("policy"), counters };
  }

  #loadGroup(): Counters {
    const stored = this.#one<StoredGroup>("group");
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
    const puts = rows.flatMap(putOf);
    if (group !== null) {
      const stored: StoredGroup = { ...group, counters: saveCounters(counters()), countersStoredAt: now };
      puts.push(plain("group", stored));
    }
    if (settings !== null) puts.push(plain("policy", settings));
    this.#write(puts, rows.flatMap(removalOf), rows.find(isTerm));
    if (group === null) return;
    this.#group = group;
    this.#countersStoredAt = now;
  }

  /** By one statement, which is all or nothing by itself, unless there is more to do. */
  #write(puts: readonly Put[], removed: readonly string[], term: TermChange | undefined): void {
    const isLaidOut = term === undefined || term.keep === this.#ring;
    if (this.#exists && isLaidOut && removed.length === 0 && puts.length <= PUTS_AT_ONCE) return this.#put(puts);
    this.#transaction(() => {
      if (!this.#exists) this.#run(SCHEMA);
      this.#exists = true;
      if (!isLaidOut) this.#layOutRing(term);
      for (const key of removed) this.#run("DELETE FROM stored WHERE key = ?", key);
      for (let next = 0; next < puts.length; next += PUTS_AT_ONCE) this.#put(puts.slice(next, next + PUTS_AT_ONCE));
    });
  }

  /** Takes back with the rows what this object knows of its table. */
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

  #one<T>(key: string): T | null {
    const [found] = this.#query("SELECT row FROM stored WHERE key = ?", key);
    return found === undefined ? null : read<T>(found);
  }

  /** Reads an election's row from storage. Throws in an object that was replaced. */
  touchElection(name: string): void {
    if (this.#exists) this.#query("SELECT key FROM stored WHERE key = ?", `election/${name}`);
  }

  /** The newest `limit` ended terms, newest first. */
  endedTerms(limit: number): EndedTerm[] {
    if (!this.#exists) return [];
    const newestFirst = `SELECT row FROM stored WHERE ${OF_KIND} ORDER BY sequence DESC LIMIT ?`;
    return this.#query(newestFirst, ...boundsOf("term"), limit).map((row) => read<EndedTerm>(row));
  }

  /** Makes the stored terms a ring of `keep` slots. Writes nothing unless the limit has changed. */
  #layOutRing({ sequence: next, keep }: TermChange): void {
    this.#ring = keep;
    const oldest = next - keep;
    const misplaced = this.#query(
      `SELECT * FROM stored WHERE ${OF_KIND} AND (sequence < ? OR key <> 'term/' || (sequence % ?))`,
      ...boundsOf("term"),
      oldest,
      keep,
    );
    for (const { key } of misplaced) this.#run("DELETE FROM stored WHERE key = ?", String(key));
    const kept = misplaced.map((term) => ({ sequence: Number(term["sequence"]), row: String(term["row"]) }));
    for (const { sequence, row } of kept)
      if (sequence > oldest) this.#put([{ key: slotOf(sequence, keep), sequence, row }]);
  }

  #put(puts: readonly Put[]): void {
    const places = puts.map(() => "(?, ?, ?)").join(", ");
    const values = puts.flatMap(({ key, sequence, row }) => [key, sequence, row]);
    this.#run(`INSERT OR REPLACE INTO stored VALUES ${places}`, ...values);
  }

  #all<T>(kind: Kind): T[] {
    const rows: T[] = [];
    const all = this.#storage.sql.exec(`SELECT row FROM stored WHERE ${OF_KIND}`, ...boundsOf(kind));
    // One by one and raw: a list of objects would be made only to be thrown away.
    for (const [row] of all.raw()) rows.push(JSON.parse(String(row)) as T);
    return rows;
  }

  #query(sql: string, ...values: SqlStorageValue[]): Record<string, SqlStorageValue>[] {
    return this.#storage.sql.exec(sql, ...values).toArray();
  }

  #run(sql: string, ...values: SqlStorageValue[]): void {
    this.rowsWritten += this.#storage.sql.exec(sql, ...values).rowsWritten;
  }
}

type TermChange = Extract<RowChange, { readonly table: "term" }>;
const isTerm = (change: RowChange): change is TermChange => change.table === "term";

/** Each term takes the slot of the one `keep` terms before it: the history is bounded without deletes. */
const slotOf = (sequence: number, keep: number): string => `term/${sequence % keep}`;

const plain = (key: string, row: object): Put => ({ key, sequence: null, row: JSON.stringify(row) });

/** The group's row is put by itself, with the counters. */
function putOf(change: RowChange): Put[] {
  if (change.table === "group" || change.row === null) return [];
  if (change.table !== "term") return [plain(`${change.table}/${change.key}`, change.row)];
  const { sequence, keep, row } = change;
  return [{ key: slotOf(sequence, keep), sequence, row: JSON.stringify(row) }];
}

const removalOf = (change: RowChange): string[] =>
  "key" in change && change.row === null ? [`${change.table}/${change.key}`] : [];

const read = <T>(row: Record<string, SqlStorageValue>): T => JSON.parse(String(row["row"])) as T;
