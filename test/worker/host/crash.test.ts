/** The object dies together with its sockets: a crash, a deployment, a replacement on another host. */

import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { LivePeer } from "../../../tools/harness/live-peer.ts";
import {
  AHEAD_MS,
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

const MARGIN_MS = 1_000;

const lossOf = (client: LivePeer): Promise<unknown> => client.closed.then(({ code }) => code);

test.each([
  ["aborted", () => abortAllDurableObjects()],
  ["evicted, its sockets closed", (group: string) => evictDurableObject(objectOf(group), { webSockets: "close" })],
])("[N5] [N1] the object is %s: a leader that resumes within its lease keeps id and epoch", async (_, crash) => {
  const group = freshGroup();
  const pass = stopClock();
  const before = await join(group);
  const waiting = await join(group);
  const { leaderSessionId, epoch } = await before.client.win();

  await crash(group);
  expect(await lossOf(before.client)).toBe(1006);
  expect(await lossOf(waiting.client)).toBe(1006);
  pass(LEASE_MS - 1);
  const after = await resume(group, before.welcome, { held: [leaderSessionId] });
  expect(after.welcome).toMatchObject({ resumed: true, held: [leaderSessionId], sessionId: before.welcome.sessionId });
  expect(await after.client.next("grant")).toMatchObject({ joined: true, leaderSessionId, epoch });
  const again = await resume(group, waiting.welcome);
  expect(again.welcome.resumed).toBe(true);
  expect(await electionOf(group)).toMatchObject({
    state: "leading",
    leader: { leaderSessionId, epoch },
    remainingMs: LEASE_MS,
    candidates: [{ sessionId: waiting.welcome.sessionId }],
  });
});

test("[S3] a leader that does not come back is replaced after the horizon and the clock margin, not before", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  const { epoch } = await leader.client.win();

  await abortAllDurableObjects();
  const { client } = await resume(group, waiting.welcome);
  pass(LEASE_MS + AHEAD_MS + MARGIN_MS - 1);
  expect(await fireAlarm(group)).toBe(true);
  expect(await client.settle()).toEqual([]);
  expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: 1 });
  pass(1);
  expect(await fireAlarm(group)).toBe(true);
  expect((await client.win()).epoch).toBeGreaterThan(epoch);
});

test("[S3] deadlines only grow by loading: crash upon crash never ends a lease early, nor prolongs it for ever", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  await client.win();

  for (let crashes = 0; crashes < 3; crashes += 1) {
    await abortAllDurableObjects();
    const left = LEASE_MS + AHEAD_MS + MARGIN_MS - crashes * 1_000;
    expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: left });
    pass(1_000);
  }
});

test("[S3] [S2] a socket that closed first left its exact deadline in storage: D + sigma after a crash, D without one", async () => {
  const [crashed, intact] = [freshGroup(), freshGroup()];
  const pass = stopClock();
  for (const group of [crashed, intact]) {
    const { client } = await join(group);
    await client.win();
    client.drop();
    await client.closed;
    expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: LEASE_MS });
  }

  await evictDurableObject(objectOf(crashed), { webSockets: "close" });
  expect(await electionOf(crashed)).toMatchObject({ state: "leading", remainingMs: LEASE_MS + MARGIN_MS });
  pass(LEASE_MS);
  expect(await electionOf(intact)).toBeUndefined(); // the session is over as well, and there was no other
  expect(await electionOf(crashed)).toMatchObject({ state: "leading", remainingMs: MARGIN_MS });
  pass(MARGIN_MS);
  expect(await electionOf(crashed)).toBeUndefined();
});

test("[S9] a term that the returning process does not name has ended, and the next one is asked at once", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, waiting] = [await join(group), await join(group)];
  const { epoch } = await leader.client.win();

  await abortAllDurableObjects();
  const { client } = await resume(group, waiting.welcome);
  expect(await client.settle()).toEqual([]);
  const back = await resume(group, leader.welcome, { held: [] });
  expect(back.welcome).toMatchObject({ resumed: true, held: [] });
  expect((await client.win()).epoch).toBeGreaterThan(epoch);
});

test("[S9] [S5] a grant that was lost on the way ends with the resume; the next has another id and a higher epoch", async () => {
  const group = freshGroup();
  stopClock();
  const before = await join(group);
  const lost = await before.client.next("grant");

  await abortAllDurableObjects();
  const { leaderSessionId, epoch } = lost;
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId, epoch } });
  const { client, welcome } = await resume(group, before.welcome, { held: [] });
  expect(welcome).toMatchObject({ resumed: true, held: [] });
  const next = await client.next("grant");
  expect(next).toMatchObject({ joined: false });
  expect(next.epoch).toBeGreaterThan(lost.epoch);
  expect(await client.renew(lost.leaderSessionId)).toEqual([]);
});

test("[S12] a session that is lost with the object is forgotten D after it came back, with its place and its observers", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const { leaderSessionId } = await leader.client.win();
  await join(group, { observe: true });

  await abortAllDurableObjects();
  expect(await objectOf(group).status({ policy: { leaseMs: LEASE_MS } })).toMatchObject({ sessions: 2 });
  pass(LEASE_MS - 1);
  const { welcome } = await resume(group, leader.welcome, { held: [leaderSessionId] });
  expect(welcome).toMatchObject({ resumed: true, held: [leaderSessionId] });
  pass(1);
  expect(await objectOf(group).status({ policy: { leaseMs: LEASE_MS } })).toMatchObject({
    sessions: 1,
    elections: [{ leader: { leaderSessionId }, candidates: [] }],
  });
  expect((await rowsOf(group))["session"]).toHaveLength(1);
});

test("[N5] [O1] a record is still there after a crash, and observers that return get it again", async () => {
  const group = freshGroup();
  stopClock();
  const leader = await join(group);
  const observer = await join(group, { contenders: [], observe: true });
  const { leaderSessionId } = await leader.client.win();
  leader.client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId, address: "tcp://one" });
  await leader.client.next("confirmed");

  await abortAllDurableObjects();
  await resume(group, leader.welcome, { held: [leaderSessionId] });
  const { client } = await resume(group, observer.welcome, { contenders: [], observe: true });
  expect(await client.next("leaders")).toMatchObject({
    snapshot: true,
    leaders: [{ component: "dispatcher", leader: { leaderSessionId, address: "tcp://one" } }],
  });
});

test("[S5] epochs grow across incarnations, however wrong the wall clock of the next host is", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const first = await leader.client.win();

  await abortAllDurableObjects();
  pass(-500); // the next host's clock stands behind the last one's
  const { client } = await resume(group, leader.welcome, { held: [first.leaderSessionId] });
  client.send({ type: "resign", leaderSessionId: first.leaderSessionId });
  await client.next("grant");
  expect((await client.win()).epoch).toBe(first.epoch + 1);
});
