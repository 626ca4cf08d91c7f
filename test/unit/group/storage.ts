/** What a SQLite store does with a turn's row changes, in memory. Everything goes through JSON, as it does on disk. */
import type { EndedTerm } from "../../../worker/group/events.ts";
import type { RowChange, Rows } from "../../../worker/group/rows.ts";

export interface Stored {
  readonly rows: Rows;
  /** Ended terms, the oldest first. */
  readonly history: readonly EndedTerm[];
}

export const emptyStore: Stored = {
  rows: { group: null, sessions: [], elections: [], records: [], jobs: [] },
  history: [],
};

export const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value));

export function applyChanges(stored: Stored, changes: readonly RowChange[]): Stored {
  return changes.map(throughJson).reduce(applyChange, stored);
}

function applyChange(stored: Stored, change: RowChange): Stored {
  const { rows, history } = stored;
  switch (change.table) {
    case "group":
      return { history, rows: { ...rows, group: change.row } };
    case "session":
      return { history, rows: { ...rows, sessions: replaced(rows.sessions, ({ id }) => id, change) } };
    case "election":
      return { history, rows: { ...rows, elections: replaced(rows.elections, ({ name }) => name, change) } };
    case "record":
      return { history, rows: { ...rows, records: replaced(rows.records, ({ leader }) => leader.component, change) } };
    case "job":
      return { history, rows: { ...rows, jobs: replaced(rows.jobs, ({ name }) => name, change) } };
    case "term":
      return { rows, history: [...history, change.row].slice(-change.keep) };
  }
}

function replaced<R>(
  rows: readonly R[],
  keyOf: (row: R) => string,
  { key, row }: { readonly key: string; readonly row: R | null },
): readonly R[] {
  const others = rows.filter((other) => keyOf(other) !== key);
  return row === null ? others : [...others, row];
}

/** The rows by key: two stores with the same content compare equal in any order of their rows. */
export function byKey({ group, sessions, elections, records, jobs }: Rows): object {
  return {
    group: group ?? { epoch: 0, revision: 0, holdOffUntil: 0, holdOffMs: 0, paused: false, seenAt: 0 },
    sessions: new Map(sessions.map((row) => [row.id, row])),
    elections: new Map(elections.map((row) => [row.name, row])),
    records: new Map(records.map((row) => [row.leader.component, row])),
    jobs: new Map(jobs.map((row) => [row.name, row])),
  };
}
