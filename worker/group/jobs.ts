/**
 * Jobs that run once for each occurrence, however many callers ask for it, and however late. The key is the occurrence, not the time: no clock of a
 * caller decides anything.
 *
 * A job has one lease, so two of its runs never overlap, not even those of two occurrences, and its epochs fence what it
 * writes. A run is stored before it is told of (J2), and its end, with the outcome, is stored with the end of its lease (J1).
 * Each is one row, the job's own, which also has what the job remembers. A job sets no alarm: that a
 * run has died is noticed by the next call.
 */
import { CLOCK_MARGIN_MS, leaseFor } from "../../shared/lease.ts";
import { compareOccurrences, laterOf } from "../../shared/occurrences.ts";
import type { BeginRun, EndedRun, EndRun, RenewRun, RunAnswer, RunCall } from "../../shared/protocol/runs.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { EventBody, HashedRunCall, Outcome, RunEvent } from "./events.ts";
import { IN_DEBT, isInDebt } from "./row-debt.ts";
import type { Access, Job, Occurrence, Run } from "./state.ts";
import { holdOffFor } from "./terms.ts";
import type { Turn } from "./turn.ts";
import { runStatus } from "./views.ts";

type Hashed<Call extends RunCall> = Call & { readonly hash: string };

/** Carries out the call and replies with its answer, or replies `refused`; then nothing has changed. */
export function answerRun(turn: Turn, { request, access, call }: RunEvent): void {
  const refusal = whyRefused(access, call);
  turn.reply(request, refusal ?? outcomeOf(turn, access, call));
}

type Refused = Extract<Outcome, { readonly type: "refused" }>;
const refused = (code: Refused["code"], message: string): Refused => ({ type: "refused", code, message });

function whyRefused({ role, components }: Access, { job }: RunCall): Refused | null {
  if (role === "observe") return refused("forbidden", "these credentials may only look: the role contend runs jobs");
  return components === undefined || components.includes(job)
    ? null
    : refused("forbidden", `these credentials are not for the job ${job}: name it among their components`);
}

function outcomeOf(turn: Turn, access: Access, call: HashedRunCall): Outcome {
  switch (call.type) {
    case "begin":
      return begin(turn, access, call);
    case "renew":
      return run(renew(turn, call));
    case "end":
      return run(end(turn, call));
    default:
      return unreachable(call);
  }
}

const run = (answer: RunAnswer): Outcome => ({ type: "run", answer });

// Begin

function begin(turn: Turn, access: Access, call: Hashed<BeginRun>): Outcome {
  const known = turn.state.jobs.get(call.job) ?? newJob(call.job);
  if (isUsedElsewhere(known, call)) return refused("superseded", USED_ELSEWHERE);
  // A repeated call of the one whose run it is: it has not begun its work, or it would not ask.
  if (known.run?.hash === call.hash && known.run.givenUp === undefined)
    return run(extended(turn, bounded(turn, known), leaseWanted(turn, call)));
  const job = withoutDeadRun(turn, bounded(turn, known));
  const settled = whatIsSettled(job, call);
  if (settled !== null) {
    // A death that is told of lasts: no restart forgets it.
    if (known.run !== null && job.run === null) turn.putJob(job);
    return run(settled);
  }
  if (job.run !== null)
    return isToBeSkipped(job.run, call) && isInDebt(turn, access)
      ? refused("limit_exceeded", IN_DEBT)
      : run(meet(turn, job, job.run, call));
  const { holdOffUntil, paused } = turn.state;
  if (paused || turn.now < holdOffUntil)
    return run({ type: "busy", remainingMs: Math.max(0, holdOffUntil - turn.now) });
  const full = whyFull(turn, access, call.job);
  if (full !== null) return refused("limit_exceeded", full);
  return run(start(turn, job, call));
}

const USED_ELSEWHERE = "this id of a run was used for another occurrence: make a fresh one for each attempt";

const isUsedElsewhere = ({ run: present, ended }: Job, { hash, occurrence }: Hashed<BeginRun>): boolean =>
  [...ended, ...(present === null ? [] : [present])].some((one) => one.hash === hash && one.occurrence !== occurrence);

const newJob = (name: string): Job => ({ name, run: null, ended: [], latest: null, forgotten: null, epoch: 0 });

/** After the clock was set back by more than a lease can last, nobody counts on more than this (see `boundLease`). */
function bounded({ now }: Turn, job: Job): Job {
  if (job.run === null) return job;
  const { horizon, horizonMs, leaseUntil } = job.run;
  const latest = now + horizonMs;
  if (horizon <= latest + horizonMs) return job;
  return { ...job, run: { ...job.run, horizon: latest, leaseUntil: Math.min(leaseUntil, latest + CLOCK_MARGIN_MS) } };
}

/** A run whose lease is over has died: somebody else may begin. The caller stores it with what comes next. */
function withoutDeadRun(turn: Turn, job: Job): Job {
  if (job.run === null || job.run.leaseUntil > turn.now) return job;
  if (job.run.givenUp) return { ...job, run: null };
  return remember(turn, job, endedAs(job.run, { end: "died", endedAt: job.run.leaseUntil }));
}

/** What is known about this occurrence without asking who runs now; `null`: it may have to be run. */
function whatIsSettled(job: Job, call: Hashed<BeginRun>): RunAnswer | null {
  const before = job.ended.find(({ occurrence }) => occurrence === call.occurrence);
  if (before !== undefined) {
    const isForGood = before.end === "completed" || before.end === "skipped" || !before.retry || !call.retry;
    // A call that arrives after the end of its own run begins nothing: nobody would do the work.
    if (isForGood) return over(before);
    if (before.hash === call.hash) return before.end === "died" ? { type: "lost" } : over(before);
  }
  const isRunning = job.run?.occurrence === call.occurrence && job.run.givenUp === undefined;
  if (before === undefined && !isRunning && isForgotten(job, call.occurrence)) return { type: "too_old" };
  return call.missed !== "run" && !isRunning && isEarlier(call.occurrence, job.latest) ? { type: "missed" } : null;
}

const isForgotten = ({ forgotten }: Job, occurrence: string): boolean =>
  forgotten !== null && compareOccurrences(occurrence, forgotten) <= 0;

const isEarlier = (occurrence: string, latest: string | null): boolean =>
  latest !== null && compareOccurrences(occurrence, latest) < 0;

const over = ({ hash: _, retry: __, ...ended }: Occurrence): RunAnswer => ({ type: "over", ...ended });

const isToBeSkipped = (present: Run, { missed, occurrence }: Hashed<BeginRun>): boolean =>
  missed === "skip" && present.occurrence !== occurrence;

/** Another run has the lease. */
function meet(turn: Turn, job: Job, present: Run, call: Hashed<BeginRun>): RunAnswer {
  const { occurrence, by, leaseUntil } = present;
  if (!isToBeSkipped(present, call)) return { type: "busy", occurrence, by, remainingMs: leaseUntil - turn.now };
  const times = { startedAt: turn.now, endedAt: turn.now };
  const skipped: Occurrence = {
    ...{ occurrence: call.occurrence, hash: call.hash, by: call.by, retry: false, end: "skipped" },
    ...times,
  };
  turn.putJob(remember(turn, { ...job, latest: laterOf(job.latest, call.occurrence) }, skipped, present));
  return over(skipped);
}

function whyFull(turn: Turn, access: Access, job: string): string | null {
  const { jobs, policy } = turn.state;
  if (isInDebt(turn, access)) return IN_DEBT;
  if (job.length > policy.limits.nameLength)
    return `the name of the job is longer than ${policy.limits.nameLength} characters`;
  return jobs.has(job) || jobs.size < policy.limits.jobs
    ? null
    : `this group has ${policy.limits.jobs} jobs: use another group, or raise limits.jobs`;
}

/** Longer leases help nobody, since they are renewed, and a clean-up holds all elections off for the longest of them. */
const LONGEST_LEASE_MS = 60_000;

const leaseWanted = ({ state }: Turn, { leaseMs }: BeginRun): number =>
  Math.min(leaseMs, Math.max(LONGEST_LEASE_MS, state.policy.lease.durationMs));

function start(turn: Turn, job: Job, call: Hashed<BeginRun>): RunAnswer {
  const { occurrence, hash, by, retry } = call;
  const leaseMs = leaseWanted(turn, call);
  const epoch = turn.freshEpoch();
  // The group's own row says that it has given out epochs. Later ones are in the job's row alone.
  if (turn.state.epoch === 0) turn.change({ epoch });
  const present: Run = {
    occurrence,
    hash,
    by,
    leaderSessionId: turn.freshId(),
    epoch,
    startedAt: turn.now,
    retry,
    leaseMs,
    leaseUntil: turn.now + leaseMs,
    horizon: turn.now + leaseMs,
    horizonMs: leaseMs,
  };
  const ended = job.ended.filter((other) => other.occurrence !== occurrence);
  const latest = laterOf(job.latest, occurrence);
  turn.putJob(forget(turn, { ...job, ended, latest, epoch, run: present }));
  return yours(present);
}

const yours = ({ leaderSessionId, epoch, leaseMs }: Run): RunAnswer => ({
  type: "yours",
  leaderSessionId,
  epoch,
  lease: leaseFor(leaseMs),
});

// Renew and end

/** Even after its lease, unless somebody else has begun: nobody was promised anything in between. */
function renew(turn: Turn, { job: name, hash }: Hashed<RenewRun>): RunAnswer {
  const job = turn.state.jobs.get(name);
  return job?.run?.hash === hash ? extended(turn, bounded(turn, job)) : { type: "lost" };
}

/**
 * The first lease is stored as it is, so that a short run that dies is followed at once, by whichever object; from the first
 * renewal on the horizon is written ahead. A replaced object may still promise what is below it, so no renewal shortens (S3).
 * `wantedMs`: a longer lease, which a caller asks for whose path is slow.
 */
function extended(turn: Turn, job: Job, wantedMs = 0): RunAnswer {
  if (job.run === null || job.run.givenUp) return { type: "lost" };
  const present = { ...job.run, leaseMs: Math.max(job.run.leaseMs, wantedMs) };
  const { leaseMs, horizon, horizonMs } = present;
  const promised = turn.now + leaseMs;
  const leaseUntil = Math.max(promised, present.leaseUntil);
  const aheadMs = leaseMs + turn.state.policy.horizonAheadMs;
  const isAhead = promised <= horizon && horizon <= turn.now + horizonMs;
  const next = isAhead
    ? { ...present, leaseUntil }
    : { ...present, leaseUntil, horizon: turn.now + aheadMs, horizonMs: Math.max(horizonMs, aheadMs) };
  turn.putJob({ ...job, run: next });
  return yours(next);
}

/** The end counts while nobody else has begun the occurrence, also after the lease, and also if it was taken for dead. */
function end(turn: Turn, call: Hashed<EndRun>): RunAnswer {
  const job = turn.state.jobs.get(call.job);
  if (job === undefined) return { type: "lost" };
  const { hash, end: how, outcome } = call;
  const told = { end: how, endedAt: turn.now, ...(outcome !== undefined && { outcome }) };
  if (job.run?.hash === hash) {
    if (job.run.givenUp) return { type: "lost" };
    const ended = endedAs(job.run, told);
    turn.putJob(remember(turn, job, ended));
    return over(ended);
  }
  const before = job.ended.find((one) => one.hash === hash);
  if (before === undefined) return { type: "lost" };
  if (before.end !== "died") return over(before);
  const { outcome: _, ...rest } = before;
  const ended: Occurrence = { ...rest, ...told };
  turn.putJob({ ...job, ended: job.ended.map((one) => (one === before ? ended : one)) });
  return over(ended);
}

// What a job remembers

const endedAs = (
  { occurrence, hash, by, startedAt, retry }: Run,
  how: Omit<EndedRun, "occurrence" | "by" | "startedAt">,
) => ({
  ...{ occurrence, hash, by, startedAt, retry },
  ...how,
});

/** With this occurrence in its place, and `next` as its run. */
function remember(turn: Turn, job: Job, ended: Occurrence, next: Run | null = null): Job {
  const others = job.ended.filter(({ occurrence }) => occurrence !== ended.occurrence);
  const sorted = [...others, ended].sort((left, right) => compareOccurrences(left.occurrence, right.occurrence));
  return forget(turn, { ...job, run: next, ended: sorted });
}

/** The earliest ones go, by number and by age, and the job knows up to where: they are refused from now on (J4). */
function forget({ now, state }: Turn, job: Job): Job {
  const { occurrences, occurrenceMs } = state.policy.limits;
  const room = occurrences - (job.run === null ? 0 : 1);
  let gone = Math.max(0, job.ended.length - room);
  while (gone < job.ended.length && (job.ended[gone]?.endedAt ?? now) < now - occurrenceMs) gone += 1;
  if (gone === 0) return job;
  const last = job.ended[gone - 1]?.occurrence ?? null;
  return { ...job, ended: job.ended.slice(gone), forgotten: laterOf(job.forgotten, last) };
}

/**
 * For a clean-up and a restore: no run goes on, and nothing is granted before all of them are over. Only up to where
 * occurrences have begun is kept: none of them runs again.
 */
export function endJobs(turn: Turn): void {
  for (const known of turn.state.jobs.values()) {
    const job = bounded(turn, known);
    if (job.run !== null) holdOffFor(turn, job.run);
    turn.putJob({ ...forgetful(job), run: null });
  }
}

const forgetful = (job: Job): Job => ({ ...job, ended: [], forgotten: laterOf(job.forgotten, job.latest) });

/** As `endJobs`, for one job, by an operator. Its run keeps the job to itself until its lease is over, and counts no longer. */
export function forgetJob(
  turn: Turn,
  { request, job: name }: Extract<EventBody, { readonly type: "forget-job" }>,
): void {
  const known = turn.state.jobs.get(name);
  if (known === undefined) return turn.reply(request, { type: "no_job" });
  const job = withoutDeadRun(turn, bounded(turn, known));
  const after = forgetful({ ...job, run: job.run && { ...job.run, givenUp: true } });
  turn.putJob(after);
  turn.reply(request, {
    type: "job_forgotten",
    job: name,
    occurrences: job.ended.length,
    forgotten: after.forgotten,
    run: runStatus(job.run, turn.now),
  });
}

/** Whether a run of any job may still go on. */
export const isAnyRunning = ({ state, now }: Turn): boolean =>
  [...state.jobs.values()].some(({ run }) => run !== null && run.leaseUntil > now);
