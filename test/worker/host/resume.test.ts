/** A session survives its connections: who may take it up again, and what becomes of the connection before. */
import { expect, test } from "vitest";
import {
  connect,
  counted,
  electionOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  resume,
  rowsOf,
  stopClock,
} from "../support.ts";

const SUPERSEDED = { code: 4409, reason: "a newer connection of this session is open" };
const LATE = { code: 4409, reason: "a later attempt of this session was here first" };

test("[N6] [S7] [G10] a newer connection closes the older one with 4409, and what that still sends is dropped", async () => {
  const group = freshGroup();
  stopClock();
  const [old, other] = [await join(group), await join(group)];
  const { leaderSessionId, epoch } = await old.client.win();
  const { sessionId, secret } = old.welcome;

  const newer = await connect(group);
  newer.send({
    type: "hello",
    contenders: [{ component: "dispatcher" }],
    resume: { sessionId, secret, attempt: 1 },
    held: [leaderSessionId],
    sentAt: 1,
  });
  // On their way already when the server closes the old socket.
  old.client.send({ type: "resign", leaderSessionId });
  old.client.send({ type: "bye" });
  expect(await newer.next("welcome")).toMatchObject({ resumed: true, held: [leaderSessionId], sentAt: 1 });
  expect(await old.client.closed).toEqual(SUPERSEDED);
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { sessionId, leaderSessionId, epoch } });
  expect(await other.client.settle()).toEqual([]);
});

test("[S9] a resumed leader is extended from the hello, gets its terms again, and nothing else happens", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const observer = await join(group, { contenders: [], observe: true });
  await observer.client.next("leaders");
  const first = await join(group);
  const { leaderSessionId, epoch } = await first.client.win();
  first.client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId });
  await observer.client.next("leaders");

  first.client.drop();
  await first.client.closed;
  pass(LEASE_MS - 1);
  const { client, welcome } = await resume(group, first.welcome, { held: [leaderSessionId] });
  expect(welcome).toMatchObject({ resumed: true, held: [leaderSessionId], sessionId: first.welcome.sessionId });
  expect(welcome.secret).not.toBe(first.welcome.secret);
  expect(await client.settle()).toEqual([
    {
      type: "grant",
      election: "process",
      leaderSessionId,
      epoch,
      components: ["dispatcher"],
      joined: true,
    },
  ]);
  expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: LEASE_MS });
  expect(await observer.client.settle()).toEqual([]);
});

test("[N6] [S9] a late attempt is closed with 4409 and changes nothing: no row, no secret, no other socket", async () => {
  const group = freshGroup();
  stopClock();
  const first = await join(group);
  const second = await resume(group, first.welcome, { attempt: 5 });
  const { leaderSessionId } = await second.client.win();
  const before = await rowsOf(group);

  for (const attempt of [5, 4, 0]) {
    const late = await connect(group);
    const { sessionId } = first.welcome;
    const { secret } = second.welcome;
    const costs = await counted(group, async () => {
      late.send({ type: "hello", resume: { sessionId, secret, attempt }, sentAt: 1 });
      expect(await late.closed).toEqual(LATE);
    });
    expect(costs).toMatchObject({ rowsWritten: 0, framesOut: 0 });
  }
  expect(await rowsOf(group)).toEqual(before);
  expect(await second.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  expect((await resume(group, second.welcome, { attempt: 6 })).welcome.resumed).toBe(true);
});

test("[S9] the previous secret is good until the one after it has been presented", async () => {
  const group = freshGroup();
  stopClock();
  const first = await join(group);
  const { sessionId } = first.welcome;
  const lostWelcome = await resume(group, first.welcome, { attempt: 1 });
  const again = await resume(group, first.welcome, { attempt: 2 });
  expect(again.welcome).toMatchObject({ resumed: true, sessionId });

  expect((await resume(group, again.welcome, { attempt: 3 })).welcome.resumed).toBe(true);
  const overtaken = await resume(group, lostWelcome.welcome, { attempt: 4 });
  expect(overtaken.welcome).toMatchObject({ resumed: false, held: [] });
  const outdated = await resume(group, first.welcome, { attempt: 4 });
  expect(outdated.welcome).toMatchObject({ resumed: false, held: [] });
  expect((await resume(group, again.welcome, { attempt: 4 })).welcome).toMatchObject({ resumed: true, sessionId });
});

test("[N6] [S9] a foreign secret resumes nothing: a new session, and the old one is untouched", async () => {
  const group = freshGroup();
  stopClock();
  const owner = await join(group);
  const { leaderSessionId } = await owner.client.win();
  const { sessionId } = owner.welcome;
  const sessionRows = async () => (await rowsOf(group))["session"];
  const [before] = (await sessionRows()) ?? [];

  const guesses = ["", owner.welcome.secret.slice(1), `${owner.welcome.secret}x`, "A".repeat(64)].filter(Boolean);
  for (const secret of guesses) {
    const { client, welcome } = await resume(group, { sessionId, secret }, { attempt: 9, held: [leaderSessionId] });
    expect(welcome).toMatchObject({ resumed: false, held: [] });
    expect(welcome.sessionId).not.toBe(sessionId);
    expect(await client.renew(leaderSessionId)).toEqual([]);
    client.send({ type: "release", leaderSessionId });
    expect(await client.next("error")).toMatchObject({ code: "not_leader" });
    client.send({ type: "bye" });
    await client.closed;
  }
  expect(await sessionRows()).toEqual([before]);
  expect(await owner.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  expect(await owner.client.settle()).toEqual([]);
});

test("[S9] a session that nobody knows begins anew, with the contenders that its hello named", async () => {
  const group = freshGroup();
  const { client, welcome } = await resume(group, { sessionId: "gone", secret: "gone" }, { held: ["gone"] });

  expect(welcome).toMatchObject({ resumed: false, held: [] });
  expect(welcome.sessionId).not.toBe("gone");
  await client.win();
});

test("[S2] [Q1] a session that comes back after its lease ran out leads nothing, and stands at the back", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const { leaderSessionId } = await leader.client.win();
  pass(1_500);
  leader.client.drop();
  await leader.client.closed;
  const waiting = await join(group);

  pass(500);
  await fireAlarm(group);
  const next = await waiting.client.win();
  const { client, welcome } = await resume(group, leader.welcome, { held: [leaderSessionId] });
  expect(welcome).toMatchObject({ resumed: true, held: [] });
  expect(await client.settle()).toEqual([]);
  waiting.client.send({ type: "resign", leaderSessionId: next.leaderSessionId });
  await client.win();
});

test("[S12] a lost session that leads nothing keeps its place for D, and no longer", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const { leaderSessionId } = await leader.client.win();
  const [early, late, other] = [await join(group), await join(group), await join(group)];
  for (const { client } of [early, late]) {
    client.drop();
    await client.closed;
  }

  pass(LEASE_MS - 1);
  await leader.client.renew(leaderSessionId);
  const back = await resume(group, early.welcome);
  expect(back.welcome.resumed).toBe(true);
  pass(1);
  expect((await resume(group, late.welcome)).welcome.resumed).toBe(false);
  leader.client.send({ type: "resign", leaderSessionId });
  await back.client.win();
  expect(await other.client.settle()).toEqual([]);
});

test("[S9] a resume names the complete sets: components that it leaves out are no longer contended for or watched", async () => {
  const group = freshGroup();
  stopClock();
  const contenders = [{ component: "dispatcher" }, { component: "sync", election: "dedicated" }] as const;
  const first = await join(group, { contenders, observe: ["a", "b"] });
  expect((await first.client.next("leaders")).leaders).toHaveLength(2);

  const { client } = await resume(group, first.welcome, {
    contenders: [{ component: "dispatcher" }, { component: "extra" }],
    observe: ["b"],
  });
  expect((await client.next("leaders")).leaders).toEqual([{ component: "b", leader: null }]);
  expect((await client.win()).components).toEqual(["dispatcher", "extra"]);
  expect(
    (await objectOf(group).status({ policy: { leaseMs: LEASE_MS } })).elections.map(({ election }) => election),
  ).toEqual(["process"]);
});

test("[S9] [S10] a resume while draining is extended and revoked again; after the drain it is left out", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const other = await join(group);
  const { leaderSessionId } = await leader.client.win();
  const revoked = objectOf(group).revoke({
    policy: { leaseMs: LEASE_MS, drainMs: 3_000 },
    election: "process",
  });
  expect(await leader.client.next("revoke")).toMatchObject({ drainMs: 3_000 });

  pass(1_900);
  const draining = await resume(group, leader.welcome, { attempt: 1, held: [leaderSessionId] });
  expect(draining.welcome.held).toEqual([leaderSessionId]);
  expect(await draining.client.next("revoke")).toMatchObject({ leaderSessionId, reason: "revoked", drainMs: 1_100 });
  pass(1_100);
  const over = await resume(group, draining.welcome, { attempt: 2, held: [leaderSessionId] });
  expect(over.welcome).toMatchObject({ resumed: true, held: [] });
  expect(await other.client.settle()).toEqual([]);
  over.client.send({ type: "release", leaderSessionId });
  const { epoch } = await other.client.win();
  expect(await revoked).toMatchObject({ to: other.welcome.sessionId, epoch, durationMs: 3_000 });
});

test("[S9] [S7] a resume without the component that leads frees nothing; the word of its process does", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, other] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();

  const { client, welcome } = await resume(group, leader.welcome, { contenders: [], held: [leaderSessionId] });
  expect(welcome).toMatchObject({ resumed: true, held: [] });
  expect(await other.client.settle()).toEqual([]);
  client.send({ type: "bye" });
  expect(await client.closed).toMatchObject({ code: 1000 });
  await other.client.win();
});
