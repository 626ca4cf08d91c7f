/** Contenders by RPC: same queue, same epochs, no socket. */
import { expect, test } from "vitest";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { GroupWorld } from "./world.ts";

const DEDICATED = { component: "d", election: "dedicated" } as const;

test("[S1] a call takes a vacant election in one turn, with its horizon; it counts from when it was sent", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  const [held] = p.poll();
  expect(held).toMatchObject({ election: "process", components: ["x"] });
  expect(group.election()).toMatchObject({
    type: "leading",
    leaseUntil: group.now + 10_000,
    horizon: group.now + 20_100,
  });
  expect(p.answer).toMatchObject({ type: "polled", resumed: false, lease: { durationMs: 10_000 } });
});

test("[S3] renewals below the horizon write no row", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  p.poll();
  const steps = group.during(() => {
    group.advance(2_500);
    p.poll();
    group.advance(2_500);
    p.poll();
  });
  expect(steps.flatMap(({ rows }) => rows)).toEqual([]);
  group.advance(9_999);
  expect(group.holder()).toBe("p");
});

test("[Q1] one queue with socket sessions: the first to come is next, and epochs are common", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const p = group.poller("p");
  const { epoch } = a.accept();
  expect(p.poll()).toEqual([]);
  const b = group.join("b", { contenders: ["x"] });
  expect(group.candidates()).toEqual(["p", "b"]);
  a.resign();
  expect(group.election().type).toBe("vacant"); // it waits for p's next call
  group.advance(3_000);
  const led = p.lead();
  expect(led.epoch).toBeGreaterThan(epoch);
  p.resign();
  expect(b.accept().epoch).toBeGreaterThan(led.epoch);
});

test("[S12] [N7] a vacancy waits for the next call until the poll deadline; then the next one leads", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p");
  p.poll();
  const b = group.join("b", { contenders: ["x"] });
  a.resign();
  group.run(5_000 + group.policy.askTimeoutMs - 1, a, b);
  expect(group.election().type).toBe("vacant");
  group.advance(1); // D / 2 and one time-out
  expect(group.holder()).toBe("b");
  b.accept();
  group.run(2_000, a, b);
  expect(p.poll()).toEqual([]);
  expect(p.answer).toMatchObject({ resumed: true });
});

/** `q` has called 4,025 ms after `p`; then the leader has left. */
function callersOfAVacancy() {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const [p, q] = [group.poller("p"), group.poller("q")];
  p.poll();
  group.advance(4_025);
  q.poll();
  a.bye();
  return { group, p, q };
}

test("[S11] [S12] callers that are late each time do not wait for each other for ever", () => {
  const { group, p, q } = callersOfAVacancy();
  const led = [p, q, p, q, p, q].map((caller) => {
    group.advance(4_025); // each asks 200 ms after its poll deadline, while the other is waited for
    return caller.poll().length;
  });
  expect(led).toContain(1);
});

/** The election has waited for `p` until its poll deadline, and waits for `q` now. */
function missedCall() {
  const callers = callersOfAVacancy();
  callers.group.advance(3_825);
  callers.q.renew([]);
  return callers;
}

test("[S11] [S12] a caller that has missed its turn is not waited for; its next call is its turn, unless somebody else is ready", () => {
  const { group, p } = missedCall();
  group.advance(7_850);
  expect(group.election().type).toBe("vacant"); // q has missed its own
  expect(group.alarm()).toBeNull();
  expect(p.poll()).toHaveLength(1);
  const other = missedCall();
  other.group.join("b", { contenders: ["x"] });
  other.group.advance(7_850);
  expect(other.group.holder()).toBe("b");
  expect(other.p.poll()).toEqual([]);
});

test("[S12] nobody takes the election whose turn it is not, for a caller that is away: until its poll deadline", () => {
  const { group, p, q } = missedCall();
  expect(p.poll()).toEqual([]);
  expect(group.election().type).toBe("vacant");
  expect(q.poll()).toHaveLength(1);
});

test("[Q4] [S12] having missed is forgotten once somebody leads", () => {
  const { group, p, q } = missedCall();
  const { epoch } = q.lead();
  p.poll();
  q.resign();
  group.join("b", { contenders: ["x"] });
  expect(group.election().type).toBe("vacant"); // p is waited for again
  expect(p.lead().epoch).toBeGreaterThan(epoch);
});

test.each([[false], [[]], [["component:d"] as const]])(
  "[S11] a caller that accepts %j is passed over, and keeps its place",
  (accept) => {
    const { group, p, q } = missedCall();
    expect(q.poll({ accept })).toEqual([]);
    expect(group.election().type).toBe("vacant");
    expect(p.poll()).toHaveLength(1);
    group.join("b", { contenders: ["x"] });
    q.poll();
    p.resign();
    expect(group.election().type).toBe("vacant"); // q comes before b
  },
);

test("[S1] [S12] nothing is granted between two calls: what one accepts ends with its answer", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p");
  p.poll();
  a.resign();
  expect(group.election().type).toBe("vacant");
  group.advance(1_000);
  expect(group.election().type).toBe("vacant");
  p.renew([]);
  expect(group.election().type).toBe("vacant");
  const [held] = p.poll();
  expect(group.election()).toMatchObject({ leaderSessionId: held?.leaderSessionId, leaseUntil: group.now + 10_000 });
});

test("[S5] while paused nobody is granted anything by a call, and its turn is not missed", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const [p, q] = [group.poller("p"), group.poller("q")];
  p.poll();
  q.poll();
  a.bye();
  group.pause();
  expect(q.poll()).toEqual([]);
  expect(p.poll()).toEqual([]);
  group.advance(7_850);
  group.tick(); // both have missed their deadlines
  expect([q, p].map((caller) => caller.poll())).toEqual([[], []]);
  group.pause(false);
  expect(q.poll()).toEqual([]); // p comes first
  expect(p.poll()).toHaveLength(1);
});

test("[S12] a session that does not ask any more is kept for D after its poll deadline", () => {
  const group = new GroupWorld();
  const p = group.poller("p", [{ component: "x" }]);
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  p.poll();
  group.run(16_999, a);
  group.tick();
  expect(group.candidates()).toEqual(["p"]);
  group.run(3_000, a);
  group.tick();
  expect(group.candidates()).toEqual([]);
  p.bye();
  expect(p.answer).toMatchObject({ type: "refused", code: "unknown_session" });
});

test("[S9] a term that a call does not name is ended at once: the caller can't hold it", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  p.pollInVain(); // begins a session that nobody knows
  expect(group.election()).toMatchObject({ type: "leading" });
  group.advance(10_000);
  expect(p.poll()).toHaveLength(1);
  const b = group.join("b", { contenders: ["x"] });
  p.resignInVain();
  expect(p.poll()).toEqual([]);
  expect(group.history().at(-1)).toMatchObject({ reason: "lost" });
  b.accept();
});

test("[S9] a call extends no leadership that it does not contend for any more: the lease decides", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  p.poll();
  const b = group.join("b", { contenders: ["x"] });
  const before = group.election();
  group.advance(2_000);
  expect(p.poll({ contenders: [] })).toEqual([]);
  expect(group.election()).toEqual(before);
  group.advance(8_000);
  group.tick();
  b.accept();
});

test("[S9] a call that comes after a later one changes nothing, before and after the object's death", () => {
  for (const dies of [false, true]) {
    const group = new GroupWorld();
    const p = group.poller("p");
    const a = group.join("a", { contenders: ["x"] });
    a.accept();
    p.poll();
    p.pollLate(); // names nothing
    a.bye();
    expect(p.poll()).toHaveLength(1);
    if (dies) group.crash();
    expect(p.arriveLate()).toMatchObject({ type: "refused", code: "superseded" });
    expect(group.holder()).toBe("p");
    expect(p.poll()).toHaveLength(1);
  }
});

test("[S7] a call that was given up takes nothing behind the back of a later one, even if that changed no row", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p");
  p.poll();
  p.pollLate();
  p.poll();
  a.bye();
  expect(p.arriveLate()).toMatchObject({ type: "refused", code: "superseded" });
  expect(group.election().type).toBe("vacant");
});

test("[S3] [S12] after a crash the session comes back with its next call, and keeps its term", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  const [before] = p.poll();
  group.advance(4_000);
  group.crash();
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.now - 4_000 + 21_100 });
  expect(p.poll()).toMatchObject([{ leaderSessionId: before?.leaderSessionId, epoch: before?.epoch }]);
});

test("[C6] [S10] a revoke comes with the next call, is renewed while draining, and ends by release", () => {
  const group = new GroupWorld({ drainMs: 3_000 });
  const p = group.poller("p");
  p.poll();
  const b = group.join("b", { contenders: ["x"] });
  group.revoke("process");
  group.advance(1_000);
  expect(p.poll()).toMatchObject([{ revoked: { reason: "revoked", drainMs: 2_000 } }]);
  group.advance(1_000);
  expect(p.poll()).toMatchObject([{ revoked: { drainMs: 1_000 } }]);
  expect(group.holder()).toBe("p");
  p.resign();
  b.accept();
});

test("[S10] after the drain a call extends nothing; the lease decides", () => {
  const group = new GroupWorld({ drainMs: 3_000 });
  const p = group.poller("p");
  p.poll();
  group.join("b", { contenders: ["x"] });
  group.revoke("process");
  group.advance(4_000);
  expect(p.poll()).toEqual([]);
  expect(group.holder()).toBe("p");
  group.advance(6_000);
  group.tick();
  expect(group.holder()).toBe("b");
});

test("[S11] a call that accepts some elections is busy in the others, until one with them", () => {
  const world = new GroupWorld();
  const contenders = [{ component: "x" }, DEDICATED];
  const poller = world.poller("poller", contenders);
  const elections = (accept: readonly ElectionName[]) => poller.poll({ accept }).map(({ election }) => election);
  expect(elections(["component:d"])).toEqual(["component:d"]);
  world.join("other", { contenders: ["x"] }).accept();
  expect(elections(["component:d"])).toEqual(["component:d"]);
  expect(world.candidates()).toEqual(["poller"]);
  world.peers[0]?.bye();
  expect(elections(["component:d"])).toEqual(["component:d"]);
  expect(elections(["process", "component:d"])).toEqual(["component:d", "process"]);
});

test("[S11] a call without `accept` is busy everywhere, and nothing waits for it, until one with it", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  const wait = { accept: false };
  expect(p.poll(wait)).toEqual([]);
  const steps = group.during(() => p.poll(wait));
  expect(steps.flatMap(({ rows }) => rows)).toEqual([]);
  expect(group.election()).toMatchObject({ type: "vacant" });
  expect(group.alarm()).toBeNull();
  const b = group.join("b", { contenders: ["x"] });
  expect(group.holder()).toBe("b");
  b.bye();
  expect(p.poll()).toHaveLength(1);
});

test("[K1] [K2] [C7] a confirm publishes; one of a term that is over is refused", () => {
  const group = new GroupWorld();
  const observer = group.join("o", { observe: true });
  const p = group.poller("p");
  const { leaderSessionId } = p.lead();
  const confirm = { component: "x", leaderSessionId };
  expect(p.confirm({ ...confirm, address: "here" })).toMatchObject({ refusals: [] });
  expect(observer.last("leaders")).toMatchObject({ leaders: [{ component: "x", leader: { address: "here" } }] });
  p.resign();
  expect(observer.last("leaders")).toMatchObject({ leaders: [{ component: "x", leader: null }] });
  expect(p.confirm(confirm)).toMatchObject({ refusals: [{ type: "error", code: "not_leader" }] });
});

test("[D1] [D3] process and dedicated elections in one call; the set of contenders is complete", () => {
  const group = new GroupWorld();
  const p = group.poller("p", [{ component: "x" }, DEDICATED]);
  const held = p.poll();
  expect(held.map(({ election }) => election)).toEqual(["component:d", "process"]);
  p.change([{ component: "x" }]);
  p.stop();
  expect(p.poll().map(({ election }) => election)).toEqual(["process"]);
  expect(group.status().elections.map(({ election }) => election)).toEqual(["process"]);
});

test("[D2] a refused contender gets the reason, and harms no other", () => {
  const group = new GroupWorld();
  group.join("a", { contenders: [{ component: "y", election: "dedicated" }] });
  const p = group.poller("p", [{ component: "x" }, { component: "y" }]);
  expect(p.poll()).toMatchObject([{ components: ["x"] }]);
  expect(p.answer).toMatchObject({ refusals: [{ type: "error", code: "election_mismatch", component: "y" }] });
});

test("[S3] a refused contender costs no row with every call", () => {
  const group = new GroupWorld();
  group.join("a", { contenders: [{ component: "y", election: "dedicated" }] });
  const p = group.poller("p", [{ component: "x" }, { component: "y" }]);
  p.poll();
  const steps = group.during(() => p.poll());
  expect(p.answer).toMatchObject({ refusals: [{ type: "error", code: "election_mismatch" }] });
  expect(steps.flatMap(({ rows }) => rows)).toEqual([]);
});

test("[S7] [S9] after a crash a renewal is answered with the terms that it named, and with nothing else", () => {
  const group = new GroupWorld();
  const p = group.poller("p", [{ component: "x" }, DEDICATED]);
  p.poll();
  group.crash();
  p.renew([p.holds("component:d")]);
  expect(p.answer).toMatchObject({ resumed: true, leaderships: [{ election: "component:d" }] });
});

test("[S12] a renewal or a confirm does not shorten the time that a campaign has asked for", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p");
  p.poll({ pollEveryMs: 10_000 });
  const b = group.join("b", { contenders: ["x"] });
  p.renew([]);
  a.resign();
  group.run(10_000 + group.policy.askTimeoutMs - 1, a, b);
  expect(group.election().type).toBe("vacant");
  group.advance(1); // what it asked for, and one time-out
  expect(group.holder()).toBe("b");
});

test("[S12] a call of any kind moves the poll deadline, and with it that of the elections which wait for it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p");
  p.poll();
  a.resign();
  group.advance(3_000);
  p.renew([]);
  expect(group.alarm()).toBe(group.now + 5_000 + group.policy.askTimeoutMs);
  expect(group.election().type).toBe("vacant");
  expect(p.poll()).toHaveLength(1);
});

test("[S3] a policy with a longer lease is promised only as far as the group itself honours it", () => {
  const group = new GroupWorld({ leaseMs: 4_000 });
  const p = group.poller("p");
  p.poll();
  group.configure({ leaseMs: 20_000 });
  p.poll();
  expect(p.answer).toMatchObject({ lease: { renewDeadlineMs: 16_000 } });
  expect(group.election()).toMatchObject({ leaseUntil: group.now + 20_000 });
});

test("[G4] a contender that is closed while an election waits for the next call: it goes on to the next one", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p");
  p.poll();
  const b = group.join("b", { contenders: ["x"] });
  a.resign();
  expect(group.election().type).toBe("vacant");
  p.change([]);
  expect(p.poll()).toEqual([]);
  b.accept();
});

test("[X6] [N3] leaving ends everything, each term as soon as it has stopped", () => {
  const group = new GroupWorld();
  const p = group.poller("p", [{ component: "x" }, DEDICATED]);
  p.poll();
  p.leave();
  expect(group.stored.rows).toMatchObject({ sessions: [], elections: [] });
  expect(group.history().map(({ reason }) => reason)).toEqual(["resigned", "closed"]);
});

test("[N6] a wrong secret resumes nothing", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  p.poll();
  const session = { sessionId: p.sessionId, secret: "wrong", attempt: 1_000 };
  const stolen = group.poll({ session, action: { type: "bye" } });
  expect(stolen).toMatchObject({ type: "refused", code: "unknown_session" });
  expect(group.holder()).toBe("p");
});

test("a group that is cleaned up forgets who polls", () => {
  const group = new GroupWorld();
  const p = group.poller("p");
  p.poll();
  group.cleanup(true);
  expect(group.state.connections.size + group.state.polled.size).toBe(0);
  group.advance(30_000);
  expect(p.poll()).toHaveLength(1);
  expect(p.answer).toMatchObject({ resumed: false });
});
