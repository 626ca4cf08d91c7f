/** The object's durable storage: rows as text, the settings, one alarm. Everything goes through JSON, as it does on disk. */
import type { PolicyOptions } from "../../worker/group/policy.ts";
import type { ElectionRow, GroupRow, JobRow, RecordRow, RowChange, Rows, SessionRow } from "../../worker/group/rows.ts";
import type { Stored } from "../../worker/host/port.ts";

type Table = "session" | "election" | "record" | "job";

type Tables = Readonly<Record<Table, Map<string, string>>>;

const noTables = (): Tables => ({ session: new Map(), election: new Map(), record: new Map(), job: new Map() });

/** What one turn leaves behind. `null`: as it is stored. */
export interface Write {
  readonly rows: readonly RowChange[];
  readonly settings: PolicyOptions | null;
  readonly alarmAt: number | null;
  /** Everything that is stored is deleted first. */
  readonly purged?: true;
}

/** What can be made to fail while the object lives on. */
export type Attempt = (typeof ATTEMPTS)[number];
export const ATTEMPTS = ["commit", "alarm", "listing"] as const;

export class StorageFault extends Error {
  override readonly name = "StorageFault";
}

export class Storage {
  #tables: Tables = noTables();
  #group: string | null = null;
  policy: PolicyOptions | null = null;
  /** On the clock of the host. */
  alarmAt: number | null = null;
  /** How many of the next attempts fail. */
  readonly faults: Record<Attempt, number> = { commit: 0, alarm: 0, listing: 0 };

  /** Throws if this is to fail. */
  attempt(what: Attempt): void {
    if (this.faults[what] === 0) return;
    this.faults[what] -= 1;
    throw new StorageFault(`the ${what} has failed`);
  }

  /** Ends all faults. */
  mend(): void {
    for (const what of ATTEMPTS) this.faults[what] = 0;
  }

  purge(): void {
    this.#tables = noTables();
    this.#group = null;
    this.policy = null;
    this.alarmAt = null;
  }

  write({ rows, settings, alarmAt, purged }: Write): void {
    if (purged) this.purge();
    this.#apply(rows);
    if (settings !== null) this.policy = settings;
    if (alarmAt !== null) this.alarmAt = alarmAt;
  }

  #apply(changes: readonly RowChange[]): void {
    for (const change of changes) {
      if (change.table === "term") continue; // nothing of it is loaded
      if (change.table === "group") this.#group = JSON.stringify(change.row);
      else if (change.row === null) this.#tables[change.table].delete(change.key);
      else this.#tables[change.table].set(change.key, JSON.stringify(change.row));
    }
  }

  /** For a new incarnation. Counters are not kept. */
  stored(): Stored {
    return { rows: this.load(), settings: this.policy, counters: new Map() };
  }

  load(): Rows {
    return {
      group: this.#group === null ? null : (JSON.parse(this.#group) as GroupRow),
      sessions: this.#all<SessionRow>("session"),
      elections: this.#all<ElectionRow>("election"),
      records: this.#all<RecordRow>("record"),
      jobs: this.#all<JobRow>("job"),
    };
  }

  /** One row, or none. */
  election(name: string): ElectionRow | null {
    const text = this.#tables.election.get(name);
    return text === undefined ? null : (JSON.parse(text) as ElectionRow);
  }

  /** The same text for the same content, written in any order. */
  text(): string {
    const { session, election, record, job } = this.#tables;
    const group = this.#group ?? JSON.stringify(UNUSED);
    return textOf(
      group,
      [session, election, record, job].map((table) => [...table.values()]),
    );
  }

  copy(): Storage {
    const copy = new Storage();
    const { session, election, record, job } = this.#tables;
    copy.#tables = {
      session: new Map(session),
      election: new Map(election),
      record: new Map(record),
      job: new Map(job),
    };
    copy.#group = this.#group;
    copy.policy = this.policy;
    copy.alarmAt = this.alarmAt;
    return copy;
  }

  #all<T>(table: Table): T[] {
    return [...this.#tables[table].values()].map((text) => JSON.parse(text) as T);
  }
}

const UNUSED: GroupRow = { epoch: 0, revision: 0, holdOffUntil: 0, holdOffMs: 0, paused: false, seenAt: 0 };

/** Rows as one text: the same text for the same rows, in any order. */
export function canonicalText({ group, sessions, elections, records, jobs }: Rows): string {
  const rows = [sessions, elections, records, jobs].map((table) => table.map((row) => JSON.stringify(row)));
  return textOf(JSON.stringify(group ?? UNUSED), rows);
}

const textOf = (group: string, tables: readonly string[][]): string =>
  `${group}\n${tables.map((rows) => rows.sort().join("\n")).join("\n--\n")}`;
