/** Metrics of a group: that scrapers can read them, that they count what happens, and that they outlive the object. */

import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import operations from "../../../docs/OPERATIONS.md?raw";
import type { LivePeer } from "../../../tools/harness/live-peer.ts";
import { prometheusText } from "../../../worker/http/prometheus.ts";
import {
  ASK_TIMEOUT_MS,
  ask,
  counted,
  fireAlarm,
  freshGroup,
  join,
  objectOf,
  pathOf,
  resume,
  stopClock,
} from "../support.ts";
import { type Family, parsePrometheus } from "./prometheus.ts";

const FIVE_MINUTES_MS = 300_000;

async function families(group: string): Promise<ReadonlyMap<string, Family>> {
  const { status, headers, body } = await ask("GET", pathOf(group, "/metrics"));
  expect(status).toBe(200);
  expect(headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return parsePrometheus(String(body));
}

/** A reader of one scrape: `read("grants_total")`, `read("elections", 'state="vacant"')`. */
async function scrape(group: string): Promise<(name: string, label?: string) => number | undefined> {
  const all = await families(group);
  return (name, label) => {
    const labels = [`group="${group}"`, ...(label === undefined ? [] : [label])].sort().join(",");
    const metric = `edge_election_${name}`;
    const family = all.get(metric) ?? all.get(metric.replace(/_(bucket|sum|count)$/, ""));
    return family?.samples.get(`${metric}{${labels}}`);
  };
}

/** Every counter of a group by its series. */
async function countersOf(group: string): Promise<Map<string, number>> {
  const all = [...(await families(group)).values()].filter(({ type }) => type !== "gauge");
  return new Map(all.flatMap(({ samples }) => [...samples]));
}

const confirm = async (client: LivePeer, leaderSessionId: string): Promise<void> => {
  client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId });
  await client.next("confirmed");
};

test("the text keeps to the format, for a group that nobody uses as for one that has seen everything", async () => {
  const [unused, used] = [freshGroup(), freshGroup("team/a:b.c")];
  const pass = stopClock();
  await families(unused);
  const { client } = await join(used, { observe: true });
  const { leaderSessionId } = await client.win();
  pass(300);
  await client.renew(leaderSessionId);
  client.send({ type: "resign", leaderSessionId });
  client.sendRaw("no JSON");
  await client.closed;

  const names = new Set((await families(used)).keys());
  expect(names.delete("edge_election_leading")).toBe(true); // exists once there are elections
  expect(names).toEqual(new Set((await families(unused)).keys()));
});

test("docs/OPERATIONS.md lists every metric with its type, and no other", async () => {
  const group = freshGroup();
  stopClock();
  await join(group);
  const listed = [...operations.matchAll(/^\| `([a-z_]+)` +\| (counter|gauge|histogram) +\|/gm)];
  const actual = [...(await families(group))].map(([name, { type }]) => [name.replace("edge_election_", ""), type]);
  expect(listed.map(([, name, type]) => [name, type]).sort()).toEqual(actual.sort());
});

test("values of labels and help are escaped, and nothing of a name can forge a line", () => {
  const value = 'a"b\\c\nforged{x="y"} 1';
  const text = prometheusText(
    [
      {
        name: "m_total",
        type: "counter",
        help: "one\\two\nthree",
        samples: [{ labels: { election: value }, value: 1 }],
      },
    ],
    { group: value },
  );
  const escaped = 'a\\"b\\\\c\\nforged{x=\\"y\\"} 1';
  expect(text).toBe(
    `# HELP m_total one\\\\two\\nthree\n# TYPE m_total counter\nm_total{group="${escaped}",election="${escaped}"} 1\n`,
  );
  expect(parsePrometheus(text).get("m_total")?.samples.size).toBe(1);
});

test.each([
  ["a line that does not end", "# HELP a_total h\n# TYPE a_total counter\na_total{} 1"],
  ["a counter without its suffix", "# HELP a h\n# TYPE a counter\na{} 1\n"],
  ["a series that comes twice", "# HELP a h\n# TYPE a gauge\na{} 1\na{} 2\n"],
  ["a raw quote in a label", '# HELP a h\n# TYPE a gauge\na{x="y"z"} 1\n'],
  ["a sample of another metric", "# HELP a h\n# TYPE a gauge\nb{} 1\n"],
  ["a value that is no number", "# HELP a h\n# TYPE a gauge\na{} one\n"],
  [
    "buckets that shrink",
    '# HELP a h\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum{} 1\na_count{} 1\n',
  ],
])("the reader of these tests refuses %s", (_, text) => {
  expect(() => parsePrometheus(text)).toThrow();
});

test("questions, grants, terms, their ends by reason and sessions are counted", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, deaf] = [await join(group), await join(group, { priority: 9, observe: ["dispatcher"] })];
  deaf.client.silent = true;
  const { leaderSessionId } = await leader.client.win();
  pass(500); // its statement is too old by now
  const order = ask("POST", pathOf(group, "/elections/process/revoke"));
  await leader.client.next("revoke");
  leader.client.send({ type: "release", leaderSessionId });
  await deaf.client.next("next");
  pass(ASK_TIMEOUT_MS);
  await fireAlarm(group);
  const again = await leader.client.win();
  await order;
  leader.client.send({ type: "deregister", component: "unknown" });
  await leader.client.next("error");
  leader.client.send({ type: "resign", leaderSessionId: again.leaderSessionId, sentAt: leader.client.sentAt() });
  const { leaderSessionId: last } = await leader.client.next("grant");
  await ask("POST", pathOf(group, "/pause"));
  leader.client.send({ type: "release", leaderSessionId: last });
  deaf.client.drop();
  await deaf.client.closed;

  const read = await scrape(group);
  expect({
    asked: read("asked_total"),
    missed: read("asked_missed_total"),
    granted: read("grants_total"),
    grantsRefused: read("grants_refused_total"),
    started: read("terms_started_total"),
    revoked: read("terms_ended_total", 'reason="revoked"'),
    resigned: read("terms_ended_total", 'reason="resigned"'),
    expired: read("terms_ended_total", 'reason="expired"'),
    revokes: read("revokes_total"),
    refused: read("refusals_total", 'code="unknown_component"'),
    joined: read("sessions_joined_total"),
    lost: read("sessions_lost_total"),
    sessions: read("sessions"),
    withoutSocket: read("sessions_lost"),
    observers: read("observers"),
    contenders: read("contenders"),
    connections: read("sockets"),
    vacant: read("elections", 'state="vacant"'),
    leading: read("leading", 'election="process"'),
    wakes: read("wakes_total"),
    alarms: read("alarms_total"),
  }).toEqual({
    asked: 2,
    missed: 1,
    granted: 3,
    grantsRefused: 1,
    started: 2,
    revoked: 1,
    resigned: 1,
    expired: 0,
    revokes: 1,
    refused: 1,
    joined: 2,
    lost: 1,
    sessions: 2,
    withoutSocket: 1,
    observers: 0, // a lost session watches nothing
    contenders: 2,
    connections: 1,
    vacant: 1,
    leading: 0,
    wakes: 1,
    alarms: 1,
  });
});

test("the margin of a renewal is the time that was left of its lease", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  for (const milliseconds of [500, 500, 1_850]) {
    pass(milliseconds);
    await client.renew(leaderSessionId);
  }

  const read = await scrape(group);
  const upTo = (le: string) => read("renewal_margin_seconds_bucket", `le="${le}"`);
  expect([upTo("0.1"), upTo("0.25"), upTo("1"), upTo("2"), upTo("+Inf")]).toEqual([0, 1, 1, 3, 3]);
  expect(read("renewal_margin_seconds_sum")).toBeCloseTo(1.5 + 1.5 + 0.15);
});

test("the leaderless time grows while nobody leads, and stays when somebody does", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  await ask("POST", pathOf(group, "/pause"));
  client.send({ type: "resign", leaderSessionId });
  await client.settle();
  const leaderless = async () => (await scrape(group))("leaderless_seconds_total");

  expect(await leaderless()).toBe(0);
  pass(1_500);
  expect(await leaderless()).toBe(1.5);
  await evictDurableObject(objectOf(group));
  expect(await leaderless()).toBe(1.5);
  await ask("POST", pathOf(group, "/resume"));
  pass(250);
  await client.win();
  pass(5_000);
  expect(await leaderless()).toBe(1.75);
});

test("however many elections there are, only the first twenty have a line of their own", async () => {
  const group = freshGroup();
  stopClock();
  const before = [...(await families(group)).values()].reduce((sum, { samples }) => sum + samples.size, 0);
  const contenders = Array.from(
    { length: 60 },
    (_, number) => ({ component: `job-${number}`, election: "dedicated" }) as const,
  );
  await join(group, { contenders });

  const after = [...(await families(group)).values()].reduce((sum, { samples }) => sum + samples.size, 0);
  expect(after - before).toBe(20);
  expect((await scrape(group))("elections", 'state="leading"')).toBe(60);
});

test.each([
  ["evicted", (group: string) => evictDurableObject(objectOf(group))],
  ["aborted", () => abortAllDurableObjects()],
])(
  "counters go on where they were when the object is %s: only counts after the last row of the group are lost",
  async (_, end) => {
    const group = freshGroup();
    const pass = stopClock();
    const leader = await join(group);
    const { leaderSessionId } = await leader.client.win();
    await confirm(leader.client, leaderSessionId); // a new revision: the group's row is written
    const stored = await countersOf(group);
    pass(100);
    await leader.client.renew(leaderSessionId); // below the horizon: no row, and so the tail
    const before = await countersOf(group);
    await end(group);

    const after = await countersOf(group);
    const shrunk = [...before].filter(([series, value]) => (after.get(series) ?? 0) < value).map(([series]) => series);
    for (const series of shrunk) expect(series).toMatch(/renewal|frames|rows|commits/);
    for (const [series, value] of stored) {
      // A row can't count itself, nor the frame that it lets go.
      if (!/frames_sent|rows|commits/.test(series)) expect(after.get(series), series).toBeGreaterThanOrEqual(value);
    }
    const wakes = `edge_election_wakes_total{group="${group}"}`;
    expect(after.get(wakes)).toBe((before.get(wakes) ?? 0) + 1);
    await resume(group, leader.welcome, { held: [leaderSessionId] });
    expect((await scrape(group))("terms_started_total")).toBe(1);
  },
);

test("counters cost no row of their own: they ride in the group's, and after five minutes with the next one that is written", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  const renewals = async (count: number) => {
    for (let done = 0; done < count; done += 1) {
      pass(1_000);
      await client.renew(leaderSessionId);
    }
  };
  const minutes = await counted(group, () => renewals(FIVE_MINUTES_MS / 1_000 - 1));
  expect(minutes.rowsWritten).toBe(minutes.commits);
  const next = await counted(group, () => renewals(4));
  expect(next.rowsWritten).toBe(next.commits + 1);
  const before = (await scrape(group))("renewal_margin_seconds_count") ?? 0;
  await evictDurableObject(objectOf(group));
  const after = (await scrape(group))("renewal_margin_seconds_count") ?? 0;
  expect(before - after).toBeLessThanOrEqual(4);
});
