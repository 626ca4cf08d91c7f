/** The object's durable storage in the small world: rows by key, and one alarm. Immutable, so that states share it. */
import type { ElectionRow, GroupRow, RecordRow, RowChange, Rows, SessionRow } from "../../../worker/group/rows.ts";

export interface SmallStorage {
  readonly group: GroupRow | null;
  readonly session: ReadonlyMap<string, SessionRow>;
  readonly election: ReadonlyMap<string, ElectionRow>;
  readonly record: ReadonlyMap<string, RecordRow>;
  /** On the clock of the host. */
  readonly alarmAt: number | null;
}

export const emptyStorage: SmallStorage = {
  group: null,
  session: new Map(),
  election: new Map(),
  record: new Map(),
  alarmAt: null,
};

/** What one turn leaves behind. `alarmAt`: `null` leaves the alarm where it is. */
export function written(storage: SmallStorage, changes: readonly RowChange[], alarmAt: number | null): SmallStorage {
  return changes.reduce(withRow, alarmAt === null ? storage : { ...storage, alarmAt });
}

function withRow(storage: SmallStorage, change: RowChange): SmallStorage {
  switch (change.table) {
    case "group":
      return { ...storage, group: change.row };
    case "term":
      return storage; // nothing of it is loaded
    case "session":
      return { ...storage, session: withEntry(storage.session, change.key, change.row) };
    case "election":
      return { ...storage, election: withEntry(storage.election, change.key, change.row) };
    case "job":
      throw new Error("no process of this world runs a job");
    case "record":
      return { ...storage, record: withEntry(storage.record, change.key, change.row) };
  }
}

function withEntry<Row>(rows: ReadonlyMap<string, Row>, key: string, row: Row | null): ReadonlyMap<string, Row> {
  const next = new Map(rows);
  if (row === null) next.delete(key);
  else next.set(key, row);
  return next;
}

/** What a new incarnation reads: through JSON, as rows are on disk. */
export function rowsOf({ group, session, election, record }: SmallStorage): Rows {
  const rows: Rows = {
    group,
    sessions: [...session.values()],
    elections: [...election.values()],
    records: [...record.values()],
    jobs: [],
  };
  const copy: Rows = JSON.parse(JSON.stringify(rows));
  return copy;
}
