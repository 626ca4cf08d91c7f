/** What operators do to a group as a whole, over HTTP and RPC: pause, cleanup, restore. */
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { PATIENCE_MS } from "../../../tools/harness/patience.ts";
import { platformBookmarks } from "../../../worker/durable-object/bookmarks.ts";
import { wrong } from "../../support/wrong.ts";
import {
  AHEAD_MS,
  alarmOf,
  ask,
  electionOf,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  type Row,
  resume,
  rowsOf,
  statusOf,
  stopClock,
} from "../support.ts";

const MARGIN_MS = 1_000;
const POLICY = { leaseMs: LEASE_MS };

/**
 * The open-source runtime has no point-in-time recovery: gives the incarnation of now a bookmark that leads back to
 * these rows. The platform's own restarts the object, too.
 */
const bookmark = (group: string, rows: readonly Row[]): Promise<void> =>
  runInDurableObject(objectOf(group), (object, { storage: { sql } }) => {
    const restore = async (): Promise<void> => {
      sql.exec("DELETE FROM stored");
      for (const { key, sequence, row } of rows) sql.exec("INSERT INTO stored VALUES (?, ?, ?)", key, sequence, row);
    };
    Object.assign(object, { bookmarks: () => ({ find: async () => "bookmark", restore }) });
  });

test("while paused nothing is granted and who leads goes on; resumed, the queue goes on", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, next] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();

  expect(await ask("POST", pathOf(group, "/pause"))).toMatchObject({ status: 200, body: { paused: true } });
  expect((await ask("POST", pathOf(group, "/pause"))).body).toEqual({ paused: true });
  pass(LEASE_MS / 2);
  expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  leader.client.send({ type: "resign", leaderSessionId });
  await leader.client.settle();
  expect(await next.client.settle()).toEqual([]);
  expect((await ask("GET", pathOf(group))).body).toMatchObject({ paused: true, elections: [{ state: "vacant" }] });
  expect((await ask("POST", pathOf(group, "/resume"))).body).toEqual({ paused: false });
  await next.client.win();
});

test.each([
  ["evicted", (group: string) => evictDurableObject(objectOf(group))],
  ["aborted", () => abortAllDurableObjects()],
])(
  "[N5] a pause outlives an object that is %s: the leader goes on, and nobody is granted until it is resumed",
  async (_, end) => {
    const group = freshGroup();
    const pass = stopClock();
    const [leader, next] = [await join(group), await join(group)];
    const { leaderSessionId } = await leader.client.win();
    await ask("POST", pathOf(group, "/pause"));
    await end(group);

    expect(await statusOf(group)).toMatchObject({ paused: true, elections: [{ state: "leading" }] });
    const back = await resume(group, leader.welcome, { held: [leaderSessionId] });
    expect(back.welcome.held).toEqual([leaderSessionId]);
    expect(await back.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
    const waiting = await resume(group, next.welcome);
    back.client.send({ type: "resign", leaderSessionId });
    await back.client.settle();
    await end(group);
    pass(LEASE_MS * 3);
    await fireAlarm(group);
    expect(await statusOf(group)).toMatchObject({ paused: true });
    const again = await resume(group, waiting.welcome, { attempt: 2 });
    const fresh = await join(group);
    for (const { client } of [again, fresh]) expect(await client.settle()).toEqual([]);
    expect((await ask("POST", pathOf(group, "/resume"))).body).toEqual({ paused: false });
    await again.client.win();
  },
);

test("a cleanup keeps the history, and with it whom it has ended", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group, { process: { name: "one" } });
  await client.win();
  await ask("DELETE", pathOf(group, "?force=true"));

  await abortAllDurableObjects();
  expect((await ask("GET", pathOf(group, "/history"))).body).toMatchObject({
    terms: [{ process: "one", reason: "revoked" }],
  });
});

test("[S5] a cleanup is refused while contenders are registered, unless it is forced", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  await client.win();
  const before = await rowsOf(group);

  for (const query of ["", "?force=false", "?force=1", "?force"]) {
    const refused = await ask("DELETE", pathOf(group, query));
    expect(errorOf(refused)).toMatchObject({ status: 409, code: "contenders_registered" });
  }
  expect(await rowsOf(group)).toEqual(before);
  expect(await ask("DELETE", pathOf(group, "?force=true"))).toMatchObject({ status: 200, body: { ok: true } });
  expect(await client.closed).toMatchObject({ code: 1012 });
  expect(await ask("DELETE", pathOf(group))).toMatchObject({ status: 200, body: { ok: true } });
});

test("[S5] a forced cleanup keeps the epoch and holds off until the last horizon and the clock margin are over", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const old = await join(group, { observe: true });
  const { leaderSessionId, epoch } = await old.client.win();
  const fence = { body: { component: "dispatcher", leaderSessionId, epoch } };

  await ask("DELETE", pathOf(group, "?force=true"));
  expect((await ask("GET", pathOf(group))).body).toMatchObject({ epoch, sessions: 0, elections: [] });
  expect((await ask("POST", pathOf(group, "/fence"), fence)).body).toMatchObject({ current: false });
  const kinds = Object.keys(await rowsOf(group));
  for (const kind of ["session", "election", "record"]) expect(kinds).not.toContain(kind);

  const { client, welcome } = await resume(group, old.welcome, { held: [leaderSessionId] });
  expect(welcome).toMatchObject({ resumed: false, held: [] });
  pass(LEASE_MS + AHEAD_MS + MARGIN_MS - 1);
  await fireAlarm(group);
  expect(await client.settle()).toEqual([]);
  expect(await alarmOf(group)).toBe(Date.now() + 1);
  pass(1);
  await fireAlarm(group);
  expect((await client.win()).epoch).toBeGreaterThan(epoch);
});

const HALF_AN_HOUR_MS = 1_800_000;

test("[S2] [S3] a leader is gone and the clock was set back: a revoke hands over when no lease can run any more", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, next] = [await join(group), await join(group)];
  await leader.client.win();
  leader.client.drop();
  await leader.client.closed;
  pass(-HALF_AN_HOUR_MS);
  expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: HALF_AN_HOUR_MS + LEASE_MS });

  const revoked = ask("POST", pathOf(group, "/elections/process/revoke"));
  await vi.waitFor(async () => expect(await electionOf(group)).toMatchObject({ state: "revoking" }));
  const longest = LEASE_MS + AHEAD_MS + MARGIN_MS;
  expect(await electionOf(group)).toMatchObject({ remainingMs: longest });
  expect(await alarmOf(group)).toBe(Date.now() + longest);
  pass(longest - 1);
  await fireAlarm(group);
  expect(await next.client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  await next.client.win();
  expect(await revoked).toMatchObject({ status: 200, body: { to: next.welcome.sessionId } });
});

test("[S5] the clock was set back: a forced cleanup holds off for as long as a lease can run, and so does one after it", async () => {
  const group = freshGroup();
  const pass = stopClock();
  await (await join(group)).client.win();
  for (const setBackMs of [HALF_AN_HOUR_MS / 2, HALF_AN_HOUR_MS / 2]) {
    await abortAllDurableObjects();
    pass(-setBackMs);
    await ask("DELETE", pathOf(group, "?force=true"));
  }
  const { client } = await join(group);
  pass(LEASE_MS + AHEAD_MS + MARGIN_MS - 1);
  await fireAlarm(group);
  expect(await client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  await client.win();
});

test("[S5] a cleanup of a group where nobody leads holds nobody off", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { epoch } = await client.win();
  client.send({ type: "deregister", component: "dispatcher" });
  await client.next("deregistered");

  await ask("DELETE", pathOf(group, "?force=true"));
  const fresh = await join(group);
  expect((await fresh.client.win()).epoch).toBeGreaterThan(epoch);
});

test("a cleanup answers the operator whose revoke is still waiting, and leaves no election behind", async () => {
  const group = freshGroup();
  stopClock();
  const { client, welcome } = await join(group);
  await client.win();

  const order = ask("POST", pathOf(group, "/elections/process/revoke"));
  await client.next("revoke");
  await ask("DELETE", pathOf(group, "?force=true"));
  expect((await order).body).toMatchObject({ from: welcome.sessionId, to: null });
  expect((await ask("GET", pathOf(group))).body).toMatchObject({ elections: [] });
});

test("[S5] a restore ends every term, waits until the last horizon is over, and the next epoch is the highest ever", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const old = await join(group, { observe: true });
  const first = await old.client.win();
  old.client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId: first.leaderSessionId });
  await old.client.next("confirmed");
  await bookmark(group, Object.values(await rowsOf(group)).flat());
  pass(1_000);
  old.client.send({ type: "resign", leaderSessionId: first.leaderSessionId });
  const second = await old.client.win();

  let isRestored = false;
  const restored = objectOf(group)
    .restore({ policy: POLICY, at: Date.now() })
    .then(() => {
      isRestored = true;
    });
  expect(await old.client.next("revoke")).toMatchObject({ leaderSessionId: second.leaderSessionId });
  old.client.send({ type: "release", leaderSessionId: second.leaderSessionId });
  expect(await old.client.settle()).not.toContainEqual(expect.objectContaining({ type: "grant" }));
  expect(await alarmOf(group)).toBeLessThanOrEqual(Date.now() + LEASE_MS + AHEAD_MS + MARGIN_MS);
  pass(LEASE_MS + AHEAD_MS + MARGIN_MS - 1);
  await fireAlarm(group);
  expect(await electionOf(group)).toMatchObject({ state: "vacant" });
  expect(await statusOf(group)).toMatchObject({ paused: true, epoch: second.epoch });
  expect(isRestored).toBe(false);
  pass(1);
  await fireAlarm(group);
  await restored;

  await abortAllDurableObjects();
  expect(await statusOf(group)).toMatchObject({ epoch: first.epoch });
  await objectOf(group).finishRestore({ policy: POLICY });
  await objectOf(group).finishRestore({ policy: POLICY });
  expect(await statusOf(group)).toMatchObject({ paused: false });
  expect(await objectOf(group).getLeader({ policy: POLICY, component: "dispatcher" })).toBeNull();
  const { client } = await join(group);
  const third = await client.win();
  expect(third.epoch).toBeGreaterThan(second.epoch);
});

test("[S5] nobody opens a group between its last leader's end and the moment in which its storage has gone back", async () => {
  const group = freshGroup();
  stopClock();
  await join(group, { contenders: [], observe: true });

  const refusals = await runInDurableObject(objectOf(group), async (object) => {
    const [reached, goesBack] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const restore = (): Promise<void> => {
      reached.resolve();
      return goesBack.promise;
    };
    Object.assign(object, { bookmarks: () => ({ find: async () => "bookmark", restore }) });
    const restored = object.restore({ policy: POLICY, at: Date.now() });
    await reached.promise;
    const opens = [
      () => object.setPaused({ policy: POLICY, paused: false }),
      () => object.finishRestore({ policy: POLICY }),
    ];
    const refused = opens.map((open) => (async () => open())().then(String, String));
    goesBack.resolve();
    await restored;
    return Promise.all(refused);
  });
  expect(refusals).toEqual(Array(2).fill("Error: a restore is under way: try again when the group is back"));
  const { client } = await join(group);
  expect(await client.settle()).toEqual([]);
  expect(await statusOf(group)).toMatchObject({ paused: true });
});

test("[S5] the platform's restore answers first and restarts the object then; until that is done nobody opens the group", async () => {
  const group = freshGroup();
  stopClock();
  await join(group, { contenders: [], observe: true });
  const steps: string[] = [];
  await runInDurableObject(objectOf(group), (object, context) => {
    const storage = {
      getBookmarkForTime: async () => "bookmark",
      onNextSessionRestoreBookmark: async (bookmark: string) => steps.push(bookmark),
      sync: async () => steps.push("synced"),
    };
    const abort = (reason: string): void => {
      steps.push(reason);
      context.abort(reason);
    };
    Object.assign(object, { bookmarks: () => platformBookmarks(wrong({ storage, abort })) });
  });

  await objectOf(group).restore({ policy: POLICY, at: Date.now() });
  expect(steps).toEqual(["bookmark", "synced"]);
  const early = await runInDurableObject(objectOf(group), (object) =>
    (async () => object.finishRestore({ policy: POLICY }))().then(String, String),
  );
  expect(early).toContain("a restore is under way");
  await vi.waitFor(() => expect(steps).toHaveLength(3), { timeout: PATIENCE_MS });
  expect(steps[2]).toBe("restored to an earlier point: call finishRestore()");
  await objectOf(group).finishRestore({ policy: POLICY });
  await (await join(group)).client.win();
});

test("[S5] a restore is refused where the platform has none, before anything has changed", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  const before = await rowsOf(group);

  const refusal = await runInDurableObject(objectOf(group), (object) =>
    object.restore({ policy: POLICY, at: Date.now() }).catch((error: unknown) => String(error)),
  );
  expect(refusal).toContain("does not implement point-in-time recovery");
  expect(await rowsOf(group)).toEqual(before);
  expect(await client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  expect(await client.settle()).toEqual([]);
});
