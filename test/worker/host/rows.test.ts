/** What storage costs: rows and commits as the platform counts and bills them, step by step. */

import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { LivePeer } from "../../../tools/harness/live-peer.ts";
import {
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
  rowsOf,
  stopClock,
} from "../support.ts";

const NOTHING = { rowsWritten: 0, commits: 0 };

const confirm = async (client: LivePeer, leaderSessionId: string, address: string): Promise<void> => {
  client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId, address });
  await client.next("confirmed");
};

test.each([1, 8])(
  "[C2] [N3] hand-over by resign of %i components: one exchange and one commit, with the epoch and the horizon of the next term",
  async (count) => {
    const group = freshGroup();
    stopClock();
    const contenders = Array.from({ length: count }, (_, index) => ({ component: `component-${index}` }));
    const [leader, next] = [await join(group, { contenders }), await join(group, { contenders })];
    const { leaderSessionId } = await leader.client.win();

    let granted = "";
    const handOver = await counted(group, async () => {
      leader.client.send({ type: "resign", leaderSessionId, sentAt: leader.client.sentAt() });
      granted = (await next.client.next("grant")).leaderSessionId;
    });
    // The group's epoch, the election, the place of who resigned, the ended term.
    // Out go the grant, and the question to who is next now.
    expect(handOver).toMatchObject({ commits: 1, rowsWritten: 4, framesIn: 1, framesOut: 2 });
    expect(await counted(group, () => next.client.renew(granted))).toMatchObject(NOTHING);
  },
);

test("[O1] hand-over of a published leadership costs one row more: the record that goes", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, next] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();
  await confirm(leader.client, leaderSessionId, "tcp://one");

  const handOver = await counted(group, async () => {
    leader.client.send({ type: "resign", leaderSessionId, sentAt: leader.client.sentAt() });
    await next.client.win();
  });
  expect(handOver).toMatchObject({ commits: 1, rowsWritten: 5, framesIn: 2, framesOut: 3 });
});

test("[S3] a renewal below the horizon costs no row; beyond it, one row for each W", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  await fireAlarm(group);

  const below = await counted(group, async () => {
    for (let renewals = 0; renewals < 4; renewals += 1) {
      pass(500);
      await client.renew(leaderSessionId);
    }
  });
  expect(below).toMatchObject({ ...NOTHING, framesIn: 4, framesOut: 4 });
  pass(500);
  expect(await counted(group, () => client.renew(leaderSessionId))).toMatchObject({ commits: 1, rowsWritten: 1 });
  const minute = await counted(group, async () => {
    for (let renewals = 0; renewals < 120; renewals += 1) {
      pass(500);
      await client.renew(leaderSessionId);
    }
  });
  // Every fifth renewal reaches beyond D + W: 2,500 ms, since renewals come every 500 ms.
  expect(minute).toMatchObject({ commits: 24, rowsWritten: 24, alarms: 0 });
});

test("[O3] [K3] one confirm is one commit, the same again costs nothing, another address is one more", async () => {
  const group = freshGroup();
  stopClock();
  const observer = await join(group, { contenders: [], observe: ["dispatcher"] });
  await observer.client.next("leaders");
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();

  // The record, and the group's revision.
  expect(await counted(group, () => confirm(client, leaderSessionId, "a"))).toMatchObject({
    commits: 1,
    rowsWritten: 2,
  });
  expect((await observer.client.next("leaders")).leaders).toMatchObject([{ leader: { address: "a" } }]);
  expect(await counted(group, () => confirm(client, leaderSessionId, "a"))).toMatchObject({ ...NOTHING, framesOut: 1 });
  expect(await counted(group, () => confirm(client, leaderSessionId, "b"))).toMatchObject({
    commits: 1,
    rowsWritten: 2,
  });
  expect((await observer.client.next("leaders")).leaders).toMatchObject([{ leader: { address: "b" } }]);
  expect(await observer.client.settle()).toEqual([]);
});

test("[K2] [K5] a confirm that is stale, foreign or of another component costs nothing and changes nothing", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, other] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();
  await confirm(leader.client, leaderSessionId, "tcp://one");
  const before = await rowsOf(group);

  const costs = await counted(group, async () => {
    for (const [client, component, id] of [
      [other.client, "dispatcher", leaderSessionId],
      [other.client, "dispatcher", "stale"],
      [leader.client, "dispatcher", "stale"],
      [leader.client, "unknown", leaderSessionId],
    ] as const) {
      client.send({ type: "confirm", id: "wrong", component, leaderSessionId: id, address: "tcp://two" });
      expect(await client.next("error")).toMatchObject({ code: "not_leader", id: "wrong", component });
    }
  });
  expect(costs).toMatchObject(NOTHING);
  expect(await rowsOf(group)).toEqual(before);
});

test("[S4] a heartbeat costs no row; the sign of life of a waiting contender one, every few minutes", async () => {
  const group = freshGroup();
  const pass = stopClock();
  await ask("POST", pathOf(group, "/pause"));
  const { client, welcome } = await join(group);

  const idle = await counted(group, async () => {
    for (let beats = 0; beats < 20; beats += 1) {
      await client.ping();
      await client.settle();
    }
    pass(welcome.checkEveryMs * 0.9 - 1);
    await client.settle();
  });
  expect(idle).toMatchObject({ ...NOTHING, framesIn: 21 });
  pass(1);
  expect(await counted(group, () => client.settle())).toMatchObject({ commits: 1, rowsWritten: 1 });
  expect(await counted(group, () => client.settle())).toMatchObject(NOTHING);
});

test("a process joins for one row beside the group's, however much it contends for and watches", async () => {
  const group = freshGroup();
  stopClock();
  await join(group);

  const contenders = ["a", "b", "c"].map((component) => ({ component }));
  const joins = await counted(group, () => join(group, { contenders, observe: ["a", "b"] }));
  expect(joins).toMatchObject({ commits: 1, rowsWritten: 1 });
  const dedicated = await counted(group, () =>
    join(group, { contenders: [{ component: "d", election: "dedicated" }] }),
  );
  // Its election, granted at once: a row of its own, and the group's epoch.
  expect(dedicated).toMatchObject({ commits: 1, rowsWritten: 3 });
});

test("[S12] a lost follower costs no row, a lost leader two: its loss, and the exact end of its lease", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, follower] = [await join(group), await join(group)];
  await leader.client.win();

  for (const [client, rowsWritten] of [
    [follower.client, 0],
    [leader.client, 2],
  ] as const) {
    const loss = await counted(group, () => {
      client.drop();
      return client.closed;
    });
    expect(loss).toMatchObject({ commits: Math.min(1, rowsWritten), rowsWritten });
  }
});

test("[E16] a look at a group that nobody has used stores nothing at all, not even a table", async () => {
  const group = freshGroup();
  const fence = { body: { component: "dispatcher", leaderSessionId: "l", epoch: 1 } };
  await ask("GET", pathOf(group));
  await ask("GET", pathOf(group, "/leaders/dispatcher"));
  await ask("GET", pathOf(group, "/history"));
  await ask("GET", pathOf(group, "/metrics"));
  await ask("POST", pathOf(group, "/fence"), fence);
  await ask("POST", pathOf(group, "/elections/process/revoke"));
  expect(await objectOf(group).quarantined()).toEqual([]);

  expect(await rowsOf(group)).toEqual({});
  expect(await objectOf(group).counters()).toMatchObject(NOTHING);
  expect(await runInDurableObject(objectOf(group), (_, { storage }) => storage.getAlarm())).toBeNull();
});

test("a socket that never sends a hello stores nothing but the alarm that will close it", async () => {
  const group = freshGroup();
  stopClock();
  const client = await connect(group);

  await fireAlarm(group);
  client.drop();
  await client.closed;
  expect(await rowsOf(group)).toEqual({});
  expect(await objectOf(group).counters()).toMatchObject(NOTHING);
});

test("looking at a group that is used costs no row", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  await client.win();

  const looks = await counted(group, async () => {
    for (const path of ["", "/history", "/leaders/dispatcher", "/metrics"]) await ask("GET", pathOf(group, path));
    await electionOf(group);
    await objectOf(group).checkFence({
      policy: { leaseMs: LEASE_MS },
      question: { component: "dispatcher", leaderSessionId: "l", epoch: 1 },
    });
  });
  expect(looks).toMatchObject({ ...NOTHING, framesIn: 0, framesOut: 0 });
});

test("[S19] a leadership is called current by a write, which a replaced object can't make; any other answer costs no row", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId, epoch } = await client.win();
  const asked = (question: { readonly leaderSessionId: string; readonly epoch: number }) =>
    counted(group, () => objectOf(group).checkFence({ question: { component: "dispatcher", ...question } }));
  expect((await asked({ leaderSessionId, epoch })).rowsWritten).toBe(1);
  expect((await asked({ leaderSessionId: "another", epoch })).rowsWritten).toBe(0);
});
