/** What is stored, and under which settings: both outlive the object. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { Store } from "../../../worker/durable-object/store.ts";
import { createPolicy } from "../../../worker/group/policy.ts";
import { load, type Rows, save } from "../../../worker/group/rows.ts";
import type { PolicyOptions, TermStatus } from "../../../worker/index.ts";
import {
  alarmOf,
  ask,
  connect,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  type Row,
  resume,
  rowsOf,
  serverWith,
  stopClock,
} from "../support.ts";

/** A group with something in every table, and in every state that an election can have. */
async function populate(group: string): Promise<void> {
  const server = serverWith({ leaseMs: LEASE_MS, preempt: { cooldownMs: 0 } });
  const dedicated = (component: string) => ({ component, election: "dedicated" }) as const;
  const process = { name: "leader", address: "tcp://one", metadata: { zone: "a" } };
  const leader = await join(group, { process, priority: 3, contenders: [{ component: "dispatcher" }] }, { server });
  const first = await leader.client.win();
  leader.client.send({ type: "resign", leaderSessionId: first.leaderSessionId });
  const { leaderSessionId } = await leader.client.win();
  leader.client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId });
  await leader.client.next("confirmed");

  const other = await join(group, { contenders: [dedicated("draining")], observe: ["dispatcher"] }, { server });
  await other.client.win();
  await join(group, { priority: 9, contenders: [dedicated("draining")] }, { server });
  await other.client.next("revoke");
  const last = await join(
    group,
    { contenders: [dedicated("leading"), dedicated("vacant")], observe: true },
    { server },
  );
  const grants = [await last.client.next("grant"), await last.client.next("grant")];
  const vacant = grants.find(({ election }) => election === "component:vacant");
  last.client.silent = true;
  last.client.send({ type: "release", leaderSessionId: vacant?.leaderSessionId ?? "" });
  await last.client.next("next");
  await other.client.settle();
}

/** Rows without the order in which their tables happen to list them. */
const canonical = ({ group, ...tables }: Rows): object => ({
  group,
  ...Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [table, rows.map((row) => JSON.stringify(row)).sort()]),
  ),
});

test("load(save(state)) is the identity on everything stored, and so is a reload of the object", async () => {
  const group = freshGroup();
  stopClock();
  await populate(group);
  const before = await rowsOf(group);
  const stateOf = () => ask("GET", pathOf(group)).then(({ body }) => body);
  const status = await stateOf();
  expect(status).toMatchObject({
    elections: [{ state: "revoking" }, { state: "leading" }, { state: "vacant" }, { state: "leading" }],
  });

  await evictDurableObject(objectOf(group));
  expect(await stateOf()).toEqual(status);
  expect(await rowsOf(group)).toEqual(before);
  const [stored, reloaded] = await runInDurableObject(objectOf(group), (_, { storage }) => {
    const { rows } = new Store(storage, () => expect.fail("a row can't be read")).load(Date.now());
    return [rows, save(load(rows, createPolicy({ leaseMs: LEASE_MS })))];
  });
  expect(canonical(reloaded)).toEqual(canonical(stored));
});

test("a turn that writes more rows than one statement takes is one commit", async () => {
  const group = freshGroup();
  stopClock();
  const count = 40;
  for (let joined = 0; joined < count; joined += 1) await join(group, { contenders: [] });
  await evictDurableObject(objectOf(group), { webSockets: "close" });

  await ask("GET", pathOf(group));
  expect(await objectOf(group).counters()).toMatchObject({ commits: 1, rowsWritten: count });
  const sessions = (await rowsOf(group))["session"] ?? [];
  expect(sessions).toHaveLength(count);
  for (const { row } of sessions) expect(JSON.parse(String(row))).toMatchObject({ link: { type: "lost" } });
});

test("[S3] a group that an earlier layout has stored is not begun anew: its leases would be forgotten", async () => {
  const earlier = "CREATE TABLE election (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID";
  await runInDurableObject(objectOf(freshGroup()), (_, { storage }) => {
    storage.sql.exec(earlier);
    const report = () => expect.fail("a row can't be read");
    expect(() => new Store(storage, report)).toThrow("in a layout that is no longer read");
    storage.sql.exec("DROP TABLE election");
    expect(new Store(storage, report).load(Date.now()).rows.sessions).toEqual([]);
  });
});

test("[S9] secrets are stored as hashes only", async () => {
  const group = freshGroup();
  stopClock();
  const first = await join(group);
  const { welcome } = await resume(group, first.welcome);

  const rows = JSON.stringify(await rowsOf(group));
  expect(rows).toContain(welcome.sessionId);
  expect(rows).not.toContain(welcome.secret);
  expect(rows).not.toContain(first.welcome.secret);
});

test("the history is kept across reloads, and overwritten from its oldest term on", async () => {
  const group = freshGroup();
  stopClock();
  const server = serverWith({ leaseMs: LEASE_MS, limits: { historyRows: 3 } });
  const { client } = await join(group, {}, { server });
  const epochs: number[] = [];
  for (let terms = 0; terms < 5; terms += 1) {
    const { leaderSessionId, epoch } = await client.win();
    epochs.unshift(epoch);
    client.send({ type: "resign", leaderSessionId, sentAt: client.sentAt() });
    await client.settle();
    await evictDurableObject(objectOf(group));
  }

  const { body } = await ask("GET", pathOf(group, "/history"), { server });
  const ended = epochs.slice(0, 2).map((epoch) => ({ epoch, reason: "resigned" }));
  expect(body).toMatchObject({ terms: [{ endedAt: null }, ...ended] });
  expect((await rowsOf(group))["term"]).toHaveLength(3);
});

test.each([
  ["grows", [3, 6], 5],
  ["shrinks", [6, 3], 3],
  ["shrinks to a divisor of what it was", [4, 2], 2],
] as const)("a history whose limit %s keeps its newest terms, in their order", async (_, [first, then], kept) => {
  const group = freshGroup();
  stopClock();
  const epochs: number[] = [];
  const lead = async (historyRows: number, rounds: number): Promise<void> => {
    const server = serverWith({ leaseMs: LEASE_MS, limits: { historyRows } });
    const { client } = await join(group, {}, { server });
    for (let round = 0; round < rounds; round += 1) {
      const { leaderSessionId, epoch } = await client.win();
      epochs.unshift(epoch);
      if (round < rounds - 1) client.send({ type: "resign", leaderSessionId });
    }
    client.send({ type: "bye" });
    await client.closed;
  };
  await lead(first, 8);
  await lead(then, 2);

  const server = serverWith({ leaseMs: LEASE_MS, limits: { historyRows: then } });
  const { body } = await ask("GET", pathOf(group, "/history"), { server });
  expect(body).toMatchObject({ terms: epochs.slice(0, kept).map((epoch) => ({ epoch })) });
  expect((await rowsOf(group))["term"]).toHaveLength(kept);
});

test("[O9] a contender that takes and gives up the lead without end empties nobody else's history, and a term costs one row", async () => {
  const group = freshGroup();
  stopClock();
  const policy = { leaseMs: LEASE_MS, limits: { historyRows: 10 } };
  const cycle = async (subject: string, terms: number): Promise<void> => {
    const server = serverWith(policy, { authorize: () => ({ role: "contend", subject }) });
    const { client } = await join(group, {}, { server });
    for (let term = 0; term < terms; term += 1) {
      const { leaderSessionId } = await client.win();
      client.send({ type: "resign", leaderSessionId, sentAt: client.sentAt() });
    }
    client.send({ type: "bye" });
    await client.closed;
  };
  const subjects = async (): Promise<unknown[]> =>
    ((await rowsOf(group))["term"] ?? []).map(({ row }) => JSON.parse(String(row)).subject);
  await cycle("quiet", 3);
  await cycle("loud", 20);
  await evictDurableObject(objectOf(group));
  await cycle("loud", 20);
  const kept = await subjects();
  expect(kept).toHaveLength(10);
  expect(kept.filter((subject) => subject === "quiet")).toHaveLength(4);
  const { body } = await ask("GET", pathOf(group, "/history"), { server: serverWith(policy) });
  expect(body).toMatchObject({ terms: Array.from({ length: 10 }, () => ({ election: "process" })) });
  expect(JSON.stringify(body)).not.toContain("loud");
});

test("the history shows how long nobody led even where the election was forgotten meanwhile", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const gaps = async (query = "") => {
    const { body } = await ask<{ readonly terms: readonly TermStatus[] }>("GET", pathOf(group, `/history${query}`));
    return body.terms.map(({ gapMs }) => gapMs);
  };
  for (const waitMs of [700, 900]) {
    const { client } = await join(group);
    await client.win();
    client.send({ type: "deregister", component: "dispatcher" });
    await client.next("deregistered");
    pass(waitMs);
  }
  const other = await join(group, { contenders: [{ component: "sync", election: "dedicated" }] });
  await other.client.win();
  const last = await join(group);
  await last.client.win();
  expect(await gaps()).toEqual([900, null, 700, null]);
  expect(await gaps("?limit=3")).toEqual([900, null, null]); // by what the answer has
});

const policyRow = async (group: string): Promise<Row | undefined> => (await rowsOf(group))["policy"]?.[0];
const policyAs = (policy: PolicyOptions) => ({ key: "policy", sequence: null, row: JSON.stringify(policy) });

test("a change of policy is stored with the next rows, not by a look, and the object works by it after it has slept", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [short, long] = [{ leaseMs: 2_000 }, { leaseMs: 8_000, drainMs: 3_000 }];
  const leader = await join(group, {}, { server: serverWith(short) });
  const next = await join(group, {}, { server: serverWith(short) });
  expect(leader.welcome).toMatchObject({ lease: { durationMs: 2_000 }, askTimeoutMs: 590 });
  const { leaderSessionId } = await leader.client.win();
  expect(await policyRow(group)).toEqual(policyAs(short));

  await ask("GET", pathOf(group), { server: serverWith(long) });
  expect(await policyRow(group)).toEqual(policyAs(short));
  const third = await join(group, {}, { server: serverWith(long) });
  expect(third.welcome).toMatchObject({ lease: { durationMs: 8_000 }, askTimeoutMs: 2_300, drainMs: 3_000 });
  expect(await policyRow(group)).toEqual(policyAs(long));
  pass(500); // the next one's statement is too old by now
  next.client.silent = true;
  await evictDurableObject(objectOf(group));
  leader.client.send({ type: "resign", leaderSessionId });
  await next.client.next("next");
  expect(await alarmOf(group)).toBeLessThanOrEqual(Date.now() + 2_300);
  pass(2_299);
  await fireAlarm(group);
  expect(await third.client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  await third.client.win();
});

test("[S2] a shorter policy does not shorten a running term: a leader that was promised D keeps D until it ends", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [long, short] = [serverWith({ leaseMs: 8_000 }), serverWith({ leaseMs: 2_000 })];
  const remaining = async (server: typeof long) => (await ask("GET", pathOf(group), { server })).body;
  const before = await join(group, {}, { server: long });
  const { leaderSessionId } = await before.client.win();

  pass(1_000);
  expect(await remaining(short)).toMatchObject({ elections: [{ remainingMs: 7_000 }] });
  expect(await before.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  expect(await remaining(short)).toMatchObject({ elections: [{ remainingMs: 8_000 }] });
  await evictDurableObject(objectOf(group));
  expect(await remaining(short)).toMatchObject({ elections: [{ remainingMs: 8_000 }] });
  const after = await resume(group, before.welcome, { held: [leaderSessionId] }, { server: short });
  expect(after.welcome).toMatchObject({ held: [leaderSessionId], lease: { durationMs: 2_000 } });
  expect(await remaining(short)).toMatchObject({ elections: [{ remainingMs: 8_000 }] });
  after.client.send({ type: "resign", leaderSessionId });
  await after.client.next("grant");
  await after.client.win();
  expect(await remaining(short)).toMatchObject({ elections: [{ remainingMs: 2_000 }] });
});

test("[S2] a longer policy counts for a client only once it has received it", async () => {
  const group = freshGroup();
  stopClock();
  const [short, long] = [serverWith({ leaseMs: 2_000 }), serverWith({ leaseMs: 8_000 })];
  const before = await join(group, {}, { server: short });
  const { leaderSessionId } = await before.client.win();

  const remaining = async () => (await ask("GET", pathOf(group), { server: long })).body;
  await remaining();
  await before.client.renew(leaderSessionId);
  expect(await remaining()).toMatchObject({ elections: [{ remainingMs: 2_000 }] });
  await resume(group, before.welcome, { held: [leaderSessionId] }, { server: long });
  expect(await remaining()).toMatchObject({ elections: [{ remainingMs: 8_000 }] });
});

test("[S12] [S9] a session that was lost under one policy and resumed under another is not forgotten", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [short, long] = [serverWith({ leaseMs: 2_000 }), serverWith({ leaseMs: 8_000 })];
  const leader = await join(group, {}, { server: short });
  await leader.client.win();
  const before = await join(group, {}, { server: short });
  before.client.drop();
  await before.client.closed;

  const { client } = await resume(group, before.welcome, {}, { server: long });
  pass(8_000);
  await fireAlarm(group);
  await client.win();
  pass(7_999);
  expect(await client.settle()).toEqual([]);
  expect((await ask("GET", pathOf(group), { server: long })).body).toMatchObject({ elections: [{ state: "leading" }] });
});

test("[N20] limits of a new policy hold for the sockets that are open already; those of frames are read first", async () => {
  const group = freshGroup();
  stopClock();
  const [one, other] = [await join(group), await join(group)];
  const { leaderSessionId } = await one.client.win();

  const limits = { metadataBytes: 20 };
  await connect(group, { server: serverWith({ leaseMs: LEASE_MS, limits }) });
  const metadata = { zone: "a".repeat(20) };
  one.client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId, metadata });
  expect(await one.client.closed).toEqual({
    code: 4400,
    reason: "metadata must be an object of strings, at most 20 bytes as JSON; it is an object",
  });

  const last = await connect(group, {
    server: serverWith({ leaseMs: LEASE_MS, limits: { ...limits, messageBytes: 300 } }),
  });
  expect(await other.client.closed).toEqual({
    code: 1012,
    reason: "the limits of the group are lower now: connect again to read them",
  });
  last.sendRaw(JSON.stringify({ type: "renew", sentAt: 1, held: [], unknown: "x".repeat(300) }));
  expect(await last.closed).toEqual({ code: 4413, reason: "a frame has at most 300 bytes" });
});
