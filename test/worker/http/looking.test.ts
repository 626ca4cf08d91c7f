/** The routes that look at a group: status, leaders, fence, history, metrics. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createElectionApp } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import {
  ask,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  ORIGIN,
  pathOf,
  statusOf,
  stopClock,
} from "../support.ts";

test("healthz answers that the Worker is there", async () => {
  expect(await ask("GET", "/healthz")).toMatchObject({ status: 200, body: { ok: true } });
});

test("the status of a group that nobody has used is empty", async () => {
  const group = freshGroup();

  expect(await ask("GET", pathOf(group))).toMatchObject({
    status: 200,
    body: { group, epoch: 0, revision: 0, paused: false, sessions: 0, electionCount: 0, elections: [], next: null },
  });
});

test.each([
  ["there is none of any group", () => new Response(null, { status: 404 })],
  ["there is one", () => new Response(null, { status: 200 })],
  ["it can't be seen", () => new Response(null, { status: 500 })],
  [
    "asking for it fails",
    () => {
      throw new Error("too many open files");
    },
  ],
])("[E16] a look asks the group's object unless its file is known to be missing: %s", async (_, fetched) => {
  const group = freshGroup();
  await ask("POST", pathOf(group, "/pause"));
  const bindings = {
    OPEN_MODE: "loopback",
    ELECTIONS: env.ELECTIONS,
    GROUP_FILES: wrong({ fetch: async () => fetched() }),
  };
  const response = await createElectionApp().fetch(new Request(`${ORIGIN}${pathOf(group)}`), bindings);

  expect(await response.json()).toMatchObject({ group, paused: true });
});

test("[Q1] [Q2] the status shows every election, who leads it, and who would be asked next", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group, { process: { name: "leader" } });
  const { leaderSessionId, epoch } = await leader.client.win();
  const plain = await join(group, { contenders: [{ component: "rest" }, { component: "dispatcher" }] });
  const preferred = await join(group, { priority: 5, process: { name: "preferred" } });
  const sync = { component: "sync", election: "dedicated", priority: 3 } as const;
  const dedicated = await join(group, { contenders: [sync], priority: -1 });
  pass(300);

  const { sessionId } = leader.welcome;
  const own = await dedicated.client.next("grant");
  expect((await ask("GET", pathOf(group))).body).toEqual({
    group,
    deployment: leader.welcome.deployment,
    epoch: own.epoch,
    revision: 0,
    paused: false,
    holdOffMs: 0,
    sessions: 4,
    electionCount: 2,
    next: null,
    jobs: [],
    elections: [
      {
        election: "component:sync",
        state: "leading",
        leader: {
          sessionId: dedicated.welcome.sessionId,
          process: null,
          leaderSessionId: own.leaderSessionId,
          epoch: own.epoch,
        },
        remainingMs: LEASE_MS - 300,
        vacantMs: null,
        waiting: 0,
        ready: 0,
        candidates: [],
      },
      {
        election: "process",
        state: "leading",
        leader: { sessionId, process: "leader", leaderSessionId, epoch },
        remainingMs: LEASE_MS - 300,
        vacantMs: null,
        waiting: 2,
        ready: 2,
        candidates: [
          {
            sessionId: preferred.welcome.sessionId,
            process: "preferred",
            priority: 5,
            components: ["dispatcher"],
            ready: true,
          },
          {
            sessionId: plain.welcome.sessionId,
            process: null,
            priority: 0,
            components: ["dispatcher", "rest"],
            ready: true,
          },
        ],
      },
    ],
  });
});

test("[O8] the elections come page by page, and one election by itself with its candidates from any place on", async () => {
  const group = freshGroup();
  stopClock();
  const contenders = Array.from({ length: 101 }, (_, index) => ({
    component: `c${String(index).padStart(3, "0")}`,
    election: "dedicated" as const,
  }));
  await join(group, { contenders });
  const other = await join(group, { contenders: contenders.slice(0, 1) });
  const last = await join(group, { contenders: contenders.slice(0, 1) });
  const [path, one] = [pathOf(group), pathOf(group, "/elections/component%3Ac000")];
  const page = await ask("GET", path);
  expect(page.body).toMatchObject({ sessions: 3, electionCount: 101, next: "component:c099" });
  expect(page.body).toHaveProperty("elections.length", 100);
  expect((await ask("GET", `${path}?after=component:c099`)).body).toMatchObject({
    electionCount: 101,
    elections: [{ election: "component:c100" }],
    next: null,
  });
  const [second, third] = [other, last].map(({ welcome }) => ({ sessionId: welcome.sessionId }));
  const counts = { election: "component:c000", waiting: 2, ready: 2 };
  expect((await ask("GET", one)).body).toMatchObject({ ...counts, candidates: [second, third] });
  expect((await ask("GET", `${one}?from=1`)).body).toMatchObject({ ...counts, candidates: [third] });
  expect((await ask("GET", `${one}?from=2`)).body).toMatchObject({ ...counts, candidates: [] });
  const nobodys = {
    state: "vacant",
    leader: null,
    remainingMs: null,
    vacantMs: null,
    waiting: 0,
    ready: 0,
    candidates: [],
  };
  expect((await ask("GET", pathOf(group, "/elections/process"))).body).toEqual({ election: "process", ...nobodys });
  const refused = { status: 400, code: "invalid_argument" };
  expect(errorOf(await ask("GET", `${path}?after=x`))).toMatchObject(refused);
  expect(errorOf(await ask("GET", `${one}?from=-1`))).toMatchObject(refused);
  expect(errorOf(await ask("GET", pathOf(group, "/elections/x")))).toMatchObject(refused);
});

test("[C7] a leader can be looked up from its confirmation to the end of its leadership", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group, { process: { name: "one" } });
  const path = pathOf(group, "/leaders/dispatcher");
  const noLeader = { status: 404, code: "no_leader" };
  expect(errorOf(await ask("GET", path))).toMatchObject(noLeader);
  const { leaderSessionId, epoch } = await client.win();
  expect(errorOf(await ask("GET", path))).toMatchObject(noLeader);

  const published = { component: "dispatcher", leaderSessionId, address: "tcp://one", metadata: { zone: "a" } };
  client.send({ type: "confirm", id: "c", ...published });
  await client.next("confirmed");
  expect(await ask("GET", path)).toMatchObject({ status: 200, body: { ...published, epoch, process: "one" } });
  pass(LEASE_MS);
  expect(errorOf(await ask("GET", path))).toMatchObject(noLeader);
});

test("a fence question is answered yes for the running term alone, and with no time left once its lease is over", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  await join(group, { contenders: [{ component: "dispatcher" }, { component: "other" }] });
  const { leaderSessionId, epoch } = await leader.client.win();
  const fence = async (part: object) =>
    (await ask("POST", pathOf(group, "/fence"), { body: { component: "dispatcher", leaderSessionId, epoch, ...part } }))
      .body;
  pass(500);

  const no = { current: false, draining: false, epoch, remainingMs: 0 };
  expect(await fence({})).toEqual({ current: true, draining: false, epoch, remainingMs: LEASE_MS - 500 });
  expect(await fence({ epoch: epoch - 1 })).toEqual(no);
  expect(await fence({ epoch: epoch + 1 })).toEqual(no);
  expect(await fence({ leaderSessionId: "other" })).toEqual(no);
  expect(await fence({ component: "other" })).toEqual(no);
  expect(await fence({ component: "unknown" })).toEqual({ ...no, epoch: 0 });
  pass(LEASE_MS - 500);
  expect(await fence({})).toEqual(no);
});

test("a fence question during a drain answers that the holder may still write its last", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);
  const { leaderSessionId, epoch } = await client.win();
  const fence = { body: { component: "dispatcher", leaderSessionId, epoch } };

  const revoked = ask("POST", pathOf(group, "/elections/process/revoke"));
  await client.next("revoke");
  expect((await ask("POST", pathOf(group, "/fence"), fence)).body).toEqual({
    current: true,
    draining: true,
    epoch,
    remainingMs: LEASE_MS,
  });
  const stale = { body: { ...fence.body, epoch: epoch - 1 } };
  expect((await ask("POST", pathOf(group, "/fence"), stale)).body).toMatchObject({ current: false, draining: false });
  client.send({ type: "release", leaderSessionId });
  expect((await revoked).status).toBe(200);
  expect((await ask("POST", pathOf(group, "/fence"), fence)).body).toMatchObject({ current: false, draining: false });
});

test("the history lists every term, newest first, with those that run before those that have ended", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const start = Date.now();
  const one = await join(group, { process: { name: "one" } });
  pass(100);
  const first = await one.client.win();
  pass(100);
  one.client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId: first.leaderSessionId });
  await one.client.next("confirmed");
  const two = await join(group);
  pass(800);
  one.client.send({ type: "resign", leaderSessionId: first.leaderSessionId });
  const second = await two.client.next("grant");
  pass(200);
  await two.client.renew(second.leaderSessionId);

  const terms = [
    {
      election: "process",
      epoch: second.epoch,
      leaderSessionId: second.leaderSessionId,
      sessionId: two.welcome.sessionId,
      process: null,
      grantedAt: start + 1_000,
      acceptedAt: start + 1_200,
      confirmed: [],
      endedAt: null,
      reason: null,
      note: null,
      gapMs: 200,
      idle: false,
    },
    {
      election: "process",
      epoch: first.epoch,
      leaderSessionId: first.leaderSessionId,
      sessionId: one.welcome.sessionId,
      process: "one",
      grantedAt: start,
      acceptedAt: start + 100,
      confirmed: [{ component: "dispatcher", at: start + 200 }],
      endedAt: start + 1_000,
      reason: "resigned",
      note: null,
      gapMs: null,
      idle: false,
    },
  ];
  expect((await ask("GET", pathOf(group, "/history"))).body).toEqual({ terms });
  expect((await ask("GET", pathOf(group, "/history?limit=1"))).body).toEqual({ terms: terms.slice(0, 1) });
});

test("the history says why each term ended, and whom a term that ran out belonged to", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client, welcome } = await join(group);
  const lead = () => client.win().then(({ leaderSessionId }) => leaderSessionId);
  client.send({ type: "resign", leaderSessionId: await lead() });
  const second = await lead();
  const revoked = ask("POST", pathOf(group, "/elections/process/revoke"), { body: { reason: "deployment" } });
  await client.next("revoke");
  client.send({ type: "release", leaderSessionId: second });
  await revoked;
  await lead();
  pass(LEASE_MS);
  await fireAlarm(group);
  await client.settle();
  await lead();
  client.send({ type: "deregister", component: "dispatcher" });
  await client.next("deregistered");

  expect((await ask("GET", pathOf(group, "/history"))).body).toMatchObject({
    terms: [
      { reason: "closed", note: null, sessionId: welcome.sessionId },
      { reason: "expired", note: null, sessionId: welcome.sessionId },
      { reason: "revoked", note: "deployment", sessionId: welcome.sessionId },
      { reason: "resigned", note: null, sessionId: welcome.sessionId },
    ],
  });
});

test("the metrics of a group are Prometheus text, labelled with the group", async () => {
  const group = freshGroup();
  stopClock();
  await join(group);
  const { status, headers, body } = await ask("GET", pathOf(group, "/metrics"));

  expect(status).toBe(200);
  expect(headers.get("Content-Type")).toMatch(/^text\/plain/);
  expect(body).toContain(`edge_election_sessions{group="${group}"} 1\n`);
  expect(body).toContain(`edge_election_upgrades_total{group="${group}"} 1\n`);
});

test("names with slashes and colons travel percent-encoded, in the socket's path as well", async () => {
  const group = freshGroup("team/a:b.c");
  stopClock();
  const component = "jobs/42:run";
  const { client } = await join(group, { contenders: [{ component, election: "dedicated" }] });
  const { leaderSessionId, election } = await client.win();
  expect(election).toBe(`component:${component}`);
  client.send({ type: "confirm", id: "c", component, leaderSessionId });
  await client.next("confirmed");

  expect((await ask("GET", pathOf(group))).body).toMatchObject({ group, sessions: 1 });
  expect((await statusOf(group)).sessions).toBe(1);
  const leader = await ask("GET", pathOf(group, `/leaders/${encodeURIComponent(component)}`));
  expect(leader.body).toMatchObject({ component, leaderSessionId });
  const revoked = ask("POST", pathOf(group, `/elections/${encodeURIComponent(election)}/revoke`));
  await client.next("revoke");
  client.send({ type: "release", leaderSessionId });
  expect(await revoked).toMatchObject({ status: 200, body: { to: null } });
});
