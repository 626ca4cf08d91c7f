import { expect, test } from "vitest";
import type { Fact } from "../../../worker/group/facts.ts";
import { GroupWorld } from "./world.ts";

const told = (group: GroupWorld, action: () => void): Fact[] => group.during(action).flatMap(({ facts }) => facts);
const types = (facts: readonly Fact[]) => facts.map(({ type }) => type);

test("a term from its grant to its end is a fact with its process, election and epoch, and why it ended", () => {
  const group = new GroupWorld();
  const facts = told(group, () => {
    const a = group.join("a", { contenders: ["x"] });
    a.accept();
    group.advance(2_500);
    a.renewHeld();
    group.revoke("process");
    a.release();
  });
  expect(types(facts)).toEqual([
    "session_joined",
    "granted",
    "accepted",
    "renewed",
    "revoking",
    "ended",
    "granted", // nobody else waits: the same one leads again, by the statement in its release
  ]);
  const { epoch, leaderSessionId, sessionId } = group.history()[0] ?? {};
  const part = { election: "process", epoch, leaderSessionId, sessionId, process: "a" };
  expect(facts.slice(1, 6)).toEqual([
    { type: "granted", ...part },
    { type: "accepted", ...part, gapMs: null },
    { type: "renewed", ...part, marginMs: 7_500 },
    { type: "revoking", ...part, reason: "revoked" },
    { type: "ended", ...part, reason: "revoked", ledMs: 2_500 },
  ]);
});

test("the leaderless time is reported with the acceptance that ends it, or when the election is forgotten", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  group.pause();
  a.resign();
  group.advance(700);
  const facts = told(group, () => {
    group.pause(false);
    a.accept();
  });
  expect(facts).toMatchObject([{ type: "granted" }, { type: "resumed" }, { type: "accepted", gapMs: 700 }]);
  group.pause();
  a.resign();
  group.advance(900);
  const end = told(group, () => a.deregister("x"));
  expect(end).toEqual([{ type: "forgotten", election: "process", gapMs: 900 }]);
});

test("a question is a fact, and so is one that is left open; a grant that is not taken is another than a term that ended", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.silent = true;
  expect(types(told(group, () => a.refuse()))).toEqual(["grant_refused", "asked"]);
  expect(types(told(group, () => group.advance(group.policy.askTimeoutMs)))).toEqual(["asked_missed"]);
  expect(types(told(group, () => a.renew()))).toEqual(["granted"]);
  expect(types(told(group, () => a.drop()))).toEqual(["session_lost"]);
  expect(types(told(group, () => a.resume({ held: [] })))).toEqual(["session_resumed", "grant_refused", "granted"]);
  expect(types(told(group, () => a.bye()))).toEqual(["ended", "session_left"]);
});

test("a question is a fact of the process that is asked, and of no election", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  b.silent = true;
  group.advance(2_500);
  const { sessionId } = b;
  const facts = told(group, () => a.resign());
  expect(facts).toContainEqual({ type: "asked", sessionId, process: "b" });
});

test("after a crash of the object the margin of a renewal is at most the lease", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  group.crash();
  const facts = told(group, () => a.resume());
  expect(facts).toMatchObject([{ type: "session_resumed" }, { type: "renewed", marginMs: 10_000 }]);
});

test("hibernation alone is no fact: sockets bring their exact leases, and that is no renewal", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  expect(told(group, () => group.hibernate())).toEqual([]);
});

test("refusals and hang-ups are facts with their codes, and a cleanup one with every term and session that it ends", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const { sessionId } = a;
  expect(told(group, () => a.deregister("y"))).toEqual([{ type: "refused", code: "unknown_component", sessionId }]);
  const invalid = told(group, () => a.sendRaw("[]"));
  expect(invalid).toMatchObject([{ type: "session_lost" }, { type: "hung_up", code: 4400, sessionId }]);
  a.resume();
  expect(types(told(group, () => group.cleanup(true)))).toEqual(["ended", "session_left", "cleaned"]);
});

test("a contender by RPC gives the same facts: joined, granted and leading in one call, renewed, lost, back", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  expect(types(told(group, () => p.poll()))).toEqual(["session_joined", "granted", "accepted"]);
  group.advance(2_500);
  expect(told(group, () => p.poll())).toMatchObject([{ type: "renewed", marginMs: 7_500 }]);
  group.advance(2_500);
  expect(types(told(group, () => p.renew()))).toEqual(["renewed"]);
  group.advance(5_000 + group.policy.askTimeoutMs);
  expect(types(told(group, () => group.tick()))).toEqual(["session_lost"]);
  expect(types(told(group, () => p.poll()))).toEqual(["session_resumed", "renewed"]);
});

test("a call by RPC that is refused as a whole, or in part, is a fact with the code", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  p.poll();
  p.pollLate();
  p.poll();
  const late = told(group, () => p.arriveLate());
  expect(late).toEqual([{ type: "refused", code: "superseded", sessionId: null }]);
  const stale = { component: "x", leaderSessionId: "stale" };
  const part = told(group, () => p.confirm(stale));
  expect(part).toMatchObject([{ type: "refused", code: "not_leader", sessionId: p.sessionId }]);
});
