/** Invocations that lead for as long as a function runs. */

import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { type Elections, electionsOf, type RunOptions, runIfLeader } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import { freshGroup, join, LEASE_MS, objectOf, serviceWith, statusOf, stopClock } from "../support.ts";

const local = electionsOf(env.ELECTIONS, { policy: () => ({ leaseMs: LEASE_MS }) });
const NIGHT_MS = 86_400_000;

const job = (group: string, more: Partial<RunOptions> = {}): RunOptions => ({ group, component: "nightly", ...more });

/** A function that runs until the test lets it go on. */
function longRun(): { readonly run: () => Promise<string>; readonly begun: Promise<void>; readonly end: () => void } {
  const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = async (): Promise<string> => {
    begun.resolve();
    await over.promise;
    return "done";
  };
  return { run, begun: begun.promise, end: over.resolve };
}

const reasons = async (group: string): Promise<unknown[]> =>
  (await local.history(group, 10)).map(({ reason, confirmed }) => [reason, confirmed.length]);

test("[PC3] [N3] it runs, reports that it has completed, and leaves nothing behind", async () => {
  const group = freshGroup();
  const result = await runIfLeader(local, job(group), (leadership) => {
    expect(leadership.isLeader()).toBe(true);
    expect(leadership.remainingMs()).toBeGreaterThan(0);
    expect(leadership.headers()["Edge-Election-Fence"]).toBe(
      `${group}/nightly/${leadership.epoch}/${leadership.leaderSessionId}`,
    );
    return leadership.epoch;
  });
  const [term] = await local.history(group, 1);
  expect(result).toEqual({ ran: true, value: term?.epoch });
  expect(term).toMatchObject({ election: "component:nightly", confirmed: [{ component: "nightly" }] });
  expect(await statusOf(group)).toMatchObject({ sessions: 0, elections: [] });
});

test("[PC3] either binding will do: that of the groups, and that of a service", async () => {
  const service = serviceWith();
  for (const binding of [env.ELECTIONS, service]) {
    const group = freshGroup();
    expect(await runIfLeader(binding, job(group), () => "done")).toEqual({ ran: true, value: "done" });
    expect(await statusOf(group)).toMatchObject({ sessions: 0 });
  }
});

test("[PC3] [S2] exactly one of many simultaneous invocations runs, and the others return at once, out of the queue", async () => {
  const group = freshGroup();
  const { run, begun, end } = longRun();
  const process = { name: "first" };
  const leading = runIfLeader(local, job(group, { process }), run);
  await begun;
  let others = 0;
  const results = await Promise.all(
    Array.from({ length: 8 }, () => runIfLeader(local, job(group), () => (others += 1))),
  );
  for (const result of results)
    expect(result).toMatchObject({ ran: false, reason: "led", leader: { process: "first" } });
  expect(await statusOf(group)).toMatchObject({ sessions: 1 });
  end();
  expect(await leading).toEqual({ ran: true, value: "done" });
  expect(others).toBe(0);
});

test("[PC3] [S2] started together, one runs at a time, and none is lost in between", async () => {
  const group = freshGroup();
  let [running, most, runs] = [0, 0, 0];
  const invocation = () =>
    runIfLeader(local, job(group), async () => {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      await local.status(group);
      running -= 1;
    });
  await Promise.all(Array.from({ length: 10 }, invocation));
  expect(most).toBe(1);
  expect(runs).toBeGreaterThan(0);
  expect(await statusOf(group)).toMatchObject({ sessions: 0 });
});

test("[PC4] a nightly job that is triggered in many places, at slightly different times, runs once", async () => {
  const group = freshGroup();
  const pass = stopClock();
  let runs = 0;
  for (let night = 1; night <= 3; night += 1) {
    const since = Date.now();
    const trigger = () => runIfLeader(local, job(group, { since }), async () => (runs += 1));
    pass(1_000);
    await Promise.all([trigger(), trigger(), trigger()]);
    pass(30_000);
    expect(await trigger()).toEqual({ ran: false, reason: "done" });
    expect(runs).toBe(night);
    pass(NIGHT_MS - 31_000);
  }
});

test("[PC4] a run that threw counts as none: the next trigger runs it again, and its own caller has the error", async () => {
  const group = freshGroup();
  const since = Date.now() - 1;
  const failing = runIfLeader(local, job(group, { since }), () => Promise.reject(new Error("no disk")));
  await expect(failing).rejects.toThrow("no disk");
  expect(await reasons(group)).toEqual([["closed", 0]]);
  expect(await runIfLeader(local, job(group, { since }), () => "again")).toEqual({ ran: true, value: "again" });
  expect(await runIfLeader(local, job(group, { since }), () => "thrice")).toEqual({ ran: false, reason: "done" });
});

test("[PC6] the function is not called where the lead was lost before that", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const slow: Elections = {
    ...local,
    history: async (...question) => {
      pass(LEASE_MS * 0.8);
      return local.history(...question);
    },
  };
  let runs = 0;
  const running = runIfLeader(slow, job(group, { since: Date.now() }), () => (runs += 1));
  await expect(running).rejects.toMatchObject({ code: "leadership_lost", reason: "expired" });
  expect(runs).toBe(0);
  expect(await statusOf(group)).toMatchObject({ sessions: 0 });
});

test("[PC5] [E3] a final refusal says so, and nothing runs", async () => {
  const onlooker = electionsOf(env.ELECTIONS, { access: { role: "observe" } });
  const running = runIfLeader(onlooker, job(freshGroup()), () => 1);
  await expect(running).rejects.toMatchObject({ code: "forbidden", retryable: false });
});

test("[PC5] [E3] a group that a binding may not enter is a refusal that is final", async () => {
  const service = serviceWith({ groups: ["other"] });
  const running = runIfLeader(service, job(freshGroup()), () => 1);
  await expect(running).rejects.toMatchObject({ code: "forbidden", retryable: false });
});

test("[PC5] [E3] a component of another kind of election may become free: its refusal can be retried", async () => {
  const group = freshGroup();
  await join(group, { contenders: [{ component: "nightly" }] });
  const running = runIfLeader(local, job(group), () => 1);
  await expect(running).rejects.toMatchObject({ code: "election_mismatch", retryable: true });
});

const one = (): number => 1;

test.each([
  [[undefined, job("g"), one], "elections must be a binding"],
  [[null, job("g"), one], "elections must be a binding"],
  [[local, null, one], "options must be an object"],
  [[local, { group: "g", component: "c", sinceMs: 1 }, one], "sinceMs is unknown: the options are group, component, "],
  [[local, job("g"), undefined], "run must be a function"],
  [[local, job("g"), "report"], "run must be a function"],
  [[local, job("g", { since: wrong(null) }), one], "since must be"],
])("[E2] wrong arguments are refused before anything is asked: %j", async (given, message) => {
  const [elections, options, run] = given.map(wrong);
  const refused = runIfLeader(wrong(elections), wrong(options), wrong(run));
  await expect(refused).rejects.toThrow(TypeError);
  await expect(refused).rejects.toThrow(message);
});

test("[S4] it renews by itself while the function runs, longer than the lease", async () => {
  const group = freshGroup();
  const { client } = await join(group, { contenders: [{ component: "nightly", election: "dedicated" }] });
  client.send({ type: "deregister", component: "nightly" });
  await client.settle();
  const result = await runIfLeader(local, job(group), async (leadership) => {
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS * 1.5));
    return leadership.isLeader();
  });
  expect(result).toEqual({ ran: true, value: true });
});

test("[PC3] [PC4] [C6] an operator's revoke aborts the signal, waits for the function, and the run does not count", async () => {
  const group = freshGroup();
  const seen: unknown[] = [];
  const begun = Promise.withResolvers<void>();
  const running = runIfLeader(local, job(group), async ({ signal, isLeader }) => {
    begun.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    seen.push(isLeader(), (await statusOf(group)).elections[0]?.state);
    return "too late";
  });
  await begun.promise;
  const revoked = local.revoke(group, "component:nightly");
  await expect(running).rejects.toMatchObject({ code: "leadership_lost", reason: "revoked" });
  expect(seen).toEqual([false, "revoking"]);
  expect(await revoked).toMatchObject({ type: "revoked", to: null });
  expect(await statusOf(group)).toMatchObject({ sessions: 0 });
  expect((await local.history(group, 1))[0]?.confirmed).toEqual([]);
});

test("[S6] where the group can't be reached the signal aborts when the lease is over, on the run's own clock", async () => {
  const group = freshGroup();
  let isDown = false;
  const unplugged =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    (...args: Args): Promise<T> =>
      isDown ? Promise.reject(new Error("unplugged")) : call(...args);
  const cut: Elections = {
    ...local,
    campaign: unplugged(local.campaign),
    renew: unplugged(local.renew),
    confirm: unplugged(local.confirm),
    release: unplugged(local.release),
  };
  const begun = Date.now();
  const running = runIfLeader(cut, job(group), async ({ signal }) => {
    isDown = true;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return Date.now() - begun;
  });
  await expect(running).rejects.toMatchObject({ code: "leadership_lost", reason: "expired" });
  const took = Date.now() - begun;
  expect(took).toBeGreaterThanOrEqual(LEASE_MS * 0.8);
  // Nothing was reported to the group: there the term ends with its lease.
  await expect.poll(() => reasons(group)).toEqual([["expired", 0]]);
});

test("[E3] a group that can't be asked at all is an error that can be retried, and nothing runs", async () => {
  const dead: Elections = { ...local, campaign: () => Promise.reject(new Error("unplugged")) };
  let runs = 0;
  const running = runIfLeader(dead, job(freshGroup()), () => (runs += 1));
  await expect(running).rejects.toMatchObject({
    code: "unavailable",
    retryable: true,
    cause: { message: "unplugged" },
  });
  expect(runs).toBe(0);
});

const noMethod = (name: string) => () =>
  Promise.reject(new TypeError(`The RPC receiver does not implement the method "${name}".`));

/** The groups of another version. */
const objectsWithout = (method: string): typeof env.ELECTIONS => {
  const stubOf = (group: string) =>
    new Proxy(objectOf(group), {
      get: (stub, name) => (name === method ? noMethod(method) : (...all: never[]) => Reflect.get(stub, name)(...all)),
    });
  const namespace = { idFromName: (group: string) => group, get: stubOf, getByName: stubOf };
  return namespace as unknown as typeof env.ELECTIONS;
};

test.each(["poll", "history"])(
  "[V1] [E3] an object of an older version, without %s: an error that can be retried, and nothing runs",
  async (method) => {
    const group = freshGroup();
    let runs = 0;
    const running = runIfLeader(objectsWithout(method), { ...job(group), since: 1 }, () => (runs += 1));
    await expect(running).rejects.toMatchObject({ name: "ElectionError", code: "other_interface", retryable: true });
    expect(runs).toBe(0);
  },
);

test("[E3] a look-up that fails is an error that can be retried", async () => {
  const dead: Elections = { ...local, history: () => Promise.reject(new Error("unplugged")) };
  const running = runIfLeader(dead, { ...job(freshGroup()), since: 1 }, () => undefined);
  await expect(running).rejects.toMatchObject({ name: "ElectionError", code: "unavailable", retryable: true });
});

test("[T2] [PC3] who leads is in the answer to the one call that it takes, and nothing is left", async () => {
  const group = freshGroup();
  await local.campaign(group, {
    contenders: [{ component: "nightly", election: "dedicated" }],
    process: { name: "other" },
    sentAt: 1,
  });
  const calls: string[] = [];
  const counting: Elections = {
    ...local,
    campaign: (...all) => {
      calls.push("campaign");
      return local.campaign(...all);
    },
    release: (...all) => {
      calls.push("release");
      return local.release(...all);
    },
  };
  const result = await runIfLeader(counting, job(group), () => "never");
  expect(result).toMatchObject({ ran: false, reason: "led", leader: { process: "other" } });
  expect(calls).toEqual(["campaign"]);
  expect(await local.status(group)).toMatchObject({ sessions: 1, elections: [{ waiting: 0 }] });
});

test("[T5] [PC3] a group that knows no tries is left by a call of its own", async () => {
  const group = freshGroup();
  await local.campaign(group, { contenders: [{ component: "nightly", election: "dedicated" }], sentAt: 1 });
  const older: Elections = { ...local, campaign: (name, { try: _, ...known }) => local.campaign(name, known) };
  expect(await runIfLeader(older, job(group), () => "never")).toEqual({ ran: false, reason: "led", leader: null });
  expect(await local.status(group)).toMatchObject({ sessions: 1, elections: [{ waiting: 0 }] });
});

test("[K7] check asks the group while the function runs, once for all that wait, and keeps the lead", async () => {
  const group = freshGroup();
  let calls = 0;
  const counting: Elections = {
    ...local,
    campaign: (...all) => {
      calls += 1;
      return local.campaign(...all);
    },
  };
  const result = await runIfLeader(counting, job(group), async ({ check }) => {
    const before = calls;
    const answers = await Promise.all([check(), check(), check()]);
    return { answers, calls: calls - before };
  });
  expect(result).toEqual({ ran: true, value: { answers: [true, true, true], calls: 1 } });
});

test("[K7] [S6] a clock that stands still while the function computes says that it leads; check does not", async () => {
  const group = freshGroup();
  const pass = stopClock();
  let computedMs = 0;
  const atNextCall: Elections = {
    ...local,
    campaign: (...all) => {
      pass(computedMs);
      return local.campaign(...all);
    },
  };
  const seen: boolean[] = [];
  const running = runIfLeader(atNextCall, job(group), async ({ isLeader, check }) => {
    computedMs = LEASE_MS;
    seen.push(isLeader(), await check(), isLeader());
  });
  await expect(running).rejects.toMatchObject({ code: "leadership_lost", reason: "expired" });
  expect(seen).toEqual([true, false, false]);
});

test("[S2] it works in one queue with sockets, through a service binding", async () => {
  const group = freshGroup();
  const contenders = [{ component: "nightly", election: "dedicated" }] as const;
  const { client } = await join(group, { contenders });
  const { leaderSessionId, epoch } = await client.win();
  const bound = exports.ElectionsEntrypoint;
  expect(await runIfLeader(bound, job(group), () => 1)).toMatchObject({ ran: false, leader: { epoch } });
  client.send({ type: "resign", leaderSessionId });
  client.send({ type: "bye" });
  await client.closed;
  const after = await runIfLeader(bound, job(group), (leadership) => leadership.epoch);
  expect(after.ran && after.value).toBeGreaterThan(epoch);
  expect(await objectOf(group).history({ limit: 5 })).toHaveLength(2);
});

test.each([
  [{ component: "" }, "components[0] must be"],
  [{ group: "a b" }, "group must be"],
  [{ since: Number.NaN }, "since must be"],
  [{ process: { name: "x".repeat(200) } }, "process.name must be"],
])("[E2] wrong options are refused before anything is asked: %j", async (options, message) => {
  await expect(runIfLeader(local, job(freshGroup(), options), () => 1)).rejects.toThrow(message);
});
