import { expect, test } from "vitest";
import { history, runningTerms } from "../../../worker/group/history.ts";
import { electionStatus, fence, groupSummary, leaderOf } from "../../../worker/group/views.ts";
import { GroupWorld } from "./world.ts";

const dedicated = (component: string) => ({ component, election: "dedicated" }) as const;

test("an election that nobody has contended for is vacant", () => {
  const group = new GroupWorld();
  const status = electionStatus(group.state, "component:unheard", group.now, 0);
  expect(status).toMatchObject({ election: "component:unheard", state: "vacant", leader: null, candidates: [] });
});

test("the status shows for each election the leader, for how long, and the queue in its order", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", dedicated("d")] });
  const b = group.join("b", { contenders: ["x", "y"], priority: 2 });
  const nameless = group.join("nameless", { contenders: ["x"], process: {} });
  const own = a.grant("component:d");
  group.advance(1_000);
  const { leaderSessionId, epoch } = a.accept();
  group.advance(500);
  expect(group.status()).toEqual({
    group: "g",
    deployment: "d",
    epoch: group.state.epoch,
    revision: 0,
    paused: false,
    holdOffMs: 0,
    sessions: 3,
    electionCount: 2,
    next: null,
    jobs: [],
    elections: [
      {
        election: "component:d",
        state: "leading",
        leader: { sessionId: a.sessionId, process: "a", leaderSessionId: own.leaderSessionId, epoch: own.epoch },
        remainingMs: 8_500, // granted, and not renewed since
        vacantMs: null,
        waiting: 0,
        ready: 0,
        candidates: [],
      },
      {
        election: "process",
        state: "leading",
        leader: { sessionId: a.sessionId, process: "a", leaderSessionId, epoch },
        remainingMs: 9_500,
        vacantMs: null,
        waiting: 2,
        ready: 2,
        candidates: [
          { sessionId: b.sessionId, process: "b", priority: 2, components: ["x", "y"], ready: true },
          { sessionId: nameless.sessionId, process: null, priority: 0, components: ["x"], ready: true },
        ],
      },
    ],
  });
});

test("the status shows a revoked holder as revoking and a vacant election without remaining time", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  group.revoke("process");
  expect(group.status().elections).toMatchObject([
    { state: "revoking", leader: { process: "a" }, remainingMs: 10_000 },
  ]);
  group.pause();
  a.release();
  expect(group.status().elections).toMatchObject([
    { state: "vacant", leader: null, remainingMs: null, candidates: [{ process: "a" }] },
  ]);
});

test("the status lists those that can't be granted the election now after those that can, and marks them", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const gone = group.join("gone", { contenders: ["x"], priority: 9 });
  const busy = group.stranger("busy", { contenders: ["x"] });
  busy.busy = ["process"];
  busy.connect().hello();
  group.join("b", { contenders: ["x"] });
  a.accept();
  gone.drop();
  expect(group.status().elections[0]).toMatchObject({
    waiting: 3,
    ready: 1,
    candidates: [
      { process: "b", ready: true },
      { process: "gone", ready: false, aside: "lost", priority: 9 },
      { process: "busy", ready: false, aside: "busy" },
    ],
  });
});

test("leader information is what was confirmed, and nothing where nobody confirmed", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  a.accept();
  a.confirm("x", { address: "here" });
  expect(leaderOf(group.state, "x")).toMatchObject({ component: "x", address: "here" });
  expect(leaderOf(group.state, "y")).toBeNull();
  expect(leaderOf(group.state, "unknown")).toBeNull();
});

test("[S7] the fence says current for the present term of the component, with the time left, and for nothing else", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x", "only-b"] });
  const { leaderSessionId, epoch } = a.grant();
  const question = { component: "x", leaderSessionId, epoch };
  const ask = (part: Partial<typeof question> = {}) => fence(group.state, { ...question, ...part }, group.now);
  const no = { current: false, draining: false, remainingMs: 0 };
  expect(ask()).toEqual({ current: true, draining: false, epoch, remainingMs: 10_000 });
  a.accept();
  group.advance(2_000);
  expect(ask()).toEqual({ current: true, draining: false, epoch, remainingMs: 8_000 });
  expect(ask({ epoch: epoch + 1 })).toEqual({ ...no, epoch });
  expect(ask({ leaderSessionId: "other" })).toEqual({ ...no, epoch });
  expect(ask({ component: "unknown" })).toEqual({ ...no, epoch: 0 });
  expect(ask({ component: "only-b" })).toEqual({ ...no, epoch });
  group.revoke("process");
  expect(ask()).toEqual({ current: true, draining: true, epoch, remainingMs: 8_000 });
  a.release();
  expect(ask()).toEqual({ ...no, epoch: b.grant().epoch });
  b.bye();
  a.deregister("x");
  expect(ask()).toEqual({ ...no, epoch: 0 });
});

test("[S7] the fence is over at the very end of the lease, even before anybody looked", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId, epoch } = a.accept();
  const question = { component: "x", leaderSessionId, epoch };
  expect(fence(group.state, question, group.now + 9_999)).toMatchObject({ current: true, remainingMs: 1 });
  expect(fence(group.state, question, group.now + 10_000)).toMatchObject({ current: false, remainingMs: 0 });
});

test("the history keeps of each ended term who, when, why, what was confirmed, and the leaderless gap before it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const b = group.join("b", { contenders: ["x", "y"] });
  const grantedAt = group.now;
  group.advance(400);
  const first = a.accept();
  const acceptedAt = group.now;
  group.advance(100);
  a.confirm("y");
  group.advance(100);
  a.confirm("x");
  a.resign();
  const endedAt = group.now;
  expect(group.history()).toEqual([
    {
      election: "process",
      epoch: first.epoch,
      leaderSessionId: first.leaderSessionId,
      sessionId: a.sessionId,
      process: "a",
      grantedAt,
      acceptedAt,
      confirmed: [
        { component: "x", at: acceptedAt + 200 },
        { component: "y", at: acceptedAt + 100 },
      ],
      endedAt,
      reason: "resigned",
      note: null,
      gapMs: null,
    },
  ]);
  group.advance(1_200);
  b.accept();
  b.silent = true;
  group.advance(10_000);
  group.tick();
  expect(group.history()[1]).toMatchObject({ process: "b", reason: "expired", gapMs: 1_200, confirmed: [] });
});

test("[O12] the history marks time in which nobody contended as idle; a gap in which somebody waited is not", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  a.bye();
  group.advance(60_000);
  const b = group.join("b", { contenders: ["x"] });
  b.accept();
  const [, first] = [...history(group.state, [...group.history()].reverse(), 9)].reverse();
  expect(first).toMatchObject({ process: "b", gapMs: 60_000, idle: true });
  const c = group.join("c", { contenders: ["x"] });
  group.pause();
  b.bye();
  group.advance(700);
  expect(group.status().elections[0]).toMatchObject({ state: "vacant", vacantMs: 700, waiting: 1 });
  group.pause(false);
  c.accept();
  expect(runningTerms(group.state, 9)).toMatchObject([{ process: "c", gapMs: 700, idle: false }]);
});

test("[O11] the status tells how long a group holds off, and a summary who leads and what has no leader", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", dedicated("d")] });
  a.accept();
  const summary = () => groupSummary(group.state, "g", group.now);
  expect(summary()).toMatchObject({ group: "g", paused: false, holdOffMs: 0, sessions: 1, electionCount: 2 });
  a.accept("component:d");
  expect(summary()).toMatchObject({ led: 2, leaderless: 0, leaders: [{ election: "component:d" }, { process: "a" }] });
  group.cleanup(true);
  const b = group.join("b", { contenders: ["x"] });
  const { holdOffMs } = group.status();
  expect(holdOffMs).toBeGreaterThan(10_000);
  expect(summary()).toMatchObject({ led: 0, leaderless: 1, holdOffMs, leaders: [] });
  group.advance(holdOffMs);
  group.tick();
  expect(group.status().holdOffMs).toBe(0);
  b.accept();
  expect(summary()).toMatchObject({ led: 1, leaderless: 0, holdOffMs: 0 });
});

test("the history counts a term from its grant where no renewal has shown when it began", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { now } = group;
  a.endAll();
  group.advance(10_000);
  group.tick();
  expect(group.history()).toMatchObject([{ grantedAt: now, acceptedAt: now, reason: "expired", gapMs: null }]);
});

test("the history remembers the confirmation of a component that was closed, or revoked, before the term ended", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  a.accept();
  a.confirm("x");
  a.confirm("y");
  a.deregister("x");
  group.revoke("process");
  a.release();
  expect(group.history()[0]?.confirmed.map(({ component }) => component)).toEqual(["x", "y"]);
});

test("the running terms are listed newest first, without end or reason", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", dedicated("d")] });
  const process = a.accept();
  const own = a.accept("component:d");
  a.confirm("x");
  expect(runningTerms(group.state, 10)).toMatchObject([
    { election: "component:d", epoch: own.epoch, endedAt: null, reason: null, note: null, confirmed: [] },
    { election: "process", epoch: process.epoch, confirmed: [{ component: "x", at: group.now }], process: "a" },
  ]);
  group.hibernate();
  expect(runningTerms(group.state, 10)).toHaveLength(2);
  expect(runningTerms(group.state, 1)).toMatchObject([{ election: "component:d" }]);
});

test("the history is bounded: a term overwrites the oldest, and a restart goes on where it was", () => {
  const group = new GroupWorld({ limits: { historyRows: 3 } });
  const a = group.join("a", { contenders: ["x"] });
  const led = Array.from({ length: 7 }, (_, round) => {
    const { epoch } = a.accept();
    if (round === 4) group.hibernate();
    a.resign();
    return epoch;
  });
  expect(group.history().map(({ epoch }) => epoch)).toEqual(led.slice(-3));
});

test.each([
  ["resigned", (_: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.resign()],
  ["resigned", (_: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.release()],
  ["closed", (_: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.deregister("x")],
  ["closed", (_: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.bye()],
  ["lost", (_: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.resume({ held: [] })],
  [
    "expired",
    (group: GroupWorld, _a: ReturnType<GroupWorld["join"]>) => {
      group.advance(10_000);
      group.tick();
    },
  ],
  ["revoked", (group: GroupWorld, _a: ReturnType<GroupWorld["join"]>) => group.cleanup(true)],
  [
    "transferred",
    (group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => {
      group.revoke("process", { successor: "somebody" });
      group.advance(10_000);
      group.tick();
      a.renew();
    },
  ],
])("the history says %s", (reason, end) => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  end(group, a);
  expect(group.history().map((term) => term.reason)).toEqual([reason]);
});
