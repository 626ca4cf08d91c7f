/**
 * A group as the rows that are stored of it, and back. `save(load(save(state)))` equals `save(state)`. A load changes only
 * the ends of leases, and only lengthens them: to the horizon plus the clock margin (S3).
 *
 * A turn writes only the rows that it has changed: a renewal below the horizon changes none.
 */
import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import type { LeaderInformation, ProcessInfo } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { isSame } from "../../shared/same.ts";
import { putSessions } from "./bulk-load.ts";
import { updateDeadline } from "./deadlines.ts";
import type { EndedTerm } from "./events.ts";
import { noDeadlines, noNames } from "./indexes.ts";
import type { Policy } from "./policy.ts";
import type {
  Contender,
  Election,
  ElectionState,
  GroupState,
  Job,
  Place,
  Run,
  Session,
  Term,
  Watched,
} from "./state.ts";
import { NOWHERE } from "./statements.ts";
import { type Touched, Turn } from "./turn.ts";

export interface GroupRow {
  readonly epoch: number;
  readonly revision: number;
  readonly holdOffUntil: number;
  readonly holdOffMs: number;
  readonly paused: boolean;
  readonly seenAt: number;
  /** Absent: the group is used, or has no time to live. */
  readonly idleSince?: number;
}

/** Leaves out fields at their usual values: a wake-up reads thousands of these rows. */
export interface SessionRow extends Partial<Unusual> {
  readonly id: string;
  readonly secretHash: string;
  /** How the session is reached, or when it was lost. */
  readonly link: Session["link"];
  readonly leaseMs: number;
  readonly contenders: readonly (readonly [component: string, contender: Contender])[];
  readonly places: readonly (readonly [election: ElectionName, place: PlaceRow])[];
}

type Unusual = Pick<Session, "previousSecretHash" | "attempt" | "priority" | "process" | "subject">;

interface PlaceRow extends Partial<Place> {
  readonly order: number;
}

type Stored<S> = S extends Term ? Omit<S, "leaseUntil" | "acceptedAt"> : S;

export interface ElectionRow {
  readonly name: ElectionName;
  readonly state: Stored<ElectionState>;
  readonly acceptedEpoch: number;
  readonly endedAt: number | null;
}

export interface RecordRow {
  readonly leader: LeaderInformation;
  readonly confirmedAt: number;
}

export interface JobRow extends Omit<Job, "run"> {
  readonly run: Omit<Run, "leaseUntil"> | null;
}

export interface Rows {
  /** `null` for a group that has never been used. */
  readonly group: GroupRow | null;
  readonly sessions: readonly SessionRow[];
  readonly elections: readonly ElectionRow[];
  readonly records: readonly RecordRow[];
  readonly jobs: readonly JobRow[];
}

/** A row to write; `row: null`: to remove. A `term` leaves the newest `keep` ended terms, itself included. */
export type RowChange =
  | { readonly table: "group"; readonly row: GroupRow }
  | { readonly table: "session"; readonly key: string; readonly row: SessionRow | null }
  | { readonly table: "election"; readonly key: string; readonly row: ElectionRow | null }
  | { readonly table: "record"; readonly key: string; readonly row: RecordRow | null }
  | { readonly table: "job"; readonly key: string; readonly row: JobRow | null }
  | { readonly table: "term"; readonly keep: number; readonly row: EndedTerm };

const groupRow = ({ epoch, revision, holdOffUntil, holdOffMs, paused, seenAt, idleSince }: GroupState): GroupRow => ({
  epoch,
  revision,
  holdOffUntil,
  holdOffMs,
  paused,
  seenAt,
  ...(idleSince !== null && { idleSince }),
});

const sessionRow = (session: Session): SessionRow => ({
  id: session.id,
  secretHash: session.secretHash,
  link: storedLink(session.link),
  leaseMs: session.leaseMs,
  contenders: session.contenders.map((component, contender) => [component, contender] as const),
  places: session.places.map((name, place) => [name, placeRow(place)] as const),
  ...unusual(session),
});

const storedLink = (link: Session["link"]): Session["link"] =>
  link.type === "lost" && link.unwritten !== undefined ? { type: "connected", connection: link.unwritten } : link;

const placeRow = ({ order, demotedAt, missed }: Place): PlaceRow => ({
  order,
  ...(demotedAt !== null && { demotedAt }),
  ...(missed !== null && { missed }),
});

const unusual = ({ previousSecretHash, attempt, priority, process, subject }: Session) => ({
  ...(previousSecretHash !== null && { previousSecretHash }),
  ...(attempt !== 0 && { attempt }),
  ...(priority !== 0 && { priority }),
  ...(Object.keys(process).length > 0 && { process }),
  ...(subject !== null && { subject }),
});

/**
 * The row of a term is written once (S3), before it is taken: after a crash it counts as taken, unless its row says `untaken`,
 * which is written when its holder is lost.
 */
function electionRow({ name, state, acceptedEpoch, endedAt }: Election): ElectionRow {
  if (state.type === "vacant") return { name, state, acceptedEpoch, endedAt };
  const { leaseUntil: _exact, acceptedAt: _memoryOnly, ...stored } = state;
  return { name, state: stored, acceptedEpoch: state.epoch, endedAt };
}

function jobRow({ name, run, ended, latest, forgotten, epoch }: Job): JobRow {
  if (run === null) return { name, run, ended, latest, forgotten, epoch };
  const { leaseUntil: _exact, ...stored } = run;
  return { name, run: stored, ended, latest, forgotten, epoch };
}

export function save(state: GroupState): Rows {
  const records: RecordRow[] = [];
  for (const name of state.published.keys()) {
    const record = state.components.get(name)?.record ?? null;
    if (record !== null) records.push(record);
  }
  return {
    group: groupRow(state),
    sessions: [...state.sessions.values()].map(sessionRow),
    elections: [...state.elections.values()].map(electionRow),
    records,
    jobs: [...state.jobs.values()].map(jobRow),
  };
}

/** The rows that differ between the states before and after a turn. */
export function rowChanges(before: GroupState, after: GroupState, touched: Touched): RowChange[] {
  const changes: RowChange[] = [];
  if (!sameGroupRow(before, after)) changes.push({ table: "group", row: groupRow(after) });
  for (const key of touched.sessions) {
    const row = rowOf(after.sessions.get(key), sessionRow);
    if (!isSame(rowOf(before.sessions.get(key), sessionRow), row)) changes.push({ table: "session", key, row });
  }
  for (const key of touched.elections) {
    const row = rowOf(after.elections.get(key), electionRow);
    if (!isSame(rowOf(before.elections.get(key), electionRow), row)) changes.push({ table: "election", key, row });
  }
  for (const key of touched.records) {
    const row = after.components.get(key)?.record ?? null;
    if (!isSame(before.components.get(key)?.record ?? null, row)) changes.push({ table: "record", key, row });
  }
  for (const key of touched.jobs) {
    const row = rowOf(after.jobs.get(key), jobRow);
    if (!isSame(rowOf(before.jobs.get(key), jobRow), row)) changes.push({ table: "job", key, row });
  }
  const { historyRows: keep } = after.policy.limits;
  return [...changes, ...touched.ended.map((row) => ({ table: "term", keep, row }) as const)];
}

const rowOf = <V, R>(value: V | undefined, row: (value: V) => R): R | null => (value === undefined ? null : row(value));

const sameGroupRow = (left: GroupState, right: GroupState): boolean =>
  left.epoch === right.epoch &&
  left.revision === right.revision &&
  left.holdOffUntil === right.holdOffUntil &&
  left.holdOffMs === right.holdOffMs &&
  left.paused === right.paused &&
  left.seenAt === right.seenAt &&
  left.idleSince === right.idleSince;

export function emptyGroup(policy: Policy): GroupState {
  return {
    policy,
    lowered: null,
    epoch: 0,
    revision: 0,
    holdOffUntil: 0,
    holdOffMs: 0,
    paused: false,
    seenAt: 0,
    idleSince: null,
    reconciled: true,
    pendingRestore: null,
    sessions: noNames(),
    elections: noNames(),
    components: noNames(),
    jobs: noNames(),
    jobEpoch: 0,
    terms: noNames(),
    loads: noNames(),
    lastOrder: 0,
    connections: noNames(),
    silent: noDeadlines(),
    expiring: noDeadlines(),
    polled: noDeadlines(),
    subjects: noNames(),
    rowBuckets: noNames(),
    contending: 0,
    observers: 0,
    published: noNames(),
    unannounced: noNames(),
    watchersOfAll: noNames(),
    deadlines: noDeadlines(),
    awaited: noDeadlines(),
    unawaited: noDeadlines(),
    heard: noDeadlines(),
    yielding: noDeadlines(),
    lost: noDeadlines(),
  };
}

/** The state of these rows. The next events have to be `adopt` and `start`, or `start` alone. */
export function load({ group, sessions, elections, records, jobs }: Rows, policy: Policy): GroupState {
  const turn = new Turn({ ...emptyGroup(policy), ...group, reconciled: false }, 0, "");
  for (const row of elections) loadElection(turn, row);
  putSessions(turn, sessions.map(sessionOf));
  for (const record of records) turn.patchComponent(record.leader.component, { record });
  for (const { run, ...job } of jobs)
    turn.putJob({ ...job, run: run && { ...run, leaseUntil: run.horizon + CLOCK_MARGIN_MS } });
  for (const { name } of elections) updateDeadline(turn, name);
  return turn.state;
}

function loadElection(turn: Turn, { name, state, acceptedEpoch, endedAt }: ElectionRow): void {
  turn.createElection(name);
  const loaded =
    state.type === "vacant"
      ? state
      : {
          ...state,
          leaseUntil: state.horizon + CLOCK_MARGIN_MS,
          acceptedAt: state.untaken ? null : state.grantedAt,
        };
  turn.putState(name, loaded, { acceptedEpoch, endedAt });
}

/** Shared by all sessions that have nothing else, which are most. */
const NO_PROCESS: ProcessInfo = {};
const NOTHING_WATCHED: Watched = { all: false, names: [] };

const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  secretHash: row.secretHash,
  previousSecretHash: row.previousSecretHash ?? null,
  attempt: row.attempt ?? 0,
  link: row.link,
  mute: false,
  busy: NOWHERE,
  leaseMs: row.leaseMs,
  priority: row.priority ?? 0,
  process: row.process ?? NO_PROCESS,
  contenders: noNames<Contender>().of(row.contenders),
  places: noNames<Place, ElectionName>().of(row.places.map(placeOf)),
  watched: NOTHING_WATCHED,
  arrivedAt: -Infinity,
  subject: row.subject ?? null,
});

const placeOf = ([name, row]: SessionRow["places"][number]): [ElectionName, Place] => [
  name,
  {
    order: row.order,
    demotedAt: row.demotedAt ?? null,
    missed: row.missed ?? null,
  },
];
