/** Stored data that this version can't read, or that another version has written, in the real database. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, onTestFinished, test, vi } from "vitest";
import { SCHEMA_VERSION } from "../../../worker/group/schema.ts";
import {
  AHEAD_MS,
  ask,
  connect,
  electionOf,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  type Row,
  rowsOf,
  serverWith,
  stopClock,
} from "../support.ts";
import schema1 from "./stored/schema-1.json?raw";

/** D + W, and the clock margin. */
const HOLD_OFF_MS = LEASE_MS + AHEAD_MS + 1_000;

/** The lines of this group in the error log. */
function listen(group: string): () => unknown[] {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => log.mockRestore());
  return () =>
    log.mock.calls
      .map(([text]): object => JSON.parse(String(text)))
      .filter((entry) => "group" in entry && entry.group === group);
}

/** Changes the database behind the object's back; the object is loaded anew with the next event. */
async function damage(group: string, sql: string, ...values: string[]): Promise<void> {
  await runInDurableObject(objectOf(group), (_, { storage }) => void storage.sql.exec(sql, ...values));
  await evictDurableObject(objectOf(group));
}

const spoil = (group: string, key: string, row: string): Promise<void> =>
  damage(group, "UPDATE stored SET row = ? WHERE key = ?", row, key);

const rowAt = async (group: string, key: string): Promise<string> => {
  const rows = Object.values(await rowsOf(group)).flat();
  return String(rows.find((row) => row.key === key)?.row);
};

test("[S18] the version of the schema is stored with the first row, and a look stores nothing", async () => {
  const group = freshGroup();
  stopClock();
  await ask("GET", pathOf(group));
  expect(await rowsOf(group)).toEqual({});
  await join(group, { contenders: [] });
  expect(JSON.parse(await rowAt(group, "schema"))).toEqual({ version: 1, reachMs: LEASE_MS + AHEAD_MS });
});

test.each([
  ["of an unknown state", (row: string) => row.replace('"leading"', '"resting"')],
  ["without a horizon", (row: string) => row.replace(/"horizon":\d+,/, "")],
  ["that is no JSON", () => "{"],
])(
  "[S17] an election whose row is %s: named in the log, kept aside, and nobody leads before the longest lease is over",
  async (_, spoilt) => {
    const group = freshGroup();
    const lines = listen(group);
    const pass = stopClock();
    const leader = await join(group);
    const { leaderSessionId, epoch } = await leader.client.win();
    const row = spoilt(await rowAt(group, "election/process"));
    await spoil(group, "election/process", row);

    const newcomer = await join(group);
    const { unreadable } = { unreadable: lines() };
    expect(unreadable).toEqual([
      {
        level: "error",
        event: "row_unreadable",
        group,
        table: "election",
        key: "process",
        message: expect.any(String),
      },
    ]);
    expect(await objectOf(group).quarantined()).toEqual([{ key: "election/process", row }]);
    expect(await leader.client.renew(leaderSessionId)).toEqual([]);
    pass(HOLD_OFF_MS / 2);
    await evictDurableObject(objectOf(group));
    await fireAlarm(group);
    expect(await electionOf(group)).toMatchObject({ state: "vacant" });
    pass(HOLD_OFF_MS / 2);
    newcomer.client.send({ type: "bye" });
    await newcomer.client.closed;
    await fireAlarm(group);
    expect((await leader.client.win()).epoch).toBeGreaterThan(epoch);
    expect(lines()).toHaveLength(1);
  },
);

test("[S17] a column that another version has added, and fields that nobody knows, harm nobody", async () => {
  const group = freshGroup();
  const lines = listen(group);
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  await damage(group, "ALTER TABLE stored ADD COLUMN extra TEXT");
  await spoil(group, "election/process", (await rowAt(group, "election/process")).replace("{", '{"color":"red",'));
  expect(await client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  client.send({ type: "resign", leaderSessionId });
  await client.win();
  expect(lines()).toEqual([]);
});

test.each([
  ["session", (id: string) => `session/${id}`],
  ["group", () => "group"],
  ["policy", () => "policy"],
  ["schema", () => "schema"],
])("[S17] a row of a %s that can't be read is named and kept aside, and the group works on", async (table, keyOf) => {
  const group = freshGroup();
  const lines = listen(group);
  const pass = stopClock();
  const { client, welcome } = await join(group);
  const { leaderSessionId } = await client.win();
  client.send({ type: "resign", leaderSessionId });
  const { epoch } = await client.win();
  await spoil(group, keyOf(welcome.sessionId), '{"epoch":"9","leaseMs":"9","version":"9"}');

  expect(await ask("GET", pathOf(group))).toMatchObject({ status: 200 });
  expect(lines()).toContainEqual(expect.objectContaining({ event: "row_unreadable", table }));
  expect((await objectOf(group).quarantined()).map(({ key }) => key)).toContain(keyOf(welcome.sessionId));
  expect(await ask("DELETE", pathOf(group, "?force=true"))).toMatchObject({ status: 200 });
  pass(3 * HOLD_OFF_MS);
  const next = await join(group);
  expect((await next.client.win()).epoch).toBeGreaterThan(epoch);
});

test("[S17] an ended term that can't be read is left out of the history, named once, and kept aside", async () => {
  const group = freshGroup();
  const lines = listen(group);
  stopClock();
  const { client } = await join(group);
  for (let round = 0; round < 3; round += 1) {
    const { leaderSessionId } = await client.win();
    client.send({ type: "resign", leaderSessionId });
  }
  await client.win();
  await spoil(group, "term/1", "[]");

  const terms = async () =>
    (await ask<{ readonly terms: readonly object[] }>("GET", pathOf(group, "/history"))).body.terms;
  expect(await terms()).toHaveLength(3);
  expect(await terms()).toHaveLength(3);
  expect(lines()).toMatchObject([{ event: "row_unreadable", table: "term", key: "1" }]);
});

test("[S17] a group of which only the history is left, without the group's row, is no new group", async () => {
  const group = freshGroup();
  const lines = listen(group);
  stopClock();
  const { client } = await join(group);
  await client.win();
  client.send({ type: "bye" });
  await client.closed;
  expect(Object.keys(await rowsOf(group))).toEqual(["group", "policy", "schema", "term"]);
  await damage(group, "DELETE FROM stored WHERE key = 'group'");

  const next = await join(group);
  expect(lines()).toMatchObject([
    { event: "row_unreadable", table: "group", message: expect.stringContaining("missing") },
  ]);
  expect(await electionOf(group)).toMatchObject({ state: "vacant" });
  next.client.drop();
});

test.each([
  ...["election/", "record/", "session/", "job/", "group/x", "policy/x", "schema/x"],
  ...["election", "record", "session", "job", "jobs/x", "session0"],
])("[S17] a row with the key %s, which was never written, changes nothing and stays as it is", async (key) => {
  const group = freshGroup();
  const lines = listen(group);
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  await damage(group, 'INSERT INTO stored (key, row) VALUES (?, \'{"version":9,"epoch":9}\')', key);

  expect(await client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  await evictDurableObject(objectOf(group));
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId } });
  expect(lines()).toEqual([]);
  expect(await objectOf(group).quarantined()).toEqual([]);
});

test.each(["group", "schema"])(
  "[S17] a key that only begins like that of the %s does not stand for it",
  async (single) => {
    const group = freshGroup();
    const lines = listen(group);
    stopClock();
    const { client } = await join(group);
    await client.win();
    await damage(group, "UPDATE stored SET key = key || '/x' WHERE key = ?", single);

    expect(await ask("GET", pathOf(group))).toMatchObject({ status: 200 });
    expect(lines()).toMatchObject([{ event: "row_unreadable", table: single }]);
  },
);

test("[S17] forced clean-up works where every row of the group is damaged", async () => {
  const group = freshGroup();
  listen(group);
  const pass = stopClock();
  const { client } = await join(group);
  const { epoch } = await client.win();
  await damage(group, "UPDATE stored SET row = substr(row, 1, 20)");

  expect(await ask("DELETE", pathOf(group, "?force=true"))).toMatchObject({ status: 200, body: { ok: true } });
  pass(2 * 86_400_000);
  const server = serverWith({ leaseMs: LEASE_MS }, { authorize: () => ({ role: "admin" }) }); // tokens have ended by now
  const next = await join(group, {}, { server });
  expect(await electionOf(group)).toMatchObject({ state: "vacant" });
  pass(1_001);
  await fireAlarm(group);
  expect((await next.client.win()).epoch).toBeGreaterThan(epoch);
});

/** A database as it was stored by an earlier version, or would be by a later one. */
async function restored(group: string, rows: readonly Row[]): Promise<void> {
  await runInDurableObject(objectOf(group), (_, { storage: { sql } }) => {
    sql.exec("CREATE TABLE stored (key TEXT PRIMARY KEY, sequence INTEGER, row TEXT NOT NULL) WITHOUT ROWID");
    for (const { key, sequence, row } of rows) sql.exec("INSERT INTO stored VALUES (?, ?, ?)", key, sequence, row);
  });
  await evictDurableObject(objectOf(group));
}

const versions: readonly (readonly [number, readonly Row[]])[] = [[1, JSON.parse(schema1)]];

test("[S18] there is a stored group of every schema", () => {
  expect(versions.map(([version]) => version)).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1));
});

test.each(versions)("[S18] a group of schema %i is read to its last row, and goes on", async (_, rows) => {
  const group = freshGroup();
  const lines = listen(group);
  stopClock();
  await restored(group, rows);

  const { body } = await ask<{ readonly epoch: number }>("GET", pathOf(group));
  const stored = rows.find(({ key }) => key === "group");
  expect(body.epoch).toBe(JSON.parse(String(stored?.row)).epoch);
  expect(await objectOf(group).quarantined()).toEqual([]);
  expect(lines()).toEqual([]);
  const { client } = await join(group);
  expect((await client.win()).epoch).toBeGreaterThan(body.epoch);
  const history = await ask<{ readonly terms: readonly object[] }>("GET", pathOf(group, "/history"));
  expect(history.body.terms.length).toBeGreaterThan(1);
});

test("[S18] a group of a newer schema is refused: 503 with the remedy, sockets closed with 1013, one line, nothing touched", async () => {
  const group = freshGroup();
  const lines = listen(group);
  stopClock();
  const { client } = await join(group);
  await client.win();
  await spoil(group, "schema", JSON.stringify({ version: SCHEMA_VERSION + 1, unknown: true }));
  const before = await rowsOf(group);

  expect(await client.closed).toMatchObject({ code: 1013, reason: expect.stringContaining("newer version") });
  for (const [method, path] of [
    ["GET", ""],
    ["GET", "/history"],
    ["POST", "/pause"],
    ["DELETE", "?force=true"],
  ] as const) {
    expect(errorOf(await ask(method, pathOf(group, path)))).toEqual({
      status: 503,
      code: "newer_schema",
      message: expect.stringContaining("deploy that version again"),
    });
  }
  const late = await connect(group);
  expect(await late.closed).toMatchObject({ code: 1013 });
  await runDurableObjectAlarm(objectOf(group));
  expect(await rowsOf(group)).toEqual(before);
  expect(lines()).toMatchObject([{ level: "error", event: "newer_schema" }]);

  await spoil(group, "schema", JSON.stringify({ version: SCHEMA_VERSION, reachMs: 0 }));
  expect(await ask("GET", pathOf(group))).toMatchObject({ status: 200 });
});
