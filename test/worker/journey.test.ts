/** What a plain socket client can do with nothing but PROTOCOL.md at hand, against the deployed Worker. */
import { expect, test } from "vitest";
import { isTouched } from "./http/routes.ts";
import {
  ask,
  connect,
  electionOf,
  errorOf,
  freshGroup,
  join,
  objectOf,
  pathOf,
  SUBPROTOCOL,
  stopClock,
} from "./support.ts";

test("[K1] [O1] [N3] join, win, confirm, be observed, resign, and the next one takes over", async () => {
  const group = freshGroup();
  stopClock();
  const observer = await join(group, { contenders: [], observe: ["dispatcher"] });
  expect(await observer.client.next("leaders")).toMatchObject({
    snapshot: true,
    leaders: [{ component: "dispatcher", leader: null }],
  });
  const [first, second] = [await join(group, { process: { name: "first" } }), await join(group)];

  const grant = await first.client.win();
  expect(await observer.client.settle()).toEqual([]);
  const { leaderSessionId, epoch } = grant;
  first.client.send({ type: "confirm", id: "c1", component: "dispatcher", leaderSessionId, address: "tcp://one" });
  expect(await first.client.next("confirmed")).toEqual({
    type: "confirmed",
    id: "c1",
    component: "dispatcher",
    leaderSessionId,
  });
  const leader = { component: "dispatcher", leaderSessionId, epoch, address: "tcp://one", process: "first" };
  expect(await observer.client.next("leaders")).toMatchObject({
    snapshot: false,
    leaders: [{ component: "dispatcher", leader }],
  });
  expect((await ask("GET", pathOf(group, "/leaders/dispatcher"))).body).toEqual(leader);

  first.client.send({ type: "resign", leaderSessionId });
  expect((await observer.client.next("leaders")).leaders).toEqual([{ component: "dispatcher", leader: null }]);
  const next = await second.client.win();
  expect(next.epoch).toBeGreaterThan(epoch);
  expect(next.leaderSessionId).not.toBe(leaderSessionId);
  expect(errorOf(await ask("GET", pathOf(group, "/leaders/dispatcher")))).toMatchObject({ status: 404 });
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { sessionId: second.welcome.sessionId } });
});

test("[S1] a grant makes a leader: status, fence and confirm all say so before its first renewal", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId, epoch } = await client.next("grant");

  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId, epoch } });
  const fence = await ask("POST", pathOf(group, "/fence"), {
    body: { component: "dispatcher", leaderSessionId, epoch },
  });
  expect(fence.body).toMatchObject({ current: true });
  client.send({ type: "confirm", id: "early", component: "dispatcher", leaderSessionId });
  expect(await client.next("confirmed")).toMatchObject({ id: "early", component: "dispatcher", leaderSessionId });
});

test("[G1] [D3] one socket carries all components: one id for the process, another for each dedicated election", async () => {
  const group = freshGroup();
  stopClock();
  const names = ["dispatcher", "resource-manager", "rest-endpoint"];
  const { client } = await join(group, {
    contenders: [...names.map((component) => ({ component })), { component: "sync", election: "dedicated" }],
  });

  const grants = [await client.win(), await client.win()];
  expect(Object.fromEntries(grants.map(({ election, components }) => [election, components]))).toEqual({
    process: [...names].sort(),
    "component:sync": ["sync"],
  });
  expect(grants[0]?.leaderSessionId).not.toBe(grants[1]?.leaderSessionId);
  expect(grants[0]?.epoch).not.toBe(grants[1]?.epoch);
  expect((await objectOf(group).counters()).upgrades).toBe(1);
});

test("[G5] [C3] a component that registers while its process leads joins the running leadership", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId, epoch } = await client.win();

  client.send({ type: "register", component: "job-1" });
  expect(await client.next("registered")).toEqual({ type: "registered", component: "job-1" });
  expect(await client.next("grant")).toEqual({
    type: "grant",
    election: "process",
    leaderSessionId,
    epoch,
    components: ["job-1"],
    joined: true,
  });
  client.send({ type: "deregister", component: "job-1" });
  expect(await client.next("deregistered")).toEqual({ type: "deregistered", component: "job-1" });
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId } });
});

test("[O2] [C12] a late observer gets the present leader at once, and one of everything gets every component", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group, { process: { address: "tcp://here", metadata: { zone: "a" } } });
  const { leaderSessionId, epoch } = await client.win();
  client.send({ type: "confirm", id: "c1", component: "dispatcher", leaderSessionId });
  await client.next("confirmed");
  const leader = { component: "dispatcher", leaderSessionId, epoch, address: "tcp://here", metadata: { zone: "a" } };

  const late = await join(group, { contenders: [], observe: ["dispatcher", "other"] });
  expect((await late.client.next("leaders")).leaders).toEqual([
    { component: "dispatcher", leader },
    { component: "other", leader: null },
  ]);
  const all = await join(group, { contenders: [], observe: true });
  expect((await all.client.next("leaders")).leaders).toEqual([{ component: "dispatcher", leader }]);
  late.client.send({ type: "unobserve", components: ["dispatcher"] });
  await late.client.settle();
  client.send({ type: "deregister", component: "dispatcher" });
  expect((await all.client.next("leaders")).leaders).toEqual([{ component: "dispatcher", leader: null }]);
  expect(await late.client.settle()).toEqual([]);
});

test("the settings that follow from LEASE_MS are in the welcome", async () => {
  const { welcome } = await join(freshGroup());

  expect(welcome).toMatchObject({
    version: 1,
    resumed: false,
    held: [],
    lease: { durationMs: 2_000, renewDeadlineMs: 1_600, renewEveryMs: 500 },
    askTimeoutMs: 590,
    answerTimeoutMs: 550,
    pingEveryMs: 25_000,
    checkEveryMs: 300_000,
    drainMs: 10_000,
    limits: { messageBytes: 131_072, messagesPerSecond: 100, contenders: 256, observed: 256, metadataBytes: 2_048 },
  });
});

test.each([
  ["our subprotocol alone", [SUBPROTOCOL], SUBPROTOCOL],
  ["our subprotocol with a token", [SUBPROTOCOL, "bearer.c2VjcmV0"], SUBPROTOCOL],
  ["a token first", ["bearer.c2VjcmV0", SUBPROTOCOL], SUBPROTOCOL],
  ["a later version besides ours", ["edge-election.v9", SUBPROTOCOL], SUBPROTOCOL],
  ["none", [], null],
  ["a token alone", ["bearer.c2VjcmV0"], null],
  ["somebody else's", ["graphql-transport-ws"], null],
])(
  "%s is offered: the server answers with its own version or nothing, never with the token",
  async (_, protocols, chosen) => {
    const { client } = await join(freshGroup(), {}, { protocols });

    expect(client.protocol).toBe(chosen);
    expect(await client.next("grant")).toMatchObject({ election: "process" });
  },
);

test("a version that is not spoken here is refused with 4426 on an accepted socket, and no object is touched", async () => {
  const group = freshGroup();
  stopClock();
  const client = await connect(group, { protocols: ["edge-election.v9", "bearer.c2VjcmV0"] });

  expect(client.protocol).toBe("edge-election.v9");
  expect(await client.closed).toEqual({
    code: 4426,
    reason: "this server speaks edge-election.v1: use a client of that version",
  });
  expect(await isTouched(group)).toBe(false);
});

test("plain HTTP gets 426 from the session endpoint, and no object is touched", async () => {
  const group = freshGroup();

  expect(errorOf(await ask("GET", pathOf(group, "/session")))).toMatchObject({
    status: 426,
    code: "upgrade_required",
  });
  expect(await isTouched(group)).toBe(false);
});

test("bye closes with 1000, ends the terms and hands over at once", async () => {
  const group = freshGroup();
  stopClock();
  const [first, second] = [await join(group), await join(group)];
  await first.client.win();

  first.client.send({ type: "bye" });
  expect(await first.client.closed).toEqual({ code: 1000, reason: "bye" });
  await second.client.win();
  expect((await ask("GET", pathOf(group))).body).toMatchObject({ sessions: 1 });
});
