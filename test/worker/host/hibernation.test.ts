/** The object is evicted while its sockets stay open: nobody on the other end may notice. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { PATIENCE_MS } from "../../../tools/harness/patience.ts";
import { Store } from "../../../worker/durable-object/store.ts";
import { Sockets } from "../../../worker/host/sockets.ts";
import {
  ASK_TIMEOUT_MS,
  alarmOf,
  ask,
  connect,
  counted,
  electionOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  resume,
  rowsOf,
  serverWith,
  stopClock,
  TOKEN_ENDS_AT,
} from "../support.ts";

const hibernate = (group: string): Promise<void> => evictDurableObject(objectOf(group), { webSockets: "hibernate" });

test("[N5] a leader, a waiting contender and an observer do not notice: same term, and no frame nobody asked for", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  const observer = await join(group, { contenders: [], observe: true });
  await observer.client.next("leaders");
  const { leaderSessionId, epoch } = await leader.client.win();
  const before = await rowsOf(group);

  await hibernate(group);
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId, epoch } });
  expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  for (const { client } of [leader, waiting, observer]) expect(await client.settle()).toEqual([]);
  expect(await objectOf(group).counters()).toMatchObject({ framesIn: 4, framesOut: 5, commits: 0, rowsWritten: 0 });
  expect(await rowsOf(group)).toEqual(before);
});

test("[O10] the most that a socket can carry of what is watched fits the platform; no list of names is a row", async () => {
  const group = freshGroup();
  stopClock();
  const leader = await join(group, { contenders: [{ component: "dispatcher" }] });
  const { leaderSessionId } = await leader.client.win();
  const names = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${index}-`.padEnd(128, "n")).concat("dispatcher");
  const [fits, exceeds] = [await join(group, { observe: names(118) }), await join(group, { observe: names(255) })];
  const rows = JSON.stringify(await rowsOf(group));
  expect(rows).not.toContain("nnnn");

  await hibernate(group);
  await leader.client.renew(leaderSessionId);
  expect(await exceeds.client.closed).toMatchObject({ code: 1012, reason: expect.stringContaining("watches") });
  leader.client.send({ type: "confirm", id: "c1", component: "dispatcher", leaderSessionId });
  await leader.client.next("confirmed");
  const snapshot = await fits.client.next("leaders");
  expect(snapshot.snapshot).toBe(true);
  expect((await fits.client.next("leaders")).leaders).toMatchObject([{ leader: { leaderSessionId } }]);
});

test("[N5] later events reach everybody over the sockets that were kept", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  const observer = await join(group, { contenders: [], observe: true });
  await observer.client.next("leaders");
  const { leaderSessionId } = await leader.client.win();

  await hibernate(group);
  leader.client.send({ type: "confirm", id: "c1", component: "dispatcher", leaderSessionId });
  await leader.client.next("confirmed");
  expect((await observer.client.next("leaders")).leaders).toMatchObject([{ leader: { leaderSessionId } }]);
  await hibernate(group);
  leader.client.send({ type: "resign", leaderSessionId });
  expect((await observer.client.next("leaders")).leaders).toEqual([{ component: "dispatcher", leader: null }]);
  await hibernate(group);
  await waiting.client.win();
  expect(await electionOf(group)).toMatchObject({ leader: { sessionId: waiting.welcome.sessionId } });
});

test("[O3] observers hear of a term that was over while the object slept, whatever has woken it", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client: leader } = await join(group);
  const { leaderSessionId } = await leader.win();
  const { client: observer } = await join(group, { contenders: [], observe: true });
  leader.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId, address: "here" });
  await leader.next("confirmed");
  while ((await observer.next("leaders")).leaders[0]?.leader == null);
  const news = observer.next("leaders");
  await evictDurableObject(objectOf(group));
  pass(LEASE_MS);
  await objectOf(group).counters(); // which looks at nothing
  expect(await news).toMatchObject({ leaders: [{ component: "dispatcher", leader: null }] });
});

test("[S3] the exact deadlines of a leader survive in its socket's attachment, one for each election", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const contenders = [{ component: "dispatcher" }, { component: "sync", election: "dedicated" }] as const;
  const { client } = await join(group, { contenders });
  const [one, other] = [await client.win(), await client.win()];
  pass(300);
  await client.renew(one.leaderSessionId);
  pass(400);

  await hibernate(group);
  const { elections } = await objectOf(group).status({ policy: { leaseMs: LEASE_MS } });
  expect(Object.fromEntries(elections.map(({ election, remainingMs }) => [election, remainingMs]))).toEqual({
    [one.election]: LEASE_MS - 400,
    [other.election]: LEASE_MS - 700,
  });
  expect(await objectOf(group).counters()).toMatchObject({ rowsWritten: 0 });
});

test("[S2] [S3] a leader that falls silent is replaced after D, not after D + W + sigma", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  const { leaderSessionId, epoch } = await leader.client.win();

  await hibernate(group);
  pass(LEASE_MS - 1);
  expect(await fireAlarm(group)).toBe(true);
  expect(await waiting.client.settle()).toEqual([]);
  await hibernate(group);
  pass(1);
  expect(await fireAlarm(group)).toBe(true);
  expect((await waiting.client.win()).epoch).toBeGreaterThan(epoch);
  expect(await leader.client.renew(leaderSessionId)).toEqual([]);
});

test("[S6] [S2] the renewal that wakes the object after the deadline revives nothing, even if nobody waits", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  const first = await client.win();

  await hibernate(group);
  pass(LEASE_MS);
  expect(await client.renew(first.leaderSessionId)).toEqual([]);
  const second = await client.win();
  expect(second.epoch).toBeGreaterThan(first.epoch);
});

test("[S1] [N3] what a process has stated outlives the object: it is granted without being asked", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();
  waiting.client.silent = true;

  await hibernate(group);
  leader.client.send({ type: "resign", leaderSessionId });
  await waiting.client.win();
});

test("[S1] [S7] what a process has taken back stays taken back: it is asked before it is granted anything", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.next("grant");
  await ask("POST", pathOf(group, "/pause"));
  client.silent = true;
  client.send({ type: "release", leaderSessionId });
  client.send({ type: "release", leaderSessionId });
  expect(await client.next("error")).toMatchObject({ code: "not_leader" });

  await hibernate(group);
  await ask("POST", pathOf(group, "/resume"));
  await client.next("next");
});

test("[N7] [S11] a question outlives the incarnation that asked it: silence counts from when it was asked", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [dead, alive] = [await join(group), await join(group)];
  dead.client.silent = true;
  const { leaderSessionId } = await dead.client.next("grant");
  dead.client.send({ type: "release", leaderSessionId });
  await dead.client.next("next");

  pass(ASK_TIMEOUT_MS - 1);
  await hibernate(group);
  expect(await fireAlarm(group)).toBe(true);
  expect(await alive.client.settle()).toEqual([]);
  await hibernate(group);
  pass(1);
  expect(await fireAlarm(group)).toBe(true);
  await alive.client.win();
});

test("[S10] [Q2] a drain goes on: its end and the successor are stored", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const server = serverWith({ leaseMs: LEASE_MS, drainMs: 1_000, preempt: { cooldownMs: 0 } });
  const leader = await join(group, {}, { server });
  const { leaderSessionId } = await leader.client.win();
  const rival = await join(group, { priority: 1 }, { server });
  expect(await leader.client.next("revoke")).toMatchObject({ reason: "preempted", drainMs: 1_000 });

  await hibernate(group);
  pass(999);
  expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  await hibernate(group);
  pass(1);
  expect(await leader.client.renew(leaderSessionId)).toEqual([]);
  expect(await rival.client.settle()).toEqual([]);
  await hibernate(group);
  leader.client.send({ type: "release", leaderSessionId });
  await rival.client.win();
});

test("[S4] a ping is answered without waking the object: before the hello, for a leader, and while it sleeps", async () => {
  const group = freshGroup();
  stopClock();
  const client = await connect(group);
  await client.ping();
  await client.hello({ contenders: [{ component: "dispatcher" }] });
  const { leaderSessionId } = await client.win();
  const [rows, alarm] = [await rowsOf(group), await alarmOf(group)];
  const nothing = { wakes: 0, upgrades: 0, framesIn: 0, framesOut: 0, rowsWritten: 0, commits: 0, alarms: 0 };
  expect(await counted(group, () => Promise.all([client.ping(), client.ping()]))).toEqual(nothing);

  await hibernate(group);
  const wakes = vi.spyOn(Store.prototype, "load");
  await client.ping();
  expect(wakes).not.toHaveBeenCalled();
  expect(await objectOf(group).counters()).toEqual({ ...nothing, wakes: 1 });
  expect(wakes).toHaveBeenCalledOnce();
  wakes.mockRestore();
  expect([await rowsOf(group), await alarmOf(group)]).toEqual([rows, alarm]);
  expect(await client.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test("[S4] pings prolong nothing: a leader that only pings is replaced", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  await leader.client.win();

  for (let silent = 0; silent < LEASE_MS; silent += 500) {
    pass(500);
    await leader.client.ping();
  }
  await fireAlarm(group);
  await waiting.client.win();
});

test("a socket without a hello is kept as well, and owes its hello from the time it connected", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [punctual, silent] = [await connect(group), await connect(group)];

  pass(6_000);
  await hibernate(group);
  await punctual.hello({ contenders: [{ component: "dispatcher" }] });
  await punctual.win();
  await hibernate(group);
  pass(4_000);
  await electionOf(group);
  expect(await silent.closed).toEqual({ code: 4408, reason: "no hello in time" });
});

test("[N6] a socket that was replaced stays replaced, however often the object wakes", async () => {
  const group = freshGroup();
  stopClock();
  const old = await join(group);
  const { leaderSessionId } = await old.client.win();
  const { sessionId, secret } = old.welcome;
  const current = await connect(group);
  await current.hello({
    contenders: [{ component: "dispatcher" }],
    resume: { sessionId, secret, attempt: 1 },
    held: [leaderSessionId],
  });
  expect(await old.client.closed).toMatchObject({ code: 4409 });
  expect(await current.next("grant")).toMatchObject({ joined: true });

  for (let wakes = 0; wakes < 3; wakes += 1) {
    await hibernate(group);
    expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { sessionId, leaderSessionId } });
  }
  expect(await current.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test("[S12] [S7] a socket that is not its session's own is closed at the next wake, and the session counts as lost", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client, welcome } = await join(group);
  const { leaderSessionId } = await client.win();
  await runInDurableObject(objectOf(group), (_, state) => {
    for (const socket of state.getWebSockets()) {
      const attachment: object = socket.deserializeAttachment();
      socket.serializeAttachment({ ...attachment, connection: "an earlier one" });
    }
  });

  await hibernate(group);
  client.send({ type: "resign", leaderSessionId });
  expect(await client.closed).toMatchObject({ code: 1012 });
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId } });
  pass(LEASE_MS);
  expect((await resume(group, welcome, { held: [leaderSessionId] })).welcome.held).toEqual([leaderSessionId]);
});

test("[N5] a leader's frame that wakes the object is answered before the other sockets are read", async () => {
  const group = freshGroup();
  stopClock();
  const leader = await join(group);
  const { leaderSessionId } = await leader.client.win();
  for (let others = 0; others < 20; others++) await join(group);
  await hibernate(group);

  const [read, sent] = [vi.spyOn(WebSocket.prototype, "deserializeAttachment"), vi.spyOn(WebSocket.prototype, "send")];
  try {
    expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
    await leader.client.settle();
    const answeredAt = sent.mock.invocationCallOrder[1] ?? 0; // the first one is the client's own
    expect(read.mock.invocationCallOrder.filter((at) => at < answeredAt)).toHaveLength(2); // found as a leader's, then read
    expect(read.mock.calls.length).toBe(2 + 21); // and then all of them, once
  } finally {
    vi.restoreAllMocks();
  }
});

test("[N7] where the sockets could not be listed after the first frame, an alarm comes for those that wait", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group, { contenders: [] });
  await hibernate(group);
  expect(await alarmOf(group)).toBe(TOKEN_ENDS_AT);

  const listed = vi.spyOn(Sockets.prototype, "adoptAll").mockImplementationOnce(() => {
    throw new Error("the platform has failed");
  });
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    client.send({ type: "register", component: "dispatcher" });
    await client.next("registered");
    await vi.waitUntil(() => listed.mock.results.length > 0, PATIENCE_MS);
    expect(log.mock.calls).toMatchObject([[expect.stringContaining("the platform has failed")]]);
  } finally {
    vi.mocked(listed).mockRestore();
    log.mockRestore();
  }
  pass(1_000);
  expect(await fireAlarm(group)).toBe(true);
  await client.win();
});

test("[S3] [S2] a leader's close that wakes the object leaves its exact lease: the next one leads after D", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  await leader.client.win();
  await hibernate(group);
  pass(500);
  leader.client.drop(1000);
  await leader.client.closed;
  pass(LEASE_MS - 501);
  await fireAlarm(group);
  expect(await waiting.client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  await waiting.client.win();
});

test("[N7] a candidate's close that wakes the object takes it out of the queue, and nobody else", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, second, third] = [await join(group), await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();
  await hibernate(group);
  second.client.drop(1000);
  await second.client.closed;
  await hibernate(group);
  leader.client.send({ type: "resign", leaderSessionId });
  await third.client.win();
});
