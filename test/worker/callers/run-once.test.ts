/** Jobs that run once for each occurrence, through the real object: by RPC, and over HTTP with tokens. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { runOnce as runOnceByHttp } from "../../../client/index.ts";
import { JobCoordinator } from "../../../client/node/run-coordinator.ts";
import { type Elections, electionsOf, runOnce } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import { deployWith, SECRET, tokenFor } from "../http/identities.ts";
import { isTouched } from "../http/routes.ts";
import {
  ask,
  counted,
  errorOf,
  freshGroup,
  LEASE_MS,
  ORIGIN,
  objectOf,
  pathOf,
  rowsOf,
  serviceWith,
  stopClock,
} from "../support.ts";

const policy = () => ({ leaseMs: LEASE_MS });
const local = electionsOf(env.ELECTIONS, { policy });
const server = deployWith({ AUTH_SECRET: SECRET, FENCE_SECRET: "a secret of fence tokens, of its own" });
const fetcher = { fetch: async (url: string, init: RequestInit) => server(new Request(url, init)) };
const deployment = async (claims: Parameters<typeof tokenFor>[0] = { role: "contend" }) => ({
  ...{ url: ORIGIN, token: await tokenFor(claims), fetcher },
});

const ways: readonly (readonly [
  string,
  (group: string, occurrence: string, run: () => unknown) => Promise<unknown>,
])[] = [
  [
    "by the binding of the groups",
    (group, occurrence, run) => runOnce(local, { group, job: "nightly", occurrence, run }),
  ],
  ["by the entrypoint", (group, occurrence, run) => runOnce(serviceWith(), { group, job: "nightly", occurrence, run })],
  [
    "by an address",
    async (group, occurrence, run) => runOnce(await deployment(), { group, job: "nightly", occurrence, run }),
  ],
  [
    "by the client's function",
    async (group, occurrence, run) =>
      runOnceByHttp({ ...(await deployment()), group, job: "nightly", occurrence, run }),
  ],
];

test.each(ways)("[J1] [J5] %s: one of many runs it, and everybody is told what it left", async (_name, once) => {
  const group = freshGroup();
  let runs = 0;
  const work = async () => {
    runs += 1;
    await local.status(group);
    return { sent: 3 };
  };
  const results = await Promise.all(Array.from({ length: 6 }, () => once(group, "2026-11-29", work)));
  expect(runs).toBe(1);
  const others = results.filter((result) => (result as { ran: boolean }).ran === false);
  expect(others).toHaveLength(5);
  const [first] = others as { by: string; at: number }[];
  for (const other of others)
    expect(other).toEqual({ ran: false, reason: "completed", by: first?.by, at: first?.at, outcome: { sent: 3 } });
  expect(await once(group, "2026-11-29", work)).toMatchObject({
    ran: false,
    reason: "completed",
    outcome: { sent: 3 },
  });
  expect(await once(group, "2026-11-30", work)).toMatchObject({ ran: true, outcome: { sent: 3 } });
});

test("[J5] a time is one occurrence however it is given; the function gets the leadership, which a guard can ask about", async () => {
  const group = freshGroup();
  const at = 1_795_900_000_000;
  const result = await runOnce(local, {
    ...{ group, job: "nightly", occurrence: at, by: "me" },
    run: async (leadership) => {
      expect(leadership.isLeader()).toBe(true);
      const { component, leaderSessionId, epoch } = leadership;
      expect(leadership.headers()["Edge-Election-Fence"]).toBe(`${group}/nightly/${epoch}/${leaderSessionId}`);
      const question = { component, leaderSessionId, epoch };
      expect(await local.checkFence(group, question)).toMatchObject({ current: true });
      const { body } = await ask<{ token: string }>("POST", pathOf(group, "/fence/token"), {
        body: question,
        server,
        headers: { Authorization: `Bearer ${(await deployment()).token}` },
      });
      expect(body.token).toContain(".");
      expect(await leadership.check()).toBe(true);
      return question;
    },
  });
  expect(result).toMatchObject({ ran: true, by: "me" });
  if (result.ran) expect(await local.checkFence(group, result.outcome)).toMatchObject({ current: false });
  const again = await runOnce(local, { group, job: "nightly", occurrence: new Date(at), run: () => 1 });
  expect(again).toMatchObject({ ran: false, by: "me" });
});

test("[J6] an occurrence costs two rows, by the platform's count", async () => {
  const group = freshGroup();
  stopClock();
  const once = (occurrence: string) => runOnce(local, { group, job: "nightly", occurrence, run: () => "done" });
  await once("0");
  const { rowsWritten } = await counted(group, async () => {
    for (let occurrence = 1; occurrence <= 50; occurrence += 1) await once(`${occurrence}`);
  });
  expect(rowsWritten).toBe(100);
  expect((await rowsOf(group))["job"]).toHaveLength(1);
  expect((await local.job(group, "nightly"))?.ended[0]).toMatchObject({
    occurrence: "50",
    end: "completed",
    outcome: '"done"',
  });
});

test("[J1] [J4] the object is evicted between two calls, and the group cleaned up: what has run does not run again", async () => {
  const group = freshGroup();
  const once = (occurrence: string, run = () => 1) => runOnce(local, { group, job: "nightly", occurrence, run });
  await once("1");
  await evictDurableObject(objectOf(group));
  expect(await once("1")).toMatchObject({ ran: false, reason: "completed" });
  await objectOf(group).cleanup({ force: false });
  expect(await once("1")).toEqual({ ran: false, reason: "too_old", by: null, at: null, outcome: undefined });
  expect(await once("2")).toMatchObject({ ran: true });
});

test("[J5] a run that throws rejects with its error, and is run again, unless retry is false", async () => {
  const group = freshGroup();
  const failing = { group, job: "nightly", run: () => Promise.reject(new Error("no disk")) };
  await expect(runOnce(local, { ...failing, occurrence: "1" })).rejects.toThrow("no disk");
  expect(await runOnce(local, { ...failing, occurrence: "1", run: () => "ok" })).toMatchObject({ ran: true });
  await expect(runOnce(local, { ...failing, occurrence: "2", retry: false })).rejects.toThrow("no disk");
  const after = await runOnce(local, { ...failing, occurrence: "2", run: () => "ok" });
  expect(after).toMatchObject({ ran: false, reason: "failed", outcome: "no disk" });
});

test("[J5] what is too large to keep is said, and the occurrence is completed all the same", async () => {
  const group = freshGroup();
  const job = { group, job: "nightly", occurrence: "1" };
  await expect(runOnce(local, { ...job, run: () => "x".repeat(2_000) })).rejects.toThrow(
    "the occurrence is completed, but what run returned is 2002 characters of JSON, and 1024 are kept",
  );
  expect(await runOnce(local, { ...job, run: () => 1 })).toMatchObject({
    ran: false,
    reason: "completed",
    outcome: undefined,
  });
});

test("[J5] the signal of the caller ends the wait, and tells a function that runs", async () => {
  const group = freshGroup();
  const waiting = new AbortController();
  const job = { group, job: "nightly", occurrence: "1" };
  const release = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const running = runOnce(local, {
    ...job,
    run: async () => {
      begun.resolve();
      await release.promise;
    },
  });
  await begun.promise;
  const other = runOnce(local, { ...job, run: () => 1, signal: waiting.signal });
  waiting.abort(new Error("shutting down"));
  await expect(other).rejects.toThrow("shutting down");
  release.resolve();
  expect(await running).toMatchObject({ ran: true });
});

test("[J6] [E2] over HTTP a wrong role, another component, an over-long name and a huge outcome get a sentence, and change nothing", async () => {
  const group = freshGroup();
  const run = () => 1;
  const job = { group, job: "nightly", occurrence: "1", run };
  await expect(runOnceByHttp({ ...job, ...(await deployment({ role: "observe" })) })).rejects.toMatchObject({
    ...{ code: "forbidden", message: "this needs the role contend" },
  });
  const long = { ...(await deployment()), ...job, occurrence: "x".repeat(129) };
  await expect(runOnceByHttp(long)).rejects.toThrow("occurrence must be");
  await expect(runOnceByHttp({ ...(await deployment()), ...job, job: ".." })).rejects.toThrow("job must be");
  await expect(runOnceByHttp({ ...(await deployment()), ...job, leaseMs: 100 })).rejects.toThrow("leaseMs must be");
  await expect(runOnceByHttp({ ...(await deployment()), ...job, retries: 1 } as never)).rejects.toThrow(
    "retries is unknown",
  );
  const huge = { type: "end", run: "r".repeat(20), end: "completed", outcome: "x".repeat(1_025) };
  const headers = { Authorization: `Bearer ${(await deployment()).token}` };
  const refused = await ask("POST", pathOf(group, "/jobs/nightly"), { body: huge, server, headers });
  expect(errorOf(refused)).toMatchObject({
    status: 400,
    message: expect.stringContaining("outcome must be a string of 0-1024 characters; it is "),
  });
  const begin = { type: "begin", run: "r".repeat(20), by: "me", leaseMs: 10_000, retry: true, missed: "run" };
  const longOccurrence = await ask("POST", pathOf(group, "/jobs/nightly"), {
    ...{ body: { ...begin, occurrence: "x".repeat(129) }, server, headers },
  });
  expect(errorOf(longOccurrence)).toMatchObject({
    status: 400,
    message: expect.stringContaining("occurrence must be 1-128 visible characters"),
  });
  const longJob = await ask("POST", pathOf(group, `/jobs/${"j".repeat(129)}`), {
    ...{ body: { ...begin, occurrence: "1" }, server, headers },
  });
  expect(errorOf(longJob)).toMatchObject({ status: 400, message: expect.stringContaining("job must be") });
  expect(await isTouched(group)).toBe(false);
  const others = await deployment({ role: "contend", components: ["other"] });
  await expect(runOnceByHttp({ ...job, ...others })).rejects.toMatchObject({ code: "forbidden", retryable: false });
  expect(await rowsOf(group)).toEqual({});
  const looked = await ask("GET", pathOf(group, "/jobs/nightly"), { server, headers });
  expect(errorOf(looked)).toMatchObject({ status: 404, code: "no_job" });
});

test("[J5] a group that can't be asked is asked again, and a wrong binding is named", async () => {
  const group = freshGroup();
  let calls = 0;
  const flaky: Elections = {
    ...local,
    run: async (...all) => {
      calls += 1;
      const answer = await local.run(...all);
      if (calls % 2 === 1) throw new Error("Network connection lost.");
      return answer;
    },
  };
  let runs = 0;
  const result = await runOnce(flaky, { group, job: "nightly", occurrence: "1", run: () => (runs += 1) });
  expect(result).toMatchObject({ ran: true, outcome: 1 });
  expect(runs).toBe(1);
  await expect(runOnce(wrong({}), { group, job: "nightly", occurrence: "1", run: () => 1 })).rejects.toThrow(
    "elections must be",
  );
});

test("[J1] [J5] a coordinator of node-cron lets one process run a fire, and tells the others when that is over", async () => {
  const group = freshGroup();
  const options = { group, ...(await deployment()) };
  const [first, second] = ["first", "second"].map((by) => new JobCoordinator(options, () => by));
  if (first === undefined || second === undefined) throw new Error("two were made");
  const key = "nightly:2026-11-29T03:00:00.000Z";
  expect(await first.shouldRun(key, 30_000)).toBe(true);
  const other = second.shouldRun(key, 30_000);
  expect((await local.job(group, "nightly"))?.run).toMatchObject({ by: "first" });
  await first.onComplete(key);
  expect(await other).toBe(false);
  expect(await second.shouldRun(key, 30_000)).toBe(false);
  expect((await local.job(group, "nightly"))?.ended).toMatchObject([
    { occurrence: "2026-11-29T03:00:00.000Z", end: "completed", by: "first" },
  ]);
  await second.onComplete(key);
});

test("[J5] a coordinator of node-cron refuses what it can't run, by a sentence: node-cron then skips the fire", async () => {
  const group = freshGroup();
  const options = { group, ...(await deployment()) };
  const coordinator = new JobCoordinator(options, () => "me");
  const at = "2026-11-29T03:00:00.000Z";
  await expect(coordinator.shouldRun(`two words:${at}`, 30_000)).rejects.toThrow("job must be");
  await expect(coordinator.shouldRun(`nightly:${at}`, 1_000)).rejects.toThrow("leaseMs must be");
  await expect(coordinator.shouldRun("nightly", 30_000)).rejects.toThrow("key must be the name of a task");
  expect(await isTouched(group)).toBe(false);
  expect(() => new JobCoordinator(wrong({ ...options, retries: 1 }), () => "me")).toThrow("retries is unknown");
  expect(() => new JobCoordinator(wrong({ ...options, retry: 1 }), () => "me")).toThrow("retry must be");
});

test("[J8] [E2] an admin forgets a job over HTTP: the answer says what that has done, and others may not", async () => {
  const group = freshGroup();
  const once = (occurrence: string, run: () => unknown) => runOnce(local, { group, job: "nightly", occurrence, run });
  const forget = async (claims: Parameters<typeof tokenFor>[0], job = "nightly") => {
    const headers = { Authorization: `Bearer ${(await deployment(claims)).token}` };
    return ask("DELETE", pathOf(group, `/jobs/${job}`), { server, headers });
  };
  await once("1", () => 1);
  expect(errorOf(await forget({ role: "contend" }))).toMatchObject({
    status: 403,
    message: "this needs the role admin",
  });
  expect(await once("1", () => 1)).toMatchObject({ ran: false, reason: "completed" });
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const running = once("2", () => {
    begun.resolve();
    return release.promise;
  });
  await begun.promise;
  expect(await forget({ role: "admin" })).toMatchObject({
    ...{ status: 200, body: { job: "nightly", occurrences: 1, forgotten: "2", run: { occurrence: "2" } } },
  });
  release.resolve();
  await expect(running).rejects.toThrow("lost");
  expect(await once("2", () => 1)).toMatchObject({ ran: false, reason: "too_old" });
  expect(errorOf(await forget({ role: "admin" }, "other"))).toMatchObject({ status: 404, code: "no_job" });
});
