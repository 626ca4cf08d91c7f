/** The history of a test group: the same for the same seed, and a place where bugs of users show. */
import { expect, test } from "vitest";
import type { ElectionClient } from "../../../client/client.ts";
import type { Leadership } from "../../../shared/leadership/leadership.ts";
import { createTestGroup, type TestGroup } from "../../../testing/index.ts";

const COMPONENTS = ["x", "y"];

/** Some busy minutes: everything that is random or timed has its part in it. */
async function busyMinutes(seed: number): Promise<TestGroup> {
  const group = createTestGroup({ seed, policy: { leaseMs: 2_000 } });
  const clients = ["a", "b", "c"].map((name) => group.client({ name }));
  for (const client of clients) {
    for (const component of COMPONENTS) {
      client.contend(component, { onGrant: (leadership) => leadership.confirm(), onError: () => {} });
    }
  }
  const turns = Array.from({ length: 20 }, () => clients)
    .flat()
    .slice(0, 20);
  for (const [round, client] of turns.entries()) {
    await group.advance(3_000);
    void clients.find((one) => one === group.leader("x"))?.resign();
    group.cut(client);
    if (round % 3 === 0) group.partition(client);
    if (round % 4 === 0) group.restart();
    await group.advance(5_000);
    group.heal(client);
  }
  await group.advance(60_000);
  return group;
}

test("[S1] the same seed gives the same history, another seed another one, and none has an overlap", async () => {
  const [first, same, other] = [await busyMinutes(7), await busyMinutes(7), await busyMinutes(8)];
  const textOf = (group: TestGroup): string => JSON.stringify(group.history());
  expect(first.history().terms.length).toBeGreaterThan(10);
  expect(textOf(same)).toBe(textOf(first));
  expect(textOf(other)).not.toBe(textOf(first));
  expect([first, other].flatMap((group) => group.history().overlaps())).toEqual([]);
});

test("[G2] terms have their process, component and times, and the group's own account says why they ended", async () => {
  const group = createTestGroup();
  const [a, b] = [group.client({ name: "a" }), group.client({ name: "b" })];
  a.contend("x");
  await group.advance(1_000);
  b.contend("x");
  await group.advance(1_000);
  await group.settled(a.resign());
  await group.advance(1_000);
  const { terms, ended } = group.history();
  expect(terms).toMatchObject([
    { client: "a", component: "x", election: "process", to: 2_000 },
    { client: "b", component: "x", election: "process", to: null },
  ]);
  expect(terms[1]?.from).toBeGreaterThanOrEqual(2_000);
  expect(terms[1]?.epoch).toBeGreaterThan(terms[0]?.epoch ?? 0);
  expect(ended).toMatchObject([{ process: "a", reason: "resigned", leaderSessionId: terms[0]?.leaderSessionId }]);
});

/** The code under test: it writes every second for as long as `goesOn` is true. */
function writer(group: TestGroup, client: ElectionClient, goesOn: (leadership: Leadership) => boolean): void {
  const clock = group.clock(client);
  client.contend("x", {
    onGrant(leadership) {
      const write = (): void => {
        if (!goesOn(leadership)) return;
        group.recordWrite(leadership, `by ${client.sessionId}`);
        clock.setTimeout(write, 1_000);
      };
      write();
    },
  });
}

async function loseTheLead(goesOn: (leadership: Leadership) => boolean): Promise<TestGroup> {
  const group = createTestGroup();
  const [first, second] = [group.client({ name: "first" }), group.client({ name: "second" })];
  writer(group, first, goesOn);
  await group.until(() => group.leader("x") === first);
  writer(group, second, goesOn);
  await group.advance(500);
  group.partition(first);
  await group.advance(30_000);
  return group;
}

test("[S13] a contender that writes on after its loss is found: late writes, and an overlap with the next leader", async () => {
  const history = (await loseTheLead(() => true)).history();
  expect(history.lateWrites().length).toBeGreaterThan(10);
  expect(history.lateWrites().every(({ client }) => client === "first")).toBe(true);
  expect(history.overlaps()).toMatchObject([
    { election: "process", first: { client: "first" }, second: { client: "second" } },
  ]);
});

test("[S13] the same contender with the check has neither", async () => {
  const history = (await loseTheLead((leadership) => leadership.isLeader())).history();
  expect(history.writes.length).toBeGreaterThan(20);
  expect(history.lateWrites()).toEqual([]);
  expect(history.overlaps()).toEqual([]);
});

test("[S13] a write between the end of one term and the beginning of the next is late, though nobody overlaps", async () => {
  const group = createTestGroup();
  const client = group.client({ name: "only" });
  const leadership = await group.settled(client.acquire("x"));
  group.recordWrite(leadership, "in time");
  await group.settled(leadership.close());
  group.recordWrite(leadership, "late");
  const history = group.history();
  expect(history.lateWrites().map(({ what }) => what)).toEqual(["late"]);
  expect(history.overlaps()).toEqual([]);
});

test("dedicated elections of different components do not overlap each other", async () => {
  const group = createTestGroup();
  for (const name of ["a", "b"]) group.client({ name }).contend(name, {}, { election: "dedicated" });
  await group.advance(1_000);
  expect(group.history().terms.map(({ client, election }) => [client, election])).toEqual([
    ["a", "component:a"],
    ["b", "component:b"],
  ]);
  expect(group.history().overlaps()).toEqual([]);
});
