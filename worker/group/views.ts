/** How the group looks from outside. Take it after a `tick`, so that nothing is shown that is over already. */
import type { LeaderInformation } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { EndedRun, JobStatus, JobSummary } from "../../shared/protocol/runs.ts";
import {
  CANDIDATES_SHOWN,
  type CandidateStatus,
  COMPONENTS_SHOWN,
  type ElectionStatus,
  type GroupStatus,
  type GroupSummary,
  JOBS_SHOWN,
  LEADERS_SHOWN,
  type LeaderStatus,
  STATUS_CANDIDATES,
  STATUS_ELECTIONS,
} from "../../shared/protocol/status.ts";
import { take } from "../../shared/take.ts";
import { componentsIn, isHeld, priorityIn, vacantElection } from "./election.ts";
import type { Election, GroupState, Job, Run, Session } from "./state.ts";

/** What the group itself does not know. */
export type GroupIdentity = Pick<GroupStatus, "group" | "deployment">;

/** A page of elections: those after the name `after`; without it, the first ones. What it costs does not grow with the group. */
export function groupStatus(
  state: GroupState,
  identity: GroupIdentity,
  now: number,
  after: ElectionName | null,
): GroupStatus {
  const elections: ElectionStatus[] = [];
  let candidates = 0;
  let next: ElectionName | null = null;
  for (const [name, election] of state.elections.entries(after ?? undefined)) {
    if (name === after) continue;
    const shown = Math.min(CANDIDATES_SHOWN, election.queue.waiting);
    if (elections.length === STATUS_ELECTIONS || candidates + shown > STATUS_CANDIDATES) {
      next = elections.at(-1)?.election ?? null;
      break;
    }
    candidates += shown;
    elections.push(statusOf(state, election, now, 0));
  }
  const { epoch, revision, paused, sessions } = state;
  const holdOffMs = holdOffIn(state, now);
  const electionCount = state.elections.size;
  const jobs = take(state.jobs.values(), JOBS_SHOWN).map((job) => jobSummary(job, now));
  return {
    ...identity,
    epoch,
    revision,
    paused,
    holdOffMs,
    sessions: sessions.size,
    electionCount,
    elections,
    next,
    jobs,
  };
}

const holdOffIn = ({ holdOffUntil }: GroupState, now: number): number => Math.max(0, holdOffUntil - now);

/** One walk through the elections, which keeps only the first leaders. */
export function groupSummary(state: GroupState, group: string, now: number): GroupSummary {
  const leaders: GroupSummary["leaders"][number][] = [];
  let [led, leaderless] = [0, 0];
  for (const election of state.elections.values()) {
    if (!isHeld(election)) {
      leaderless += Number(election.queue.waiting > 0);
      continue;
    }
    led += 1;
    if (led <= LEADERS_SHOWN) leaders.push({ election: election.name, ...leaderStatus(state, election.state) });
  }
  const { paused, sessions, elections } = state;
  const holdOffMs = holdOffIn(state, now);
  return { group, paused, holdOffMs, sessions: sessions.size, electionCount: elections.size, led, leaderless, leaders };
}

/** One election, with its candidates from the one at `from` on. An election that nobody contends for is vacant. */
export const electionStatus = (state: GroupState, name: ElectionName, now: number, from: number): ElectionStatus =>
  statusOf(state, state.elections.get(name) ?? vacantElection(name), now, from);

/** The connections of the holders: their sockets carry the exact ends of leases. */
export function leaderConnections({ elections, sessions }: GroupState): string[] {
  const connections = new Set<string>();
  for (const election of elections.values()) {
    const link = isHeld(election) ? sessions.get(election.state.sessionId)?.link : undefined;
    if (link?.type === "connected") connections.add(link.connection);
  }
  return [...connections];
}

function statusOf(state: GroupState, election: Election, now: number, from: number): ElectionStatus {
  const { name, queue, state: current } = election;
  return {
    election: name,
    state: current.type,
    leader: isHeld(election) ? leaderStatus(state, election.state) : null,
    remainingMs: current.type === "vacant" ? null : Math.max(0, current.leaseUntil - now),
    vacantMs: isHeld(election) || election.endedAt === null ? null : Math.max(0, now - election.endedAt),
    waiting: queue.waiting,
    ready: queue.size,
    candidates: queue.page(from, CANDIDATES_SHOWN).flatMap((id) => candidateStatus(state, election, id)),
  };
}

export const processName = (state: GroupState, sessionId: string): string | null =>
  state.sessions.get(sessionId)?.process.name ?? null;

export const leaderStatus = (
  state: GroupState,
  { sessionId, leaderSessionId, epoch }: Omit<LeaderStatus, "process">,
): LeaderStatus => ({ sessionId, process: processName(state, sessionId), leaderSessionId, epoch });

function candidateStatus(state: GroupState, { name, queue }: Election, id: string): CandidateStatus[] {
  const session = state.sessions.get(id);
  if (session === undefined) return [];
  const components = componentsIn(session, name, COMPONENTS_SHOWN);
  const ready = queue.rankOf(id) !== undefined;
  const process = session.process.name ?? null;
  const priority = priorityIn(session, name);
  return [{ sessionId: id, process, priority, components, ready, ...(!ready && { aside: whyAside(session) }) }];
}

function whyAside({ link, mute }: Session): "busy" | "silent" | "lost" {
  if (link.type === "lost") return "lost";
  return mute ? "silent" : "busy";
}

export const leaderOf = (state: GroupState, component: string): LeaderInformation | null =>
  state.components.get(component)?.record?.leader ?? null;

const diedRun = ({ occurrence, by, startedAt, leaseUntil }: Run): EndedRun => ({
  ...{ occurrence, end: "died", by, startedAt },
  endedAt: leaseUntil,
});

/** A job, with what it remembers; `null`: it has never run. */
export function jobStatus(state: GroupState, name: string, now: number): JobStatus | null {
  const job = state.jobs.get(name);
  if (job === undefined) return null;
  return { job: name, run: runStatus(job.run, now), ended: endedRuns(job, now), forgotten: job.forgotten };
}

export const runStatus = (run: Run | null, now: number): JobStatus["run"] =>
  run !== null && run.leaseUntil > now
    ? {
        ...{ occurrence: run.occurrence, by: run.by, startedAt: run.startedAt, epoch: run.epoch },
        remainingMs: run.leaseUntil - now,
      }
    : null;

/** The latest first. A run that has died is stored as such with whatever the job does next. */
function endedRuns({ run, ended }: Job, now: number): EndedRun[] {
  const died = run !== null && run.leaseUntil <= now && run.givenUp === undefined ? [diedRun(run)] : [];
  return [...died, ...ended.map(({ hash: _, retry: __, ...one }) => one).reverse()];
}

function jobSummary(job: Job, now: number): JobSummary {
  const [last] = endedRuns(job, now);
  if (last === undefined) return { job: job.name, run: runStatus(job.run, now), last: null };
  const { outcome: _, ...shown } = last;
  return { job: job.name, run: runStatus(job.run, now), last: shown };
}

/** The leadership that the question is about. */
export interface FenceQuestion {
  readonly component: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

/** Whether the leadership is current at this moment. A moment later it may be over. */
export interface FenceAnswer {
  /** True until the term and its drain are over: a leader that drains may still write. */
  readonly current: boolean;
  readonly draining: boolean;
  /** The epoch of the last term of the component's election; 0 if there was none. */
  readonly epoch: number;
  readonly remainingMs: number;
}

export function fence(state: GroupState, question: FenceQuestion, now: number): FenceAnswer {
  const run = runOf(state, question);
  if (run !== null) {
    const current = run.epoch === question.epoch && run.leaseUntil > now && run.givenUp === undefined;
    return { current, draining: false, epoch: run.epoch, remainingMs: current ? run.leaseUntil - now : 0 };
  }
  const name = state.components.get(question.component)?.election;
  const election = name === undefined || name === null ? undefined : state.elections.get(name);
  if (!isHeld(election)) {
    return { current: false, draining: false, epoch: election?.acceptedEpoch ?? 0, remainingMs: 0 };
  }
  const { sessionId, leaderSessionId, epoch, leaseUntil, type } = election.state;
  const contends = state.sessions.get(sessionId)?.contenders.has(question.component) === true;
  const current =
    contends && leaderSessionId === question.leaderSessionId && epoch === question.epoch && leaseUntil > now;
  return {
    current,
    draining: current && type === "revoking",
    epoch,
    remainingMs: current ? leaseUntil - now : 0,
  };
}

/** The run of a job that the question names: its component is the job. */
export function runOf({ jobs }: GroupState, { component, leaderSessionId }: FenceQuestion): Run | null {
  const run = jobs.get(component)?.run ?? null;
  return run?.leaderSessionId === leaderSessionId ? run : null;
}
