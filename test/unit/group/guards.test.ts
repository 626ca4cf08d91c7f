/** What peers and operators could do to each other, or to the group, if a rule were missing. */
import { expect, test } from "vitest";
import { createPolicy } from "../../../worker/group/policy.ts";
import { GroupWorld } from "./world.ts";

const contenders = ["x"];

test("[S5] opening a group cancels the restore that waits, so that storage can't go back under a new leader", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  const request = group.restore();
  group.pause(false);
  expect(group.replies.get(request)).toEqual({ type: "restore_cancelled" });
  a.release();
  group.advance(60_000);
  group.tick();
  expect(group.state.pendingRestore).toBeNull();
  expect(group.goBack()).toBe(false);
});

test("[S5] a second restore replaces the first, and the first one's caller gets an answer", () => {
  const group = new GroupWorld();
  group.join("a", { contenders }).accept();
  const first = group.restore();
  const second = group.restore();
  expect(group.replies.get(first)).toEqual({ type: "restore_cancelled" });
  group.advance(60_000);
  group.tick();
  expect(group.replies.get(second)).toEqual({ type: "restorable" });
});

test("[D2] a hello that names a component in both kinds gets the first, and an error for the second", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  a.drop();
  a.connect();
  const { sessionId, secret } = a;
  const answers = a.hello({
    resume: { sessionId, secret, attempt: 1 },
    held: a.held(),
    contenders: [{ component: "x" }, { component: "x", election: "dedicated" }],
  });
  expect(answers).toContainEqual(expect.objectContaining({ type: "error", code: "duplicate_component" }));
  expect(group.status().elections.map(({ election }) => election)).toEqual(["process"]);
});

test("[S9] a leadership without a contender is not extended by later renewals either: the next one leads", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  const { leaderSessionId } = a.accept();
  a.drop();
  a.connect();
  const { sessionId, secret } = a;
  a.hello({ resume: { sessionId, secret, attempt: 1 }, held: [leaderSessionId], contenders: [] });
  expect(a.renew(leaderSessionId)).toEqual([]);
  a.endAll();
  group.advance(10_000);
  group.tick();
  b.accept();
});

test("[S1] a session that gives back what it is granted in two elections is not granted them in turns for ever", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  a.silent = true;
  for (let round = 0; round < 10; round++) {
    for (const { leaderSessionId } of a.heard("grant")) a.say({ type: "release", leaderSessionId });
  }
  expect(a.heard("grant").length).toBeLessThanOrEqual(2);
});

test("[Q3] the operator's successor counts: against the holder's, and from a second revoke on", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  a.accept();
  group.revoke("process");
  group.revoke("process", { successor: c.sessionId, note: "move" });
  a.resign("process", b);
  expect(c.accept().epoch).toBeGreaterThan(0);
  expect(group.history()[0]).toBeDefined();
  expect(b.heard("grant")).toEqual([]);
});

test("[O2] taking a name away is never refused, even where the limit has been lowered since", () => {
  const group = new GroupWorld();
  const a = group.join("a", { observe: ["one", "two", "three"] });
  group.configure({ limits: { observed: 1 } });
  expect(a.say({ type: "unobserve", components: ["one"] })).toEqual([]);
  expect(a.say({ type: "observe", components: ["four"] })).toMatchObject([{ type: "error", code: "limit_exceeded" }]);
});

test("limits are whole numbers: a fraction would make rows that can't be written", () => {
  expect(() => createPolicy({ limits: { historyRows: 1.5 } })).toThrow(
    "limits.historyRows is 1.5: set it to a whole number",
  );
});
