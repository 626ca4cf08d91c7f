/** Rows that can't be read: what becomes of their group, of its leaders, and of everybody else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_REACH_MS, sessionRow } from "../../../worker/group/row-checks.ts";
import { type RawRow, type RawRows, type ReadRows, readRow, readRows } from "../../../worker/group/stored-rows.ts";
import { acceptAll, type Move, moves } from "./moves.ts";
import type { Stored } from "./storage.ts";
import { GroupWorld } from "./world.ts";

const numRuns = Number(process.env["GROUP_RUNS"] ?? 30);
const SIGMA_MS = 1_000;
const dedicated = { component: "d", election: "dedicated" } as const;

const asRow = (key: string, row: object): RawRow => ({ key, row: JSON.stringify(row) });

/** As a store gives them. */
const rawOf = ({ rows: { group, sessions, elections, records, jobs }, history }: Stored): RawRows => ({
  ...(group !== null && { group: asRow("", group) }),
  sessions: sessions.map((row) => asRow(row.id, row)),
  elections: elections.map((row) => asRow(row.name, row)),
  records: records.map((row) => asRow(row.leader.component, row)),
  jobs: jobs.map((row) => asRow(row.name, row)),
  hasHistory: history.length > 0,
});

/** The furthest that a horizon of this group can be ahead. */
const reachOf = ({ policy }: GroupWorld): number => policy.lease.durationMs + policy.horizonAheadMs;
const boundOf = (group: GroupWorld): number => reachOf(group) + SIGMA_MS;

type Damage = (raw: RawRows) => RawRows;
type Table = "sessions" | "elections" | "records" | "jobs";

const inTable =
  (table: Table, key: string, change: (row: Record<string, unknown>) => unknown): Damage =>
  (raw) => ({
    ...raw,
    [table]: raw[table].map((row) =>
      row.key === key ? { key, row: JSON.stringify(change(JSON.parse(String(row.row)))) } : row,
    ),
  });
const without =
  (table: Table, key: string): Damage =>
  (raw) => ({ ...raw, [table]: raw[table].filter((row) => row.key !== key) });
const groupAs =
  (row: unknown): Damage =>
  (raw) => ({ ...raw, group: { key: "", row } });

/** The object crashes, and its rows are damaged before it is back. */
function wakeDamaged(group: GroupWorld, damage: Damage): ReadRows {
  const { history } = group.stored;
  const read = readRows(damage(rawOf(group.stored)), { now: group.clock, reachMs: reachOf(group) });
  group.platform.stored = { history, rows: { ...read.rows } };
  group.crash();
  return read;
}

function led(): { group: GroupWorld; leader: ReturnType<GroupWorld["join"]>; next: ReturnType<GroupWorld["join"]> } {
  const group = new GroupWorld({ drainMs: 3_000 });
  const leader = group.join("a", { contenders: ["x", dedicated], observe: true });
  acceptAll(leader);
  const next = group.join("b", { contenders: ["x", dedicated], observe: true });
  return { group, leader, next };
}

const comeBack = (group: GroupWorld): void => {
  for (const peer of group.peers) {
    peer.silent = false;
    peer.busy = [];
    if (peer.sessionId === "") peer.connect().hello();
    else peer.resume();
  }
};

const set = (path: string, value: unknown) => (row: Record<string, unknown>) => {
  const state = row["state"];
  if (path.startsWith("state.") && typeof state === "object")
    return { ...row, state: { ...state, [path.slice("state.".length)]: value } };
  return { ...row, [path]: value };
};

describe("[S17] an election whose row can't be read is vacant, and held off for the longest lease", () => {
  test.each<[string, Damage]>([
    ["of an unknown state", inTable("elections", "process", set("state", { type: "resting" }))],
    ["without a horizon", inTable("elections", "process", set("state.horizon", undefined))],
    ["with a horizon that is text", inTable("elections", "process", set("state.horizon", "1"))],
    ["with an epoch of null", inTable("elections", "process", set("state.epoch", null))],
    ["without its list of confirmations", inTable("elections", "process", set("state.confirmed", undefined))],
    ["of another election", inTable("elections", "process", set("name", "component:d"))],
    [
      "that is cut off",
      (raw) => ({
        ...raw,
        elections: raw.elections.map((row) =>
          row.key === "process" ? { ...row, row: String(row.row).slice(0, 40) } : row,
        ),
      }),
    ],
    ["that is missing, while sessions have a place in it", without("elections", "process")],
  ])("%s", (_, damage) => {
    const { group } = led();
    const { unreadable } = wakeDamaged(group, damage);
    expect(unreadable).toMatchObject([{ table: "election", key: "process" }]);
    expect(group.state.elections.get("process")?.state).toEqual({ type: "vacant", successor: null });
    expect(group.state.holdOffUntil).toBe(group.clock + boundOf(group));
    comeBack(group);
    group.run(boundOf(group) - 1, ...group.peers);
    expect(group.election().type).toBe("vacant");
    group.advance(1);
    for (const peer of group.peers) acceptAll(peer);
    expect(group.election().type).toBe("leading");
  });
});

test("[S17] the leaders of the other elections of the group go on, and keep their terms", () => {
  const { group } = led();
  const before = group.state.elections.get("component:d")?.state;
  wakeDamaged(group, inTable("elections", "process", set("state", null)));
  comeBack(group);
  group.run(boundOf(group) * 2, ...group.peers);
  const after = group.state.elections.get("component:d")?.state;
  expect(after).toMatchObject({ type: "leading", epoch: before?.type === "leading" ? before.epoch : 0 });
});

test("[S17] a wake-up after that does not hold off anew: what was mended is stored", () => {
  const { group } = led();
  const { mended } = wakeDamaged(group, without("elections", "process"));
  const { holdOffUntil } = group.state;
  expect(mended.map(({ table }) => table)).toEqual(["election", "group"]);
  group.advance(500);
  const { unreadable, mended: again } = wakeDamaged(group, (raw) => raw);
  expect([unreadable, again]).toEqual([[], []]);
  expect(group.state.holdOffUntil).toBe(holdOffUntil);
});

test.each<[string, (key: string) => Damage]>([
  ["can't be read", (key) => inTable("sessions", key, set("link", { type: "odd" }))],
  ["is missing", (key) => without("sessions", key)],
  ["has lost its places", (key) => inTable("sessions", key, (row) => ({ ...row, contenders: [], places: [] }))],
])("[S17] a holder whose session %s keeps nobody waiting for longer than the longest lease", (_, damage) => {
  const { group, leader, next } = led();
  const { unreadable } = wakeDamaged(group, damage(leader.sessionId));
  expect(
    unreadable
      .filter(({ table }) => table === "election")
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["component:d", "process"]);
  next.resume();
  group.run(boundOf(group) - 1, next);
  expect(group.election().type).toBe("vacant");
  group.advance(1);
  acceptAll(next);
  expect(group.holder()).toBe("b");
});

test("[S17] [O1] a record without its term is withdrawn, and observers are told", () => {
  const { group, leader, next } = led();
  leader.confirm("x", { leaderSessionId: leader.grants.get("process")?.leaderSessionId ?? "", address: "here" });
  expect(group.state.published.size).toBe(1);
  wakeDamaged(group, inTable("elections", "process", set("state", 1)));
  expect(group.state.published.size).toBe(0);
  expect(group.stored.rows.records).toEqual([]);
  next.resume();
});

const cutOff =
  (table: Table): Damage =>
  (raw) => ({ ...raw, [table]: raw[table].map(({ key, row }) => ({ key, row: String(row).slice(0, 20) })) });

const both =
  (...damages: readonly Damage[]): Damage =>
  (raw) =>
    damages.reduce((damaged, damage) => damage(damaged), raw);

test.each<[string, Damage]>([
  ["none of its sessions can be read", cutOff("sessions")],
  ["there is no session, but a record", (raw) => ({ ...raw, sessions: [] })],
])(
  "[S17] an election whose row is missing while %s: nobody is granted it before the longest lease is over",
  (_, damage) => {
    const group = new GroupWorld({ drainMs: 3_000 });
    const leader = group.join("a", { contenders: ["x"] });
    acceptAll(leader);
    leader.confirm("x", { leaderSessionId: leader.grants.get("process")?.leaderSessionId ?? "", address: "here" });
    leader.silent = true; // it goes on below its lease
    wakeDamaged(group, both(without("elections", "process"), damage));
    expect(group.state.holdOffUntil).toBe(group.clock + boundOf(group));
    const newcomer = group.join("c", { contenders: ["x"] });
    acceptAll(newcomer);
    expect(group.election().type).toBe("vacant");
    group.run(boundOf(group), newcomer);
    acceptAll(newcomer);
    expect(group.holder()).toBe("c");
  },
);

test("[S17] a record that can't be read is left out alone", () => {
  const { group, leader } = led();
  leader.confirm("x", { leaderSessionId: leader.grants.get("process")?.leaderSessionId ?? "", address: "here" });
  const { unreadable, mended } = wakeDamaged(group, inTable("records", "x", set("confirmedAt", "soon")));
  expect(unreadable).toEqual([{ table: "record", key: "x", problem: expect.stringContaining("confirmedAt") }]);
  expect(mended).toEqual([]);
  expect(group.holder()).toBe("a");
});

test.each([
  ["cut off", '{"epoch":'],
  ["with an epoch that is text", '{"epoch":"9","revision":0,"holdOffUntil":0,"holdOffMs":0,"paused":false,"seenAt":0}'],
  ["null", "null"],
])(
  "[S17] [S5] without the row of the group epochs still grow, and everything it may have held off is waited for: %s",
  (_, row) => {
    const { group, leader } = led();
    const epochBefore = group.state.epoch;
    const { unreadable } = wakeDamaged(group, groupAs(row));
    expect(unreadable).toMatchObject([{ table: "group", key: "" }]);
    expect(group.state).toMatchObject({ paused: false, holdOffUntil: group.clock + boundOf(group) });
    expect(group.state.epoch).toBeGreaterThan(epochBefore);
    leader.resume();
    expect(group.holder()).toBe("a");
    leader.resign("process");
    comeBack(group);
    group.run(boundOf(group), ...group.peers);
    for (const peer of group.peers) acceptAll(peer);
    expect(group.election().type).toBe("leading");
  },
);

test("[S17] [S5] epochs grow from the largest that any row has, where the row of the group has less", () => {
  const { group } = led();
  const [, , ...others] = [
    0,
    1,
    ...group.stored.rows.elections.map(({ state }) => ("epoch" in state ? state.epoch : 0)),
  ];
  wakeDamaged(group, groupAs(JSON.stringify({ ...group.stored.rows.group, epoch: 3 })));
  expect(group.state.epoch).toBe(Math.max(...others));
});

test("[S17] [S5] after a job's row that can't be read epochs grow from the clock, though it is set back later", () => {
  const { group } = led();
  group.run(5_000, ...group.peers);
  const { group: row, ...rest } = rawOf(group.stored);
  const epoch = group.clock;
  const raw = {
    ...rest,
    ...(row && { group: row }),
    jobs: [{ key: "nightly", row: `{"name":"nightly","epoch":${epoch}` }],
  };
  const read = readRows(raw, { now: group.clock, reachMs: reachOf(group) });
  expect(read.unreadable).toMatchObject([{ table: "job", key: "nightly" }]);
  expect(read.rows.group?.epoch).toBeGreaterThan(epoch);
  expect(read.mended).toContainEqual({ table: "group", row: read.rows.group });
});

test("[S17] ends that nobody can have been promised are brought back, by a row that says so", () => {
  const { group } = led();
  const far = 8e15;
  const { unreadable, mended } = wakeDamaged(group, inTable("elections", "process", set("state.horizon", far)));
  expect(unreadable).toEqual([]);
  expect(mended).toMatchObject([{ table: "election", row: { state: { horizon: group.clock + reachOf(group) } } }]);
  wakeDamaged(group, groupAs(JSON.stringify({ ...group.stored.rows.group, holdOffUntil: far })));
  expect(group.state.holdOffUntil).toBe(group.clock + boundOf(group));
});

test("[S17] a problem names a field, and shows nothing of the row", () => {
  const { group, leader } = led();
  const secret = group.state.sessions.get(leader.sessionId)?.secretHash ?? "";
  const { unreadable } = wakeDamaged(group, (raw) => ({
    ...raw,
    sessions: raw.sessions.map((row) => ({ ...row, row: String(row.row).replace('"', secret) })),
  }));
  expect(unreadable).toContainEqual({ table: "session", key: leader.sessionId, problem: "the row is not JSON" });
  expect(JSON.stringify(unreadable)).not.toContain(secret);
});

const USUAL = {
  id: "s.1",
  secretHash: "h",
  link: { type: "connected", connection: "c" },
  leaseMs: 10_000,
  contenders: [["x", { election: "process" }]],
  places: [["process", { order: 1 }]],
};

test("[S17] the most usual session is read at a glance, and none that the whole check would refuse", () => {
  expect(sessionRow(USUAL, "")).toBe(USUAL);
  fc.assert(
    fc.property(fc.nat(20), leaf, (at, value) => {
      const text = spoil(JSON.stringify(USUAL), at, value);
      const whole = text.replace(/\}$/, ',"attempt":0}'); // unusual, so it is checked as a whole
      expect("row" in readRow(text, sessionRow)).toBe("row" in readRow(whole, sessionRow));
    }),
  );
});

test("the longest reach is that of the largest settings", () => {
  expect(MAX_REACH_MS).toBe(2 * 86_400_000);
});

// Any damage

const junk = fc.oneof(
  fc.constantFrom("", "{", "null", "[]", "1", '"x"', "{}", '{"type":"vacant"}'),
  fc.string({ maxLength: 20 }),
);
/** None of them can be what was there. A wrong value that reads well can't be told from a right one. */
const leaf = fc.constantFrom<unknown>(null, "", -1, 1e300, true, [], {}, undefined, [null]);

/** Replaces the `at`-th value inside of a row, wherever that is. */
function spoil(row: string, at: number, value: unknown): string {
  let seen = 0;
  const walk = (node: unknown): unknown => {
    seen += 1;
    if (seen - 1 === at) return value;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, entry]) => [key, walk(entry)]));
  };
  return JSON.stringify(walk(JSON.parse(row))) ?? "";
}

type Spoil = (row: string) => string | null;
const spoils: fc.Arbitrary<Spoil> = fc.oneof(
  fc.tuple(fc.nat(30), leaf).map(
    ([at, value]): Spoil =>
      (row) =>
        row.startsWith("{") && row.endsWith("}") ? spoil(row, at, value) : row,
  ),
  fc.nat(200).map(
    (length): Spoil =>
      (row) =>
        row.slice(0, length % Math.max(1, row.length)),
  ),
  fc.constantFrom("horizon", "holdOffUntil").map(
    (end): Spoil =>
      (row) =>
        row.replace(new RegExp(`"${end}":\\d+`), `"${end}":8e15`),
  ),
  junk.map(
    (text): Spoil =>
      () =>
        text,
  ),
  fc.constant<Spoil>(() => null),
);
const tables = fc.constantFrom<Table | "group">("sessions", "elections", "elections", "records", "group");
const damages = fc.array(fc.tuple(tables, fc.nat(5), spoils), { minLength: 1, maxLength: 4 });

function rowsIn(raw: RawRows, table: Table | "group"): readonly RawRow[] {
  if (table !== "group") return raw[table];
  return raw.group === undefined ? [] : [raw.group];
}

function withRows(raw: RawRows, table: Table | "group", rows: readonly RawRow[]): RawRows {
  const { group: _, ...others } = raw;
  if (table !== "group") return { ...raw, [table]: rows };
  return { ...others, ...(rows[0] !== undefined && { group: rows[0] }) };
}

/** One row of the table damaged, or removed. */
function spoiltIn(raw: RawRows, table: Table | "group", index: number, spoilRow: Spoil): RawRows {
  const rows = rowsIn(raw, table);
  const changed = rows.flatMap(({ key, row }, at) => {
    const text = at === index % rows.length ? spoilRow(String(row)) : String(row);
    return text === null ? [] : [{ key, row: text }];
  });
  return withRows(raw, table, changed);
}

const damaged =
  (choices: readonly (readonly [Table | "group", number, Spoil])[]): Damage =>
  (raw) =>
    choices.reduce((spoilt, choice) => spoiltIn(spoilt, ...choice), raw);

/** Each wake-up lists its sockets at once: half of one is judged elsewhere. */
function playOn(group: GroupWorld, history: readonly Move[]): void {
  for (const { does, to } of history) {
    to(group);
    if (does.startsWith("wakes up")) group.listSockets();
    group.goBack();
  }
}

function play(history: readonly Move[]): GroupWorld {
  const group = new GroupWorld({ drainMs: 3_000 });
  for (const name of ["a", "b"]) group.join(name, { contenders: ["x", "y", dedicated], observe: true });
  playOn(group, history);
  return group;
}

/** Everybody is back, and answers: within the bound the process election is led, if anybody stands in it. */
function expectLed(group: GroupWorld): void {
  group.pause(false);
  comeBack(group);
  const { lease, askTimeoutMs } = group.policy;
  const bound = 2 * boundOf(group) + 3 * lease.durationMs + 22_000 + group.peers.length * askTimeoutMs;
  for (let passed = 0; passed < bound; passed += 500) {
    for (const peer of group.peers) if (passed % 2_000 === 0) acceptAll(peer);
    group.advance(500);
  }
  if (group.state.elections.has("process")) expect(group.election().type).toBe("leading");
}

/** Whether each election that was held has left something behind: what is gone without a trace, nobody can notice. */
function hasTraces(before: RawRows, after: RawRows): boolean {
  const { rows, unreadable } = readRows(after, { now: 0, reachMs: 0 });
  const isSeen = (name: string, leaderSessionId: string): boolean =>
    after.elections.some(({ key }) => key === name) ||
    unreadable.some(({ table }) => table === "session" || table === "group") ||
    rows.sessions.some(({ places }) => places.some(([place]) => place === name)) ||
    rows.records.some(({ leader }) => leader.leaderSessionId === leaderSessionId);
  return readRows(before, { now: 0, reachMs: 0 }).rows.elections.every(
    ({ name, state }) => state.type === "vacant" || isSeen(name, state.leaderSessionId),
  );
}

test("[S17] after any damage: never two leaders, nothing thrown, and every election with a candidate is led within the bound", () => {
  fc.assert(
    fc.property(moves, damages, moves, (history, choices, later) => {
      const group = play(history);
      const raw = rawOf(group.stored);
      fc.pre(hasTraces(raw, damaged(choices)(raw)));
      wakeDamaged(group, damaged(choices));
      playOn(group, later);
      expectLed(group);
    }),
    { numRuns },
  );
});

test("[S17] a state of a kind that is not known is named as such", () => {
  const { group } = led();
  const unknown = inTable("elections", "process", (row) => ({ ...row, state: { type: "shared" } }));
  const { unreadable } = wakeDamaged(group, unknown);
  expect(unreadable).toMatchObject([
    { table: "election", key: "process", problem: expect.stringContaining("state.type") },
  ]);
});
