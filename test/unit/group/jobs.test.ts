/** J: jobs that run once for each occurrence, at the group. */
import { expect, test } from "vitest";
import type { BeginRun, EndRun, RunAnswer, RunCall } from "../../../shared/protocol/runs.ts";
import { Backend } from "../../../testing/group/backend.ts";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import type { RowChange } from "../../../worker/group/rows.ts";
import type { Access } from "../../../worker/group/state.ts";
import { groupStatus } from "../../../worker/group/views.ts";

const LEASE_MS = 2_000;
const AHEAD_MS = 30_000;
const SIGMA_MS = 1_000;

/** A group with its time, and the calls of whoever runs its jobs. */
class JobWorld {
  now = 1_800_000_000_000;
  readonly backend: Backend;
  readonly rows: RowChange[] = [];

  constructor(policy: PolicyOptions = {}) {
    this.backend = new Backend(policy, () => this.now);
    const turned = this.backend.turned.bind(this.backend);
    this.backend.turned = (incarnation, turn) => {
      this.rows.push(...turn.rows);
      turned(incarnation, turn);
    };
  }

  async ask(call: RunCall): Promise<RunAnswer> {
    const outcome = await this.backend.run(call);
    if (outcome?.type === "run") return outcome.answer;
    throw new Error(JSON.stringify(outcome));
  }

  begin(run: string, occurrence: string, more: Partial<BeginRun> = {}): Promise<RunAnswer> {
    const asked = { by: run, leaseMs: LEASE_MS, retry: true, missed: "run" } as const;
    return this.ask({ type: "begin", job: "nightly", run, occurrence, ...asked, ...more });
  }

  renew(run: string): Promise<RunAnswer> {
    return this.ask({ type: "renew", job: "nightly", run });
  }

  end(run: string, more: Partial<EndRun> = {}): Promise<RunAnswer> {
    return this.ask({ type: "end", job: "nightly", run, end: "completed", ...more });
  }

  async runThrough(run: string, occurrence: string): Promise<void> {
    expect(await this.begin(run, occurrence)).toMatchObject({ type: "yours" });
    expect(await this.end(run)).toMatchObject({ type: "over", end: "completed" });
  }
}

test("[J1] a completed occurrence never begins again, whoever asks and whenever, and all are told what it left", async () => {
  const world = new JobWorld();
  await world.begin("a", "2026-11-29");
  const ended = await world.end("a", { outcome: '"sent"' });
  expect(ended).toMatchObject({ type: "over", end: "completed", by: "a", outcome: '"sent"' });
  world.now += 3_600_000;
  expect(await world.begin("b", "2026-11-29")).toEqual(ended);
  world.backend.restart();
  expect(await world.begin("c", "2026-11-29", { retry: false })).toEqual(ended);
  expect(await world.end("c")).toEqual({ type: "lost" });
  expect(await world.end("a", { outcome: '"again"' })).toEqual(ended);
});

test("[J2] [S3] a run is stored before it is told of: a group that was replaced meanwhile runs it nowhere else", async () => {
  const world = new JobWorld();
  const first = await world.begin("a", "1");
  expect(first).toMatchObject({ type: "yours", lease: { durationMs: LEASE_MS, renewDeadlineMs: 1_600 } });
  world.backend.replace();
  expect(await world.begin("b", "1")).toMatchObject({ type: "busy", occurrence: "1", by: "a" });
  world.backend.restart();
  world.now += LEASE_MS + SIGMA_MS - 1;
  expect(await world.begin("b", "1")).toMatchObject({ type: "busy", remainingMs: 1 });
  world.now += 1;
  expect(await world.begin("b", "1")).toMatchObject({ type: "yours" });
});

test("[J2] a call that is repeated, or late, is the same run: it begins nothing, and ends nothing of another", async () => {
  const world = new JobWorld();
  const first = await world.begin("a", "1");
  expect(await world.begin("a", "1")).toEqual(first);
  await world.end("a", { end: "failed", outcome: "no disk" });
  expect(await world.begin("a", "1")).toMatchObject({ type: "over", end: "failed", outcome: "no disk" });
  expect(await world.begin("b", "1")).toMatchObject({ type: "yours" });
  expect(await world.begin("a", "1")).toMatchObject({ type: "busy", by: "b" });
  expect(await world.end("a")).toEqual({ type: "lost" });
  expect(await world.renew("a")).toEqual({ type: "lost" });
  expect(await world.end("b")).toMatchObject({ end: "completed", by: "b" });
});

test("[J3] [S2] runs of one job never overlap, nor do those of two occurrences: whoever comes next waits out the lease", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  world.now += LEASE_MS / 2;
  await world.renew("a");
  world.now += LEASE_MS - 1;
  for (const occurrence of ["1", "2"])
    expect(await world.begin("b", occurrence)).toEqual({ type: "busy", occurrence: "1", by: "a", remainingMs: 1 });
  expect(await world.ask({ ...begun("c", "1"), job: "other" })).toMatchObject({ type: "yours" });
  world.now += 1;
  const next = await world.begin("b", "2");
  expect(next).toMatchObject({ type: "yours" });
  expect(await world.renew("a")).toEqual({ type: "lost" });
});

const begun = (run: string, occurrence: string): BeginRun => ({
  ...{ type: "begin", job: "nightly", run, occurrence, by: run, leaseMs: LEASE_MS, retry: true, missed: "run" },
});

test("[J3] once it renews, its horizon is ahead: a group that has forgotten the lease waits that out", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  world.now += 1;
  await world.renew("a");
  const rows = world.rows.length;
  world.now += AHEAD_MS;
  await world.renew("a");
  expect(world.rows).toHaveLength(rows);
  world.backend.restart();
  world.now += LEASE_MS;
  expect(await world.begin("b", "1")).toMatchObject({ type: "busy" });
  expect(await world.end("a")).toMatchObject({ end: "completed" });
});

test("[J3] without retry an occurrence begins once: one that died or failed stays as it is", async () => {
  const world = new JobWorld();
  await world.begin("a", "1", { retry: false });
  world.now += LEASE_MS;
  expect(await world.begin("b", "1")).toMatchObject({ type: "over", end: "died", by: "a" });
  await world.begin("c", "2");
  await world.end("c", { end: "failed" });
  expect(await world.begin("b", "2", { retry: false })).toMatchObject({ type: "over", end: "failed" });
  expect(await world.begin("b", "2")).toMatchObject({ type: "yours" });
});

test("[J2] [J3] a death that was told of is stored: no restart forgets it, and the run is over", async () => {
  const world = new JobWorld();
  await world.begin("a", "1", { retry: false });
  world.rows.length = 0;
  world.now += LEASE_MS;
  const died = await world.begin("b", "1");
  expect(died).toMatchObject({ type: "over", end: "died", by: "a" });
  expect(world.rows).toHaveLength(1);
  world.backend.restart();
  expect(await world.begin("c", "1")).toEqual(died);
  expect(await world.renew("a")).toEqual({ type: "lost" });
  expect(world.rows).toHaveLength(1);
});

test("[J7] whoever asks again for its own run, with a longer lease, gets that: the path was too slow for the first", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  expect(await world.begin("a", "1", { leaseMs: 8_000 })).toMatchObject({
    type: "yours",
    lease: { durationMs: 8_000 },
  });
  expect(await world.begin("a", "1")).toMatchObject({ type: "yours", lease: { durationMs: 8_000 } });
  expect(await world.renew("a")).toMatchObject({ lease: { durationMs: 8_000 } });
  expect(await world.begin("b", "1")).toMatchObject({ type: "busy", remainingMs: 8_000 });
  world.backend.replace();
  expect(await world.begin("a", "1", { leaseMs: 86_400_000 })).toMatchObject({ lease: { durationMs: 60_000 } });
});

test("[J3] the end of a run that was taken for dead counts, unless the occurrence has begun again", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  world.now += 10 * LEASE_MS;
  await world.begin("b", "2");
  expect(await world.end("a")).toMatchObject({ type: "over", end: "completed", by: "a" });
  expect(await world.begin("c", "1")).toMatchObject({ type: "over", end: "completed", by: "a" });
  world.now += 10 * LEASE_MS;
  await world.begin("c", "2");
  expect(await world.end("b")).toEqual({ type: "lost" });
});

test("[J4] what was forgotten is too old, by number and by age, and never runs again", async () => {
  const world = new JobWorld({ limits: { occurrences: 2, occurrenceMs: 60_000 } });
  for (const [index, occurrence] of ["9", "10", "11"].entries()) await world.runThrough(`r${index}`, occurrence);
  expect(await world.begin("late", "9")).toEqual({ type: "too_old" });
  expect(await world.begin("late", "8")).toEqual({ type: "too_old" });
  expect(await world.begin("late", "10")).toMatchObject({ end: "completed", by: "r1" });
  world.now += 60_001;
  await world.runThrough("r3", "12");
  expect(await world.begin("late", "11")).toEqual({ type: "too_old" });
});

test("[J4] [S20] a clean-up forgets what occurrences have left, and runs none of them again; time alone deletes no job", async () => {
  const world = new JobWorld({ idleTtlMs: 100_000 });
  await world.runThrough("a", "1");
  await world.begin("b", "2");
  await world.backend.ask((request) => ({ type: "cleanup", request, force: false }));
  expect(await world.end("b")).toEqual({ type: "lost" });
  for (const occurrence of ["1", "2"]) expect(await world.begin("c", occurrence)).toEqual({ type: "too_old" });
  expect(await world.begin("c", "3")).toMatchObject({ type: "busy", remainingMs: LEASE_MS + SIGMA_MS });
  world.now += LEASE_MS + SIGMA_MS;
  expect(await world.begin("c", "3")).toMatchObject({ type: "yours" });
  expect(await world.backend.ask((request) => ({ type: "purge", request }))).toMatchObject({ type: "in_use" });
  world.now += 10_000_000;
  world.backend.look();
  expect(world.backend.storage.load().jobs).toHaveLength(1);
  expect(await world.begin("d", "1")).toEqual({ type: "too_old" });
});

test("[J5] missed: latest runs nothing once a later one has begun; skip also nothing beside another run, for good", async () => {
  const world = new JobWorld();
  await world.begin("a", "2");
  expect(await world.begin("b", "1", { missed: "latest" })).toEqual({ type: "missed" });
  expect(await world.begin("c", "3", { missed: "latest" })).toMatchObject({ type: "busy" });
  expect(await world.begin("c", "3", { missed: "skip" })).toMatchObject({ type: "over", end: "skipped", by: "c" });
  expect(await world.begin("d", "2", { missed: "skip" })).toMatchObject({ type: "busy" });
  await world.end("a");
  expect(await world.begin("e", "3")).toMatchObject({ type: "over", end: "skipped" });
  expect(await world.begin("f", "1")).toMatchObject({ type: "yours" });
});

test("[J6] an occurrence costs two rows, and the first of a group one more for its epochs", async () => {
  const world = new JobWorld();
  await world.runThrough("a", "1");
  expect(world.rows.map(({ table }) => table)).toEqual(
    ["job", "group", "job"].sort((one) => (one === "group" ? -1 : 1)),
  );
  world.rows.length = 0;
  for (let index = 2; index < 300; index += 1) await world.runThrough(`r${index}`, `${index}`);
  expect(world.rows).toHaveLength(2 * 298);
});

test("[J6] [E2] whoever may not run the job is refused, and so is one job too many: nothing has changed", async () => {
  const world = new JobWorld({ limits: { jobs: 1, nameLength: 16 } });
  const as = (access: Access, job = "nightly") =>
    world.backend.ask((request) => ({
      ...{ type: "run", request, access, call: { ...begun("a", "1"), job, hash: "h" } },
    }));
  expect(await as({ role: "observe" })).toMatchObject({ type: "refused", code: "forbidden" });
  expect(await as({ role: "contend", components: ["other"] })).toMatchObject({ type: "refused", code: "forbidden" });
  expect(await as({ role: "admin" }, "a-name-of-17-chars")).toMatchObject({ code: "limit_exceeded" });
  expect(world.rows).toEqual([]);
  expect(await as({ role: "contend", components: ["nightly"] })).toMatchObject({ type: "run" });
  expect(await as({ role: "admin" }, "second")).toMatchObject({ type: "refused", code: "limit_exceeded" });
});

test("[J2] an id that has had a run of another occurrence has no second one", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  await expect(world.begin("a", "2")).rejects.toThrow("was used for another occurrence");
  await world.end("a");
  await expect(world.begin("a", "2")).rejects.toThrow("make a fresh one");
});

test("[J6] a paused group begins no run, and those that run go on", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  world.backend.dispatch({ type: "pause", paused: true });
  expect(await world.renew("a")).toMatchObject({ type: "yours" });
  await world.end("a");
  expect(await world.begin("b", "2")).toMatchObject({ type: "busy" });
  world.backend.dispatch({ type: "pause", paused: false });
  expect(await world.begin("b", "2")).toMatchObject({ type: "yours" });
});

test("[S5] epochs of runs and of terms are one order, across restarts, whatever the clock says", async () => {
  const world = new JobWorld();
  const epochs: number[] = [];
  for (const occurrence of ["1", "2", "3"]) {
    const answer = await world.begin(`r${occurrence}`, occurrence);
    if (answer.type === "yours") epochs.push(answer.epoch);
    await world.end(`r${occurrence}`);
    world.backend.restart();
    world.now -= 500;
  }
  expect(epochs).toHaveLength(3);
  expect(epochs.toSorted((left, right) => left - right)).toEqual(epochs);
  expect(new Set(epochs).size).toBe(3);
});

test("[J3] a clock that was set back by far keeps no job from running", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  world.now -= 86_400_000;
  expect(await world.begin("b", "1")).toMatchObject({ type: "busy", remainingMs: LEASE_MS + SIGMA_MS });
});

test("[J3] after a clock that was set back a renewal promises no more than a lease, and a clean-up waits for no more", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  world.now -= 3_600_000;
  await world.renew("a");
  const asked = await world.begin("b", "1");
  expect(asked).toMatchObject({ type: "busy", remainingMs: LEASE_MS + SIGMA_MS });
  world.backend.dispatch({ type: "cleanup", request: "r", force: true });
  expect(world.backend.look().holdOffUntil - world.now).toBeLessThanOrEqual(LEASE_MS + AHEAD_MS + SIGMA_MS);
});

test("[J5] an attempt that has died before it was told of is lost: it may try anew, unless nobody may", async () => {
  const world = new JobWorld();
  await world.begin("a", "1");
  world.now += LEASE_MS;
  expect(await world.begin("a", "1")).toMatchObject({ type: "yours" }); // nobody else has begun
  world.now += LEASE_MS;
  await world.begin("b", "2");
  expect(await world.begin("a", "1")).toEqual({ type: "lost" });
  world.now += LEASE_MS;
  await world.begin("c", "3", { retry: false });
  world.now += LEASE_MS;
  expect(await world.begin("d", "3")).toMatchObject({ type: "over", end: "died", by: "c" });
});

test("[J3] a lease is a minute at most, or that of the group: nobody makes a clean-up hold off for a day", async () => {
  const world = new JobWorld();
  expect(await world.begin("a", "1", { leaseMs: 86_400_000 })).toMatchObject({ lease: { durationMs: 60_000 } });
  const patient = new JobWorld({ leaseMs: 120_000 });
  expect(await patient.begin("a", "1", { leaseMs: 86_400_000 })).toMatchObject({ lease: { durationMs: 120_000 } });
});

const forget = (world: JobWorld, job = "nightly") =>
  world.backend.ask((request) => ({ type: "forget-job", request, job }));

test("[J8] an operator mends one job: its run is given up, nothing begins before that may be over, and nothing runs again", async () => {
  const world = new JobWorld();
  await world.runThrough("a", "1");
  await world.begin("b", "2");
  world.now += 1;
  await world.renew("b");
  expect(await forget(world)).toMatchObject({
    ...{ type: "job_forgotten", job: "nightly", occurrences: 1, forgotten: "2" },
    run: { occurrence: "2", by: "b", remainingMs: LEASE_MS },
  });
  expect(await world.renew("b")).toEqual({ type: "lost" });
  expect(await world.end("b")).toEqual({ type: "lost" });
  for (const occurrence of ["1", "2"]) expect(await world.begin("c", occurrence)).toEqual({ type: "too_old" });
  expect(await world.begin("b", "2")).toEqual({ type: "too_old" });
  expect(await world.begin("c", "3")).toMatchObject({ type: "busy", remainingMs: LEASE_MS });
  expect(await world.ask({ ...begun("d", "1"), job: "other" })).toMatchObject({ type: "yours" });
  world.backend.restart();
  expect(await world.begin("c", "3")).toMatchObject({ type: "busy" });
  expect(await world.renew("b")).toEqual({ type: "lost" });
  world.now += LEASE_MS + AHEAD_MS + SIGMA_MS;
  expect(await world.begin("c", "3")).toMatchObject({ type: "yours" });
  expect(await world.begin("e", "2")).toEqual({ type: "too_old" });
});

test("[J8] a job that is forgotten while nothing runs goes on at once; a job that has never run is none", async () => {
  const world = new JobWorld();
  expect(await forget(world)).toEqual({ type: "no_job" });
  await world.runThrough("a", "1");
  world.rows.length = 0;
  expect(await forget(world)).toEqual({
    ...{ type: "job_forgotten", job: "nightly", occurrences: 1, forgotten: "1", run: null },
  });
  expect(world.rows).toHaveLength(1);
  expect(await world.begin("b", "1")).toEqual({ type: "too_old" });
  expect(await world.begin("b", "2")).toMatchObject({ type: "yours" });
});

test("[J8] the status has a job with its run and its last occurrence, and each is a fact", async () => {
  const world = new JobWorld();
  const facts: string[] = [];
  const turned = world.backend.turned;
  world.backend.turned = (incarnation, turn) => {
    for (const fact of turn.facts) facts.push(fact.type === "run_ended" ? `${fact.type} ${fact.end}` : fact.type);
    turned(incarnation, turn);
  };
  const jobs = () => groupStatus(world.backend.look(), { group: "g", deployment: "d" }, world.now, null).jobs;
  expect(jobs()).toEqual([]);
  await world.begin("a", "1");
  expect(jobs()).toMatchObject([{ job: "nightly", run: { occurrence: "1", by: "a" }, last: null }]);
  await world.end("a", { outcome: '"sent"' });
  const last = { occurrence: "1", end: "completed", by: "a", startedAt: world.now, endedAt: world.now };
  expect(jobs()).toEqual([{ job: "nightly", run: null, last }]);
  await world.begin("b", "2");
  world.now += LEASE_MS;
  expect(jobs()).toMatchObject([{ run: null, last: { occurrence: "2", end: "died", by: "b" } }]);
  await world.begin("c", "2");
  await forget(world);
  expect(jobs()).toMatchObject([{ job: "nightly", run: { occurrence: "2", by: "c" }, last: null }]);
  expect(facts).toEqual([
    ...["run_started", "run_ended completed", "run_started", "run_ended died", "run_started", "job_forgotten"],
  ]);
});
