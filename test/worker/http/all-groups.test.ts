/** All groups at a glance: the index, which groups enter and leave by themselves, and what the app makes of it. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { GROUPS_AT_ONCE, type GroupsStatus } from "../../../shared/protocol/status.ts";
import { MOST_GROUPS } from "../../../worker/durable-object/group-index.ts";
import { createElectionApp, type ElectionEnv, type ElectionGroup, type GroupIndex } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import { ask, errorOf, freshGroup, join, LEASE_MS, objectOf, pathOf, type Server, stopClock } from "../support.ts";
import { bearer, captureLog, deployWith, SECRET, tokenFor } from "./identities.ts";
import { parsePrometheus } from "./prometheus.ts";

type Index = DurableObjectStub<GroupIndex>;
let indexes = 0;

/** An index of the test's own, and a deployment that has it. */
function deployment(more: Partial<ElectionEnv> = {}) {
  indexes += 1;
  const name = `index ${indexes}`;
  const find = (): Index => env.INDEX.get(env.INDEX.idFromName(name));
  const GROUP_INDEX = wrong({ idFromName: () => "", get: find });
  const server = deployWith({ AUTH_SECRET: SECRET, GROUP_INDEX, ...more });
  return { index: find(), find, server };
}

/** The group's object finds this index from now on, until it is evicted. */
const findsIndex = (group: string, find: () => Pick<Index, "fetch">): Promise<void> =>
  runInDurableObject(objectOf(group), (object: ElectionGroup) => {
    Reflect.set(object, "groupIndex", find);
  });

const list = async (index: Index, names: readonly string[]): Promise<void> => {
  for (const name of names) await index.fetch(`http://index/${encodeURIComponent(name)}`, { method: "PUT" });
};
const listed = async (index: Index): Promise<readonly string[]> => (await index.page({ limit: MOST_GROUPS })).groups;

async function groupsBy(
  server: Server,
  claims: Parameters<typeof tokenFor>[0] = {},
  query = "",
): Promise<GroupsStatus> {
  const { status, body } = await ask("GET", `/v1/groups${query}`, { server, headers: bearer(await tokenFor(claims)) });
  expect(status).toBe(200);
  return body as GroupsStatus;
}

test("[I1] a group is listed from the first thing that it stores on, with nothing but its name, until it is purged", async () => {
  const { index, find, server } = deployment();
  const group = freshGroup("indexed");
  const pass = stopClock();
  await findsIndex(group, find);
  await ask("GET", pathOf(group));
  expect(await listed(index)).toEqual([]);

  const { client } = await join(group, { process: { name: "A" } });
  const { epoch } = await client.win();
  await expect.poll(() => listed(index)).toEqual([group]);
  const { groups } = await groupsBy(server);
  expect(groups).toMatchObject([
    { group, summary: { sessions: 1, electionCount: 1, led: 1, leaderless: 0, leaders: [{ process: "A", epoch }] } },
  ]);
  await runInDurableObject(index, (_, { storage: { sql } }) => {
    expect(sql.exec("SELECT * FROM listed").toArray()).toEqual([{ name: group }]);
  });

  client.send({ type: "bye" });
  await client.closed;
  pass(1_500);
  await ask("DELETE", pathOf(group, "?purge=true"));
  await expect.poll(() => listed(index)).toEqual([]);
});

test("[I1] the index outlives its object, and so does what a group has told it", async () => {
  const { index, find } = deployment();
  const group = freshGroup("indexed");
  await findsIndex(group, find);
  stopClock();
  const { client } = await join(group);
  await client.win();
  await expect.poll(() => listed(index)).toEqual([group]);
  await evictDurableObject(index);
  expect(await listed(index)).toEqual([group]);
});

const faults: readonly [string, () => Promise<Response>][] = [
  ["fails", () => Promise.reject(new Error("the index is away"))],
  ["never answers", () => new Promise<Response>(() => undefined)],
  [
    "breaks off",
    () => {
      throw new Error("no index here");
    },
  ],
];

test.each(faults)(
  "[I2] a group elects, hands over and is ordered about at once while the index %s",
  async (_, fetch) => {
    const group = freshGroup("index-away");
    // No time passes: whoever waited for the index would wait for ever.
    stopClock();
    await findsIndex(group, () => ({ fetch }));
    const first = await join(group);
    await first.client.win();
    const second = await join(group);
    await first.client.settle();
    first.client.send({ type: "bye" });
    await first.client.closed;
    await second.client.win();
    expect((await ask("POST", pathOf(group, "/pause"))).body).toEqual({ paused: true });
    expect((await ask("GET", pathOf(group))).body).toMatchObject({ paused: true, elections: [{ state: "leading" }] });
  },
);

test("[I2] while the index can't be read the app says so, and every group is served", async () => {
  const log = captureLog();
  const away = { page: () => Promise.reject(new Error("away")) };
  const { server } = deployment({ GROUP_INDEX: wrong({ idFromName: () => "", get: () => away }) });
  const headers = bearer(await tokenFor());
  for (const path of ["/v1/groups", "/v1/metrics"]) {
    expect(errorOf(await ask("GET", path, { server, headers }))).toMatchObject({ status: 503, code: "unavailable" });
  }
  expect(log.join()).toContain("index_failed");
  expect((await ask("GET", pathOf(freshGroup()), { server, headers })).status).toBe(200);
});

test("[I3] whoever asks gets the groups that the token allows, and nobody else's count either", async () => {
  const { index, server } = deployment();
  await list(index, ["checkout", "checkout:eu", "payments", "secret"]);
  const namesBy = async (groups: readonly string[]): Promise<readonly unknown[]> => {
    const page = await groupsBy(server, { role: "observe", groups });
    return [page.groups.map(({ group }) => group), page.count];
  };
  expect(await namesBy(["checkout*"])).toEqual([["checkout", "checkout:eu"], 2]);
  expect(await namesBy(["payments", "none"])).toEqual([["payments"], 1]);
  expect(await namesBy(["other"])).toEqual([[], 0]);
  expect((await namesBy(["*"]))[1]).toBe(4);

  const texts = await ask("GET", "/v1/metrics", {
    server,
    headers: bearer(await tokenFor({ role: "observe", groups: ["checkout*"] })),
  });
  expect(String(texts.body)).not.toMatch(/secret|payments/);
  for (const path of ["/v1/groups", "/v1/metrics"]) {
    expect(errorOf(await ask("GET", path, { server }))).toMatchObject({ status: 401, code: "unauthorized" });
  }
});

test("[I3] without an index the routes of all groups say so, to anybody", async () => {
  const server = deployWith({ AUTH_SECRET: SECRET });
  for (const path of ["/v1/groups", "/v1/metrics"]) {
    expect(errorOf(await ask("GET", path, { server }))).toMatchObject({ status: 404, code: "no_index" });
  }
});

test("[I1] a name that has nothing behind it leaves the index once somebody has looked there", async () => {
  const { index, find, server } = deployment();
  const group = freshGroup("gone");
  await list(index, [group]);
  await findsIndex(group, find);
  expect((await groupsBy(server)).groups).toMatchObject([{ group, summary: { sessions: 0 } }]);
  await expect.poll(() => listed(index)).toEqual([]);
});

test("[I3] an authorize that names no groups opens one group at a time, and not the routes of all", async () => {
  const { index } = deployment();
  const group = freshGroup();
  await list(index, [group]);
  const app = createElectionApp({ authorize: () => ({ role: "admin" }), policy: () => ({ leaseMs: LEASE_MS }) });
  const GROUP_INDEX = wrong({ idFromName: () => "", get: () => index });
  const server: Server = (request) => app.fetch(request, { ELECTIONS: env.ELECTIONS, GROUP_INDEX });
  expect((await ask("GET", pathOf(group), { server })).status).toBe(200);
  for (const path of ["/v1/groups", "/v1/metrics"]) {
    const refusal = errorOf(await ask("GET", path, { server }));
    expect(refusal).toMatchObject({ status: 403, code: "forbidden" });
    expect(refusal.message).toContain("authorize has to return `groups`");
  }
});

test("[I3] a group that can't be asked is named, and the others are shown", async () => {
  captureLog();
  const [good, bad] = [freshGroup("good"), freshGroup("bad")];
  const { index } = deployment();
  await list(index, [good, bad]);
  const app = createElectionApp({
    authorize: () => ({ role: "observe", groups: ["*"] }),
    policy: (group) => {
      if (group === bad) throw new RangeError("this group has no settings");
      return { leaseMs: LEASE_MS };
    },
  });
  const GROUP_INDEX = wrong({ idFromName: () => "", get: () => index });
  const server: Server = (request) => app.fetch(request, { ELECTIONS: env.ELECTIONS, GROUP_INDEX });
  const { body } = await ask("GET", "/v1/groups", { server });
  expect(body).toMatchObject({
    groups: [
      { group: bad, summary: null },
      { group: good, summary: { sessions: 0 } },
    ],
  });
  const metrics = parsePrometheus(String((await ask("GET", "/v1/metrics", { server })).body));
  expect(Object.fromEntries(metrics.get("edge_election_group_up")?.samples ?? [])).toEqual({
    [`edge_election_group_up{group="${bad}"}`]: 0,
    [`edge_election_group_up{group="${good}"}`]: 1,
  });
});

test("[I4] pages are in natural order, and each is one of the whole filtered list", async () => {
  const { index, server } = deployment();
  const names = Array.from({ length: GROUPS_AT_ONCE + 5 }, (_, number) => `job${number + 1}`);
  await list(index, [...names].reverse());
  await list(index, ["other"]);
  const first = await groupsBy(server, {}, "?filter=JOB");
  expect(first.groups.map(({ group }) => group)).toEqual(names.slice(0, GROUPS_AT_ONCE));
  expect(first).toMatchObject({ next: `job${GROUPS_AT_ONCE}`, count: names.length, full: false });
  const second = await groupsBy(server, {}, `?filter=JOB&after=${first.next}`);
  expect(second.groups.map(({ group }) => group)).toEqual(names.slice(GROUPS_AT_ONCE));
  expect(second.next).toBeNull();
  const headers = bearer(await tokenFor());
  expect(errorOf(await ask("GET", "/v1/groups?after=..", { server, headers })).status).toBe(400);
});

test("[I4] the index takes so many groups and no more, and has room again when one has gone", async () => {
  const { index } = deployment();
  await index.page({ limit: 1 });
  await runInDurableObject(index, (_, { storage: { sql } }) => {
    sql.exec(
      `INSERT INTO listed WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)
       SELECT 'group' || number FROM numbers`,
      MOST_GROUPS,
    );
  });
  await evictDurableObject(index);
  const put = async (name: string): Promise<number> =>
    (await index.fetch(`http://index/${name}`, { method: "PUT" })).status;
  expect([await put("late"), await put("group2")]).toEqual([507, 204]);
  expect(await index.page({ limit: 3 })).toEqual({
    groups: ["group1", "group2", "group3"],
    next: "group3",
    count: MOST_GROUPS,
    full: true,
  });
  await index.fetch("http://index/group1", { method: "DELETE" });
  expect(await put("late")).toBe(204);
});

test("[I4] a look at many groups counts as many requests", async () => {
  const names = Array.from({ length: 5 }, () => freshGroup("counted"));
  let asked = 0;
  const REQUEST_LIMITER = { limit: async () => ({ success: ++asked <= 4 }) };
  const { index, server } = deployment({ REQUEST_LIMITER });
  await list(index, names);
  const headers = bearer(await tokenFor({ role: "observe" }));
  expect((await ask("GET", "/v1/groups", { server, headers })).status).toBe(429);
});

test("the metrics of all groups are one text in the format, with the lines of each group", async () => {
  const { index, server } = deployment();
  const groups = [freshGroup("scraped"), freshGroup("scraped")];
  stopClock();
  const { client } = await join(groups[0] ?? "");
  await client.win();
  await list(index, groups);
  const { headers, body } = await ask("GET", "/v1/metrics", { server, headers: bearer(await tokenFor()) });
  expect(headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = String(body).split("\n");
  const types = lines.filter((line) => line.startsWith("# TYPE"));
  expect(new Set(types).size).toBe(types.length);
  for (const [group, count] of [
    [groups[0], 1],
    [groups[1], 0],
  ])
    expect(lines).toContain(`edge_election_sessions{group="${group}"} ${count}`);
  expect(lines).toContain("edge_election_indexed_groups{} 2");
});
