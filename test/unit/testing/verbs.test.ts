/** Each verb of the test group does what its name says, as the real thing would do it. */
import { expect, test } from "vitest";
import type { ElectionClient } from "../../../client/client.ts";
import { createTestGroup, type TestGroup } from "../../../testing/index.ts";
import { wrong } from "../../support/wrong.ts";

const LEASE_MS = 10_000;
const RENEW_DEADLINE_MS = 8_000;

interface Stand {
  readonly group: TestGroup;
  readonly leader: ElectionClient;
  readonly waiting: ElectionClient;
  /** The calls of the callbacks, each with the name of the client. */
  readonly told: string[];
}

/** Two processes with a contender each, of which the first leads. */
async function stand(group = createTestGroup()): Promise<Stand> {
  const told: string[] = [];
  const join = (name: string): ElectionClient => {
    const client = group.client({ name });
    client.contend("x", {
      onGrant: () => void told.push(`${name} leads`),
      onRevoke: (_, reason) => void told.push(`${name} ${reason}`),
    });
    return client;
  };
  const leader = join("leader");
  await group.until(() => group.leader("x") === leader);
  const waiting = join("waiting");
  await group.advance(100);
  return { group, leader, waiting, told };
}

test("[N3] a client that closes hands over without waiting for its lease", async () => {
  const { group, leader, waiting, told } = await stand();
  await group.settled(leader.close());
  await group.advance(100);
  expect(group.leader("x")).toBe(waiting);
  expect(told).toEqual(["leader leads", "leader closed", "waiting leads"]);
});

test("[S2] [S6] partition: nothing arrives either way, nobody is notified, and the lease decides", async () => {
  const { group, leader, waiting, told } = await stand();
  group.partition(leader);
  await group.advance(1_000);
  expect(leader.state).toBe("connected");
  expect(group.leader("x")).toBe(leader);
  await group.until(() => group.leader("x") === null);
  const stoppedAt = group.now;
  await group.until(() => group.leader("x") === waiting);
  expect(group.now - stoppedAt).toBeGreaterThan(LEASE_MS - RENEW_DEADLINE_MS - 100);
  expect(told).toEqual(["leader leads", "leader expired", "waiting leads"]);
  await expect(leader.getLeader("x")).rejects.toThrow("can't be reached");
});

test("[N2] heal: a client that was cut off contends again; one that lost nothing on the way does not notice", async () => {
  const { group, leader, waiting } = await stand();
  const lost: unknown[] = [];
  waiting.onError((error) => lost.push(error));
  group.partition(waiting);
  await group.advance(1_000);
  group.heal(waiting);
  await group.advance(1_000);
  expect(lost).toEqual([]);
  leader.onError((error) => lost.push(error));
  group.partition(leader);
  await group.advance(2_600);
  expect(lost).toEqual([]);
  group.heal(leader);
  await group.advance(50);
  expect(lost).toMatchObject([{ code: expect.anything(), retryable: true }]);
  group.partition(leader);
  await group.until(() => group.leader("x") === waiting);
  group.heal(leader);
  await group.advance(20_000);
  await group.settled(waiting.close());
  await group.until(() => group.leader("x") === leader);
});

test("[S6] freeze: code and clock stand still, and at its first instruction after thaw it does not lead", async () => {
  const { group, leader, waiting, told } = await stand();
  const ticks: number[] = [];
  const clock = group.clock(leader);
  clock.setTimeout(() => ticks.push(group.now), 5_000);
  const frozenAt = group.now;
  group.freeze(leader);
  const [monotonic, wall] = [clock.monotonic(), clock.wall()];
  await group.until(() => group.leader("x") === waiting);
  await group.advance(10_000);
  expect(told).toEqual(["leader leads", "waiting leads"]);
  expect(ticks).toEqual([]);
  expect([clock.monotonic(), clock.wall()]).toEqual([monotonic, wall]);
  group.thaw(leader);
  expect(clock.monotonic()).toBe(monotonic);
  expect(clock.wall() - wall).toBe(group.now - frozenAt);
  await group.advance(0);
  expect(told).toEqual(["leader leads", "waiting leads", "leader expired"]);
  expect(ticks).toEqual([group.now]);
  expect(group.history().overlaps()).toEqual([]);
});

test("[S2] killLeader: the process vanishes without a word, and the lease has to pass", async () => {
  const { group, leader, waiting, told } = await stand();
  const killedAt = group.now;
  expect(group.killLeader("x")).toBe(leader);
  expect(group.leader("x")).toBe(null);
  await group.until(() => group.leader("x") === waiting);
  expect(group.now - killedAt).toBeGreaterThan(RENEW_DEADLINE_MS - 2_500);
  expect(group.now - killedAt).toBeLessThan(LEASE_MS + 2_500);
  expect(told).toEqual(["leader leads", "waiting leads"]);
  expect(() => createTestGroup().killLeader()).toThrow("nobody leads anything: advance until somebody does");
});

test.each([true, false])("[C10] a killed client can still be closed, its connections notified: %s", async (told) => {
  const { group, leader } = await stand();
  group.kill(leader, { told });
  await leader.close();
  expect(leader.state).toBe("closed");
});

test("[N5] restart: the object is replaced, everybody reconnects, and nobody is called", async () => {
  const { group, leader, told } = await stand();
  const lost: unknown[] = [];
  leader.onError((error) => lost.push(error));
  const { leaderSessionId } = group.history().terms[0] ?? {};
  group.restart();
  await group.advance(60_000);
  expect(lost).toHaveLength(1);
  expect(told).toEqual(["leader leads"]);
  expect(group.status().elections[0]?.leader?.leaderSessionId).toBe(leaderSessionId);
});

test("[N5] hibernate: the object leaves memory, and nobody notices at all", async () => {
  const { group, leader, told } = await stand();
  const lost: unknown[] = [];
  leader.onError((error) => lost.push(error));
  for (let round = 0; round < 5; round++) {
    group.hibernate();
    await group.advance(3_000);
  }
  expect([lost, told]).toEqual([[], ["leader leads"]]);
});

test("[N1] cut: both ends notice that the connection is gone, and the term goes on", async () => {
  const { group, leader, told } = await stand();
  group.cut(leader);
  await group.until(() => leader.state === "suspended");
  await group.until(() => leader.state === "connected");
  expect(told).toEqual(["leader leads"]);
});

test("[Q3] revoke: the outcome comes as time goes on, and the successor is asked first", async () => {
  const { group, leader, waiting, told } = await stand();
  const third = group.client({ name: "third" });
  third.contend("x", { onGrant: () => void told.push("third leads") });
  expect(() => group.revoke({ successor: third })).toThrow("the successor has no session yet");
  await group.advance(100);
  const outcome = await group.settled(group.revoke({ component: "x", successor: third, note: "maintenance" }));
  expect(outcome).toMatchObject({ type: "revoked", from: leader.sessionId, to: third.sessionId });
  await group.advance(100);
  expect(told).toEqual(["leader leads", "leader transferred", "third leads"]);
  expect(group.history().ended).toMatchObject([{ process: "leader", reason: "transferred", note: "maintenance" }]);
  expect(waiting.state).toBe("connected");
  expect(await group.settled(group.revoke({ component: "unknown" }))).toMatchObject({ type: "revoked" });
});

test("[C6] a revoke whose group is restarted before it is done ends without an outcome, and the revoke goes on", async () => {
  const group = createTestGroup();
  const client = group.client({ name: "slow" });
  let finish = (): void => {};
  const reasons: string[] = [];
  const contender = client.contend("x", {
    onRevoke(_, reason) {
      reasons.push(reason);
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
  });
  await group.until(() => contender.hasLeadership());
  const { epoch } = contender.leadership ?? { epoch: Infinity };
  const outcome = group.revoke();
  await group.advance(1_000);
  group.restart();
  expect(await group.settled(outcome)).toBe(null);
  await group.advance(2_000);
  finish();
  await group.until(() => contender.hasLeadership());
  expect(reasons).toEqual(["revoked"]);
  expect(contender.leadership?.epoch).toBeGreaterThan(epoch);
});

test("pause: nothing is granted until resume, and who leads goes on", async () => {
  const { group, leader, waiting } = await stand();
  group.pause();
  await group.advance(LEASE_MS);
  expect(group.leader("x")).toBe(leader);
  await group.settled(leader.close());
  await group.advance(60_000);
  expect(group.leader("x")).toBe(null);
  expect(group.status().paused).toBe(true);
  group.resume();
  await group.advance(100);
  expect(group.leader("x")).toBe(waiting);
});

test("[C7] look-ups answer from the group, and observers see what a confirm publishes", async () => {
  const { group, leader, waiting } = await stand();
  expect(await waiting.getLeader("x")).toBe(null);
  const seen: (string | undefined)[] = [];
  void (async () => {
    for await (const news of waiting.observe("x")) seen.push(news?.process);
  })();
  await group.advance(100);
  await group.settled(leader.acquire("y").then((leadership) => leadership.confirm("tcp://y")));
  expect(await waiting.getLeader("y")).toMatchObject({ process: "leader", address: "tcp://y" });
  expect((await waiting.getStatus()).elections[0]?.leader?.process).toBe("leader");
  expect(seen).toEqual([undefined]);
});

test("[S5] checkFence tells a current leadership from one that is over", async () => {
  const { group, leader } = await stand();
  const leadership = await group.settled(leader.acquire("y"));
  const { leaderSessionId, epoch } = leadership;
  expect(group.checkFence({ component: "y", leaderSessionId, epoch })).toMatchObject({ current: true, epoch });
  await group.settled(leader.close());
  await group.advance(100);
  expect(group.checkFence({ component: "y", leaderSessionId, epoch })).toMatchObject({ current: false });
});

test.each([
  [{ seed: "7" }, "seed must be a whole number"],
  [{ seed: Number.NaN }, "seed must be a whole number"],
  [{ latencyMs: -1 }, "latencyMs must be a number of milliseconds, 0 or more"],
  [{ group: "a b" }, "group must be 1-128 characters"],
  [{ policy: 5_000 }, "policy must be an object"],
  [{ policy: { leaseMS: 5_000 } }, "leaseMS is unknown: the options are leaseMs, drainMs,"],
  [{ leaseMs: 5_000 }, "leaseMs is unknown: the options are group, seed, policy, latencyMs"],
])("wrong options of a test group are refused: %o", (options, message) => {
  expect(() => createTestGroup(wrong(options))).toThrow(
    expect.objectContaining({ name: "TypeError", message: expect.stringContaining(message) }),
  );
});

test.each([{ nam: "one" }, { url: "http://h" }, { clock: {} }])(
  "an option that the test group does not take is refused: %o",
  (options) => {
    const [name] = Object.keys(options);
    expect(() => createTestGroup().client(wrong(options))).toThrow(`${name} is unknown: the options are name, page`);
  },
);

test("an impossible order is refused with the remedy", async () => {
  expect(() => createTestGroup({ policy: { leaseMs: 10 } })).toThrow(RangeError);
  const group = createTestGroup();
  const client = group.client({ name: "one" });
  expect(() => group.client({ name: "one" })).toThrow("give each a name of its own");
  expect(() => createTestGroup().freeze(client)).toThrow("this is no member of the group");
  await expect(group.advance(-1)).rejects.toThrow("give 0 or more");
  await expect(group.until(() => false, 1_000)).rejects.toThrow("did not hold within 1000 ms of virtual time");
  await expect(group.settled(new Promise(() => {}), 1_000)).rejects.toThrow("did not settle within 1000 ms");
  const running = group.advance(1);
  await expect(group.advance(1)).rejects.toThrow("time is advancing already: wait for");
  await running;
});

test("code that goes round in circles within a millisecond ends in an error, not in silence", async () => {
  const group = createTestGroup();
  const clock = group.clock(group.client());
  const again = (): void => void clock.setTimeout(again, 0);
  again();
  await expect(group.advance(1_000)).rejects.toThrow("does a timer of 0 ms set itself again and again?");
});
