/** Code that leads without a socket, on virtual time: invocations, and objects that contend. */
import { expect, test } from "vitest";
import { createTestGroup, type TestGroup, type TestObject } from "../../../testing/index.ts";
import { DurableContender, type Elections, type Leadership, runIfLeader } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";

const LEASE_MS = 10_000;
const RENEW_DEADLINE_MS = 8_000;
const JOB = { group: "test", component: "nightly" };

/** A run that lasts until it is told to go on. */
function longRun() {
  const [begun, over] = [
    Promise.withResolvers<Omit<Leadership, "confirm" | "resign">>(),
    Promise.withResolvers<void>(),
  ];
  const run = async (leadership: Omit<Leadership, "confirm" | "resign">): Promise<string> => {
    begun.resolve(leadership);
    await over.promise;
    leadership.assertLeader();
    return "done";
  };
  return { run, begun: begun.promise, end: over.resolve };
}

/** What every object of these tests was told, by name: their own fields end with them. */
const told: string[] = [];

class Indexer {
  readonly ctx: DurableObjectState;
  readonly contender: DurableContender;

  constructor(ctx: DurableObjectState, env: { readonly ELECTIONS: Elections }) {
    this.ctx = ctx;
    const name = ctx.id.name ?? "";
    this.contender = new DurableContender(ctx, {
      elections: env.ELECTIONS,
      group: "test",
      components: ["x"],
      process: { name },
      onGrant: () => void told.push(`${name} leads`),
      onRevoke: (_, reason) => void told.push(`${name} stops: ${reason}`),
      onError: () => {},
    });
  }

  async alarm(): Promise<void> {
    await this.contender.alarm();
  }

  start(): Promise<void> {
    return this.contender.start();
  }

  close(): Promise<void> {
    return this.contender.close();
  }

  isLeader(): boolean {
    return this.contender.isLeader();
  }

  remainingMs(): number {
    return this.contender.leadership()?.remainingMs() ?? 0;
  }
}

/** Two objects, of which the first leads. */
async function twoObjects(group = createTestGroup()) {
  told.length = 0;
  const leader = group.durableObject(Indexer, { name: "leader" });
  const waiting = group.durableObject(Indexer, { name: "waiting" });
  await group.settled(leader.stub.start());
  await group.settled(waiting.stub.start());
  return { group, leader, waiting };
}

test("[PC3] an invocation runs, renews while it runs, and leaves nothing behind", async () => {
  const group = createTestGroup();
  const { run, begun, end } = longRun();
  const running = runIfLeader(group.elections, JOB, run);
  const leadership = await group.settled(begun);
  await group.advance(10 * LEASE_MS);
  expect(leadership.isLeader()).toBe(true);
  expect(leadership.remainingMs()).toBeGreaterThan(RENEW_DEADLINE_MS / 2);
  expect(group.leader("nightly")).toBe(group.elections);
  const second = group.electionsFor("second");
  expect(await group.settled(runIfLeader(second, JOB, run))).toMatchObject({ ran: false, reason: "led" });
  end();
  expect(await group.settled(running)).toEqual({ ran: true, value: "done" });
  expect(group.leader("nightly")).toBe(null);
  expect(group.history().ended).toMatchObject([{ reason: "closed", confirmed: [{ component: "nightly" }] }]);
  expect(group.status()).toMatchObject({ sessions: 0 });
});

test("[PC4] a completed run is not repeated, by the time of the group's clock", async () => {
  const group = createTestGroup();
  const scheduled = { ...JOB, since: group.clock(group.elections).wall() };
  await group.advance(1_000);
  expect(await group.settled(runIfLeader(group.elections, scheduled, () => "first"))).toMatchObject({ ran: true });
  const again = runIfLeader(group.electionsFor("late"), scheduled, () => "second");
  expect(await group.settled(again)).toEqual({ ran: false, reason: "done" });
});

test("[S6] the clock of a Worker stands still while its code computes: the group's answer is later than its belief", async () => {
  const group = createTestGroup();
  const { run, begun, end } = longRun();
  const running = runIfLeader(group.elections, JOB, run);
  const leadership = await group.settled(begun);
  await group.advance(LEASE_MS);
  group.freeze(group.elections);
  const next = group.electionsFor("next");
  await group.until(() => group.leader("nightly") === null);
  expect(await group.settled(runIfLeader(next, JOB, () => "taken over"))).toMatchObject({ ran: true });
  group.thaw(group.elections);
  // Nothing has arrived yet: this is what code sees after a long computation, and why a fence is needed.
  expect(leadership.isLeader()).toBe(true);
  group.recordWrite(leadership, "after the computation");
  const question = { component: "nightly", leaderSessionId: leadership.leaderSessionId, epoch: leadership.epoch };
  expect(await group.settled(next.checkFence("test", question))).toMatchObject({ current: false });
  expect(leadership.signal.aborted).toBe(true);
  expect(leadership.isLeader()).toBe(false);
  end();
  await expect(group.settled(running)).rejects.toMatchObject({ code: "leadership_lost" });
  const history = group.history();
  expect(history.lateWrites()).toMatchObject([{ client: "worker", what: "after the computation" }]);
  expect(history.overlaps()).toMatchObject([{ first: { client: "worker" }, second: { client: "next" } }]);
});

test("[S6] check() asks the group, so that a computation does not deceive it", async () => {
  const group = createTestGroup();
  const { run, begun } = longRun();
  runIfLeader(group.elections, JOB, run).catch(() => {});
  const leadership = await group.settled(begun);
  expect(await group.settled(leadership.check())).toBe(true);
  group.freeze(group.elections);
  await group.advance(2 * LEASE_MS);
  group.thaw(group.elections);
  expect([leadership.isLeader(), await group.settled(leadership.check())]).toEqual([true, false]);
});

test("[PC1] an object keeps its term by its alarm, over hibernation and restarts, and is called once", async () => {
  const { group, leader } = await twoObjects();
  for (let round = 0; round < 10; round += 1) {
    leader.hibernate();
    expect(leader.isAwake).toBe(false);
    await group.advance(LEASE_MS);
    leader.restart();
    await group.advance(1_000);
    group.restart();
    await group.advance(1_000);
    group.hibernate();
  }
  expect(leader.alarmAt).toBeGreaterThan(group.now);
  expect(await leader.stub.isLeader()).toBe(true);
  expect(group.leader("x")).toBe(leader);
  expect(told).toEqual(["leader leads"]);
  expect(group.history().terms).toHaveLength(1);
});

test("[S2] [S6] a partitioned object stops by its lease; the next one leads after it, within 30 s of the partition", async () => {
  const { group, leader, waiting } = await twoObjects();
  await group.advance(1_000);
  group.partition(leader);
  await group.until(() => group.leader("x") === null);
  const stoppedAt = group.now;
  await group.until(() => group.leader("x") === waiting, 30_000);
  expect(group.now).toBeGreaterThan(stoppedAt);
  expect(told).toEqual(["leader leads", "leader stops: expired", "waiting leads"]);
  group.heal(leader);
  await group.advance(LEASE_MS);
  expect(await leader.stub.isLeader()).toBe(false);
  await group.settled(waiting.stub.close());
  await group.until(() => group.leader("x") === leader);
  expect(group.history().overlaps()).toEqual([]);
});

test("[N3] an object that closes hands over to a client at once, in one queue with it", async () => {
  const { group, leader, waiting } = await twoObjects();
  await group.settled(waiting.stub.close());
  const client = group.client({ name: "tab" });
  const contender = client.contend("x");
  await group.advance(1_000);
  await group.settled(leader.stub.close());
  await group.until(() => contender.hasLeadership(), 100);
  expect(group.leader("x")).toBe(client);
  expect(told).toEqual(["leader leads", "leader stops: closed"]);
});

test("[S1] late answers: a lease counts from the question, and what comes after it counts for nothing", async () => {
  const { group, leader, waiting } = await twoObjects();
  await group.advance(1_000);
  group.delay(leader, 1_000);
  await group.advance(3 * LEASE_MS);
  expect(group.leader("x")).toBe(leader);
  // Each answer is two seconds old when it arrives.
  expect(await leader.stub.remainingMs()).toBeLessThanOrEqual(RENEW_DEADLINE_MS - 2_000);
  group.delay(leader, 6_000);
  await group.until(() => group.leader("x") === waiting);
  expect(told).toEqual(["leader leads", "leader stops: expired", "waiting leads"]);
  expect(group.history().overlaps()).toEqual([]);
});

test("[PC2] cut: the call that is under way fails, is made again, and nobody is called", async () => {
  const { group, leader } = await twoObjects();
  const alarmAt = leader.alarmAt ?? Infinity;
  await group.advance(alarmAt - group.now);
  expect(() => leader.hibernate()).toThrow("leader is busy: a call, an answer or a timer is under way");
  group.cut(leader);
  await group.advance(2 * LEASE_MS);
  expect(await leader.stub.isLeader()).toBe(true);
  expect(told).toEqual(["leader leads"]);
});

test("[PC1] a restart in the midst of an alarm: the alarm comes again, and finds the term as it was stored", async () => {
  const { group, leader } = await twoObjects();
  await group.advance((leader.alarmAt ?? Infinity) - group.now);
  expect(leader.alarmAt).toBe(null);
  leader.restart();
  expect(leader.alarmAt).toBe(group.now + 2_000);
  await group.advance(LEASE_MS);
  expect(await leader.stub.isLeader()).toBe(true);
  expect(told).toEqual(["leader leads"]);
});

test("[S4] replace: the group's new object answers, and the old one ends with its first write", async () => {
  const group = createTestGroup();
  const client = group.client({ name: "tab" });
  client.contend("x");
  await group.until(() => group.leader("x") === client);
  const lost: unknown[] = [];
  client.onError((error) => lost.push(error));
  const object = group.durableObject(Indexer, { name: "object" });
  group.replace();
  await group.settled(object.stub.start());
  expect(group.leader("x")).toBe(client);
  await group.advance(10 * LEASE_MS);
  expect(lost.length).toBeGreaterThan(0);
  expect(client.state).toBe("connected");
  expect(group.history().overlaps()).toEqual([]);
});

test("[Q3] an operator names an object as the successor; killed Workers are followed by others", async () => {
  const { group, leader, waiting } = await twoObjects();
  const outcome = await group.settled(group.revoke({ component: "x", successor: waiting }));
  expect(outcome).toMatchObject({ type: "revoked" });
  await group.until(() => group.leader("x") === waiting);
  expect(told).toEqual(["leader leads", "leader stops: transferred", "waiting leads"]);
  expect(() => group.kill(leader)).toThrow("leader is an object, which the platform always brings back");
  const worker = group.elections;
  const { run, begun } = longRun();
  void runIfLeader(worker, JOB, run);
  await group.settled(begun);
  expect(group.killLeader("nightly")).toBe(worker);
  expect(group.elections).not.toBe(worker);
  const after = await group.settled(group.elections.electionStatus("test", "component:nightly"));
  expect(after.leader).not.toBe(null);
  await group.advance(2 * LEASE_MS);
  expect(await group.settled(runIfLeader(group.elections, JOB, () => "again"))).toMatchObject({ ran: true });
});

/** Counts what the platform does to it. */
class Flaky {
  readonly ctx: DurableObjectState;
  constructor(ctx: DurableObjectState) {
    this.ctx = ctx;
    void ctx.blockConcurrencyWhile(async () =>
      ctx.storage.put("starts", ((await ctx.storage.get<number>("starts")) ?? 0) + 1),
    );
  }
  async alarm(info: AlarmInvocationInfo): Promise<void> {
    await this.ctx.storage.put(`alarm/${info.retryCount}`, info.isRetry);
    if (info.retryCount < 2) throw new Error("not yet");
  }
  async wakeIn(ms: number): Promise<void> {
    await this.ctx.storage.setAlarm(ms);
  }
  async kept(): Promise<unknown> {
    return [...(await this.ctx.storage.list())];
  }
  undo(): unknown {
    try {
      this.ctx.storage.transactionSync(() => {
        this.ctx.storage.kv.put("undone", true);
        throw new Error("undo");
      });
    } catch {}
    return this.ctx.storage.kv.get("undone");
  }
  sql(): unknown {
    return this.ctx.storage.sql;
  }
  abort(): void {
    this.ctx.abort("aborted by itself");
  }
}

test("[S6] a frozen object runs no code: a call of it waits until it is thawed", async () => {
  const group = createTestGroup();
  const object = group.durableObject(Flaky, { name: "frozen" });
  await object.stub.kept();
  group.freeze(object);
  let isAnswered = false;
  const answer = object.stub.kept().then(() => {
    isAnswered = true;
  });
  await group.advance(60_000);
  expect(isAnswered).toBe(false);
  group.thaw(object);
  await group.settled(answer);
  expect(isAnswered).toBe(true);
});

test("hosted objects: what is stored outlives them, a failed alarm comes again, and what is lacking says so", async () => {
  const group = createTestGroup();
  const object = group.durableObject(Flaky, { name: "flaky" });
  expect(object.isAwake).toBe(false);
  await group.settled(object.stub.wakeIn(group.clock(object).wall() + 500));
  expect(object.alarmAt).toBe(500);
  object.hibernate();
  await group.advance(60_000);
  object.restart();
  expect(await object.stub.kept()).toEqual([
    ["alarm/0", false],
    ["alarm/1", true],
    ["alarm/2", true],
    ["starts", 3],
  ]);
  expect(await object.stub.undo()).toBe(undefined);
  await expect(object.stub.sql()).rejects.toThrow("a hosted object has no SQL on virtual time");
  await expect(object.stub.abort()).rejects.toThrow("aborted by itself");
  expect(object.isAwake).toBe(false);
  const unknown: TestObject<{ nothing(): void }> = wrong(object);
  await expect(unknown.stub.nothing()).rejects.toThrow("the object has no method nothing");
});

test.each([
  [
    "another group",
    (group: TestGroup) => group.elections.getLeader("other", "x"),
    "this test group is called test, not other",
  ],
  ["a wrong component", (group: TestGroup) => group.elections.getLeader("test", ""), "component must be"],
  [
    "a Worker without a name",
    async (group: TestGroup) => group.electionsFor(""),
    "name must be a text that is not empty",
  ],
  [
    "a name that is taken",
    async (group: TestGroup) => [group.elections, group.electionsFor("worker")],
    "a member is called worker already",
  ],
  [
    "an object without a name",
    async (group: TestGroup) => group.durableObject(Flaky, wrong({})),
    "name must be a text that is not empty",
  ],
  ["a delay that is none", async (group: TestGroup) => group.delay(group.elections, -1), "-1 ms: give 0 or more"],
  [
    "a member of another group",
    async (group: TestGroup) => group.cut(createTestGroup().elections),
    "this is no member of the group",
  ],
])("[E2] %s is refused with a sentence", async (_, act, message) => {
  await expect(act(createTestGroup())).rejects.toThrow(message);
});
