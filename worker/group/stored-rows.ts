/**
 * Reads the rows of a group as they are stored, and trusts none of them. A row that can't be read is named and left out.
 * It harms only its own: it never makes a second leader, and never locks an election for good (S17).
 *
 * - An election whose row can't be read, or is missing, is vacant. So is one whose holder can't be read: nobody could renew
 *   its term. Somebody may lead, also by an object that was replaced and goes on below the horizon that it knows. So the
 *   group holds off for the furthest that any horizon was ever ahead, and the clock margin. The drain time is within
 *   that: a holder that drains renews below its horizon, too.
 * - The row of the group has the hold-off of a clean-up, and may have been the only word of its terms: the same. Epochs grow
 *   from the largest that can be read, and from the clock.
 * - A job begins anew: what it has run is not known any longer. One that ran may go on, so the group holds off, too. Epochs
 *   grow from the clock: the job's row may have been the only word of the latest.
 * - A session is forgotten. It may have been the last one to show an election whose row is gone as well: the same.
 * - A record is left out. One that can be read, of a term that can't, shows that somebody may lead: the same. `start`
 *   withdraws it.
 * - An end further ahead than anything can have been promised is brought back, as operators do it: see `boundLease`.
 */
import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import { type Check, InvalidField } from "../../shared/protocol/fields.ts";
import { type ElectionName, isElectionName } from "../../shared/protocol/names.ts";
import { electionRow, groupRow, jobRow, recordRow, sessionRow } from "./row-checks.ts";
import type { ElectionRow, GroupRow, JobRow, RecordRow, RowChange, Rows, SessionRow } from "./rows.ts";

/** A row as it is stored, with its key within its table. */
export interface RawRow {
  readonly key: string;
  /** JSON text, if it is what it should be. */
  readonly row: unknown;
}

export interface RawRows {
  /** Absent: there is none. */
  readonly group?: RawRow;
  readonly sessions: readonly RawRow[];
  readonly elections: readonly RawRow[];
  readonly records: readonly RawRow[];
  readonly jobs: readonly RawRow[];
  /** Some term has ended. Any value where there is a row of the group. */
  readonly hasHistory: boolean;
}

/** Names a row without its content, which may have secrets in it. */
export interface UnreadableRow {
  readonly table: "group" | "session" | "election" | "record" | "job" | "term" | "policy" | "schema";
  readonly key: string;
  readonly problem: string;
}

export interface ReadRows {
  readonly rows: Rows;
  readonly unreadable: readonly UnreadableRow[];
  /** To be stored at once: otherwise each wake-up would hold off anew. */
  readonly mended: readonly RowChange[];
}

interface Reading {
  readonly now: number;
  /** The furthest that any horizon of this group was ahead when it was written. */
  readonly reachMs: number;
}

export function readRows(raw: RawRows, reading: Reading): ReadRows {
  const found: UnreadableRow[] = [];
  const sessions = readTable(raw.sessions, sessionRow, { table: "session", keyOf: ({ id }) => id }, found);
  const records = readTable(
    raw.records,
    recordRow,
    { table: "record", keyOf: ({ leader }) => leader.component },
    found,
  );
  const jobs = readTable(raw.jobs, jobRow, { table: "job", keyOf: ({ name }) => name }, found).map((row) =>
    boundedJob(row, reading),
  );
  const readable = readTable(raw.elections, electionRow, { table: "election", keyOf: ({ name }) => name }, found);
  const [stored = null] = readTable(raw.group ? [raw.group] : [], groupRow, { table: "group", keyOf: () => "" }, found);
  const standing = standingIn(sessions);
  const vacated = vacatedBy(standing, readable, found);
  const kept = readable.filter(({ name }) => !vacated.has(name)).map((row) => bounded(row, reading));
  const [elections, empty] = parted([...kept, ...vacated.values()], ({ name }) => standing.has(name));
  const epochs = [
    ...readable.flatMap(epochsOf),
    ...records.map(({ leader }) => leader.epoch),
    ...jobs.map(({ epoch }) => epoch),
  ];
  const newest = epochs.reduce((left, right) => Math.max(left, right), 0);
  if (raw.group === undefined && (newest + vacated.size > 0 || raw.hasHistory)) found.push(missing("group", ""));
  const holdsOff = vacated.size > 0 || records.some((record) => !readable.some((row) => isOfTerm(record, row)));
  const group = groupOf({ stored, newest, found, holdsOff }, reading);
  const mended: RowChange[] = empty.map(({ name }) => ({ table: "election", key: name, row: null }));
  for (const row of elections) if (!readable.includes(row)) mended.push({ table: "election", key: row.name, row });
  if (group !== null && (group.holdOffUntil !== stored?.holdOffUntil || isLost(found, "job")))
    mended.push({ table: "group", row: group });
  return { rows: { group, sessions, elections, records, jobs }, unreadable: found, mended };
}

const isOfTerm = ({ leader }: RecordRow, { state }: ElectionRow): boolean =>
  state.type !== "vacant" && state.leaderSessionId === leader.leaderSessionId;

interface Table<T> {
  readonly table: UnreadableRow["table"];
  readonly keyOf: (row: T) => string;
}

function readTable<T>(
  raw: readonly RawRow[],
  check: Check<T>,
  { table, keyOf }: Table<T>,
  found: UnreadableRow[],
): T[] {
  const rows: T[] = [];
  for (const { key, row } of raw) {
    const read = readRow(row, check);
    if ("row" in read && keyOf(read.row) === key) rows.push(read.row);
    else found.push({ table, key, problem: "row" in read ? "the row belongs to another key" : read.problem });
  }
  return rows;
}

/** The row, or why it can't be read: never with a part of it. */
export function readRow<T>(text: unknown, check: Check<T>): { readonly row: T } | { readonly problem: string } {
  try {
    return { row: check(JSON.parse(String(text)), "") };
  } catch (error) {
    return { problem: error instanceof InvalidField ? error.message : "the row is not JSON" };
  }
}

const missing = (table: UnreadableRow["table"], key: string): UnreadableRow => ({
  table,
  key,
  problem: "the row is missing",
});

/** The sessions that have a place in each election. */
function standingIn(sessions: readonly SessionRow[]): ReadonlyMap<ElectionName, ReadonlySet<string>> {
  const standing = new Map<ElectionName, Set<string>>();
  for (const { id, places } of sessions) {
    for (const [name] of places) {
      const there = standing.get(name) ?? new Set();
      standing.set(name, there.add(id));
    }
  }
  return standing;
}

function parted<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

type Standing = ReturnType<typeof standingIn>;

/** Elections that are vacant from now on, because nobody can tell any longer who leads them, or who would renew. */
function vacatedBy(
  standing: Standing,
  readable: readonly ElectionRow[],
  found: UnreadableRow[],
): ReadonlyMap<ElectionName, ElectionRow> {
  const known = new Set<string>(readable.map(({ name }) => name));
  const lost = found.flatMap(({ table, key }) => (table === "election" && isElectionName(key) ? [key] : []));
  const absent = [...standing.keys()].filter((name) => !known.has(name) && !lost.includes(name));
  found.push(...absent.map((name) => missing("election", name)));
  const unheld = unheldOf(standing, readable, found);
  return new Map([...[...lost, ...absent].map((name) => vacant(name)), ...unheld].map((row) => [row.name, row]));
}

const vacant = (name: ElectionName, acceptedEpoch = 0, endedAt: number | null = null): ElectionRow => ({
  name,
  state: { type: "vacant", successor: null },
  acceptedEpoch,
  endedAt,
});

/** Without the terms that nobody can renew. */
function unheldOf(standing: Standing, readable: readonly ElectionRow[], found: UnreadableRow[]): ElectionRow[] {
  const terms = new Set<string>();
  return readable.flatMap(({ name, state, endedAt }) => {
    if (state.type === "vacant") return [];
    const isTwice = terms.has(state.leaderSessionId);
    terms.add(state.leaderSessionId);
    if (!isTwice && standing.get(name)?.has(state.sessionId)) return [];
    found.push({ table: "election", key: name, problem: isTwice ? "its term is of another election" : NO_HOLDER });
    return [vacant(name, state.epoch, endedAt)];
  });
}

const NO_HOLDER = "the session that holds it can't be read, or has no place in it";

const epochsOf = ({ state, acceptedEpoch }: ElectionRow): number[] =>
  state.type === "vacant" ? [acceptedEpoch] : [acceptedEpoch, state.epoch];

/** The row itself, unless its horizon is further ahead than a clock that was set back explains without a replaced object. */
function bounded(row: ElectionRow, { now, reachMs }: Reading): ElectionRow {
  const { state } = row;
  if (state.type === "vacant" || state.horizon <= now + 2 * reachMs) return row;
  return { ...row, state: { ...state, horizon: now + reachMs, horizonMs: Math.min(state.horizonMs, reachMs) } };
}

/** As `bounded`, for the run of a job. */
function boundedJob(row: JobRow, { now, reachMs }: Reading): JobRow {
  const { run } = row;
  if (run === null || run.horizon <= now + 2 * reachMs) return row;
  return { ...row, run: { ...run, horizon: now + reachMs, horizonMs: Math.min(run.horizonMs, reachMs) } };
}

const UNUSED: GroupRow = { epoch: 0, revision: 0, holdOffUntil: 0, holdOffMs: 0, paused: false, seenAt: 0 };

const isLost = (found: readonly UnreadableRow[], table: UnreadableRow["table"]): boolean =>
  found.some((row) => row.table === table);

interface Found {
  readonly stored: GroupRow | null;
  /** The largest epoch of any row. */
  readonly newest: number;
  readonly found: readonly UnreadableRow[];
  readonly holdsOff: boolean;
}

function groupOf({ stored, newest, found, ...vacated }: Found, { now, reachMs }: Reading): GroupRow | null {
  const holdOffMs = reachMs + CLOCK_MARGIN_MS;
  const holdsOff = vacated.holdsOff || found.some(({ table }) => table !== "record");
  // No host can have given out more by its clock, whose margin is part of the hold-off.
  const anew = { ...UNUSED, epoch: now + CLOCK_MARGIN_MS, revision: now + CLOCK_MARGIN_MS };
  const before = isLost(found, "group") ? anew : stored;
  if (before === null && !holdsOff) return null;
  const least = isLost(found, "job") ? anew.epoch : 0;
  const group = { ...(before ?? UNUSED), epoch: Math.max(before?.epoch ?? 0, newest, least) };
  if (group.holdOffUntil > now + 2 * holdOffMs) return { ...group, holdOffUntil: now + holdOffMs, holdOffMs };
  if (!holdsOff) return group;
  const holdOffUntil = Math.max(group.holdOffUntil, now + holdOffMs);
  return { ...group, holdOffUntil, holdOffMs: Math.max(group.holdOffMs, holdOffMs) };
}
