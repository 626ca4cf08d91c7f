import { expect, test } from "vitest";
import { World } from "./world.ts";

const contenders = ["x"];

test("[Q1] first come, first served among equal priorities", () => {
  const group = new World();
  const [a, b, c] = ["a", "b", "c"].map((name) => group.join(name, { contenders }));
  a?.accept();
  expect(group.candidates()).toEqual(["b", "c"]);
  a?.bye();
  b?.accept();
  b?.bye();
  c?.accept();
});

test("[Q1] a leader that resigned goes to the back of the queue", () => {
  const group = new World();
  const [a, b, c] = ["a", "b", "c"].map((name) => group.join(name, { contenders }));
  for (const peer of [a, b, c, a, b, c]) {
    expect(group.holder()).toBe(peer?.name);
    peer?.accept();
    peer?.resign();
  }
});

test("[Q1] a leader whose lease expired goes to the back of the queue", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const c = group.join("c", { contenders });
  group.advance(10_000);
  b.accept();
  expect(group.candidates()).toEqual(["c", "a"]);
  b.bye();
  c.accept();
});

test("[Q1] a place survives a resumed session", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  group.join("c", { contenders });
  b.drop();
  group.advance(5_000);
  expect(group.candidates()).toEqual(["c", "b"]); // who can't be asked now comes after those that can
  b.resume();
  expect(group.candidates()).toEqual(["b", "c"]);
});

test("[Q1] a session keeps its place while it has a contender of the election, and takes a new one afterwards", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders: ["x", "y"] });
  group.join("c", { contenders });
  a.accept();
  b.deregister("x");
  expect(group.candidates()).toEqual(["b", "c"]);
  b.deregister("y");
  b.register("x");
  expect(group.candidates()).toEqual(["c", "b"]);
});

test("[Q2] the higher priority is asked first", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  a.accept();
  group.join("low", { contenders, priority: -5 });
  group.join("middle", { contenders });
  group.join("high", { contenders, priority: 7.5 });
  expect(group.candidates()).toEqual(["high", "middle", "low"]);
  a.bye();
  expect(group.holder()).toBe("high");
});

test("[Q2] a change of priority is honoured at the next hand-over", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  a.accept();
  group.join("b", { contenders });
  const c = group.join("c", { contenders });
  c.say({ type: "priority", priority: 1 });
  expect(group.holder()).toBe("a");
  expect(group.candidates()).toEqual(["c", "b"]);
  a.bye();
  c.accept();
});

test("[Q2] a dedicated contender has its own priority, or its process's", () => {
  const group = new World();
  const a = group.join("a", { contenders: [{ component: "d", election: "dedicated" }] });
  a.accept("component:d");
  group.join("b", { contenders: [{ component: "d", election: "dedicated" }], priority: 2 });
  const c = group.join("c", { contenders: [{ component: "d", election: "dedicated", priority: 1 }], priority: 9 });
  expect(group.candidates("component:d")).toEqual(["b", "c"]);
  c.say({ type: "priority", priority: 3, component: "d" });
  expect(group.candidates("component:d")).toEqual(["c", "b"]);
});

test("[Q2] a priority of a contender in the process election, or of an unknown one, is refused", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  const mismatch = { type: "error", code: "election_mismatch", component: "x" };
  expect(a.say({ type: "priority", priority: 1, component: "x" })).toMatchObject([mismatch]);
  const unknown = { type: "error", code: "unknown_component", component: "q" };
  expect(a.say({ type: "priority", priority: 1, component: "q" })).toMatchObject([unknown]);
});

test("[Q2] with preemption a strictly higher priority takes the lead at once when the cool-down is over", () => {
  const group = new World({ preempt: { cooldownMs: 5_000 } });
  const a = group.join("a", { contenders });
  const { leaderSessionId } = a.accept();
  group.run(6_000, a);
  const b = group.join("b", { contenders, priority: 1 });
  expect(a.last("revoke")).toMatchObject({ leaderSessionId, reason: "preempted" });
  a.release();
  b.accept();
  expect(group.history()).toMatchObject([{ reason: "preempted" }]);
});

test("[Q2] with preemption a leadership lasts at least its cool-down", () => {
  const group = new World({ preempt: { cooldownMs: 5_000 } });
  const a = group.join("a", { contenders });
  a.accept();
  group.join("b", { contenders, priority: 1 });
  group.run(4_999, a);
  expect(a.heard("revoke")).toEqual([]);
  group.advance(1);
  expect(a.heard("revoke")).toHaveLength(1);
});

test("[Q2] equals never preempt each other, nor does a change of priority to the same", () => {
  const group = new World({ preempt: { cooldownMs: 0 } });
  const a = group.join("a", { contenders, priority: 1 });
  const b = group.join("b", { contenders, priority: 1 });
  a.accept();
  group.run(5_000, a);
  expect(group.election().type).toBe("leading");
  b.say({ type: "priority", priority: 2 });
  expect(group.election().type).toBe("revoking");
});

test("[Q2] with preemption a holder that lowers its own priority is preempted by one that waits", () => {
  for (const lower of ["message", "resume"] as const) {
    const group = new World({ preempt: { cooldownMs: 5_000 } });
    const a = group.join("a", { contenders, priority: 5 });
    group.join("b", { contenders, priority: 3 });
    a.accept();
    group.run(6_000, a);
    expect(group.election().type).toBe("leading");
    a.profile = { contenders, priority: 1 };
    if (lower === "message") a.say({ type: "priority", priority: 1 });
    else a.resume();
    expect(a.last("revoke").reason).toBe("preempted");
  }
});

test("[Q2] without preemption a higher priority waits", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  a.accept();
  group.join("b", { contenders, priority: 100 });
  group.run(60_000, a);
  expect(group.election().type).toBe("leading");
});

test("[Q2] nobody is preempted while the group is paused, since nobody could take over", () => {
  const group = new World({ preempt: { cooldownMs: 0 } });
  const a = group.join("a", { contenders });
  a.accept();
  group.pause();
  group.join("b", { contenders, priority: 1 });
  group.run(5_000, a);
  expect(group.election().type).toBe("leading");
  group.pause(false);
  expect(group.election().type).toBe("revoking");
});

test("[Q3] a named successor is asked first", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  group.join("b", { contenders, priority: 9 });
  const c = group.join("c", { contenders });
  a.accept();
  a.resign("process", c);
  c.accept();
});

test.each([
  ["is not there any more", (c: ReturnType<World["join"]>) => c.bye()],
  ["is disconnected", (c: ReturnType<World["join"]>) => c.drop()],
  ["runs in another election only", (c: ReturnType<World["join"]>) => c.deregister("x")],
])("[Q3] the queue goes on where the successor %s", (_word, prepare) => {
  const group = new World();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  a.accept();
  prepare(c);
  a.resign("process", c);
  b.accept();
});

test("[Q3] the queue goes on where the successor does not answer", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  a.accept();
  a.resign("process", c);
  group.advance(2_000);
  b.accept();
});

test("[Q4] whoever missed an offer is asked after all others, whatever its priority, until somebody has accepted", () => {
  const group = new World();
  const a = group.join("a", { contenders, priority: 100 });
  group.advance(2_000);
  a.renew(); // is heard of again, and the only one
  expect(group.holder()).toBe("a");
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  group.advance(2_000);
  a.renew();
  expect(group.holder()).toBe("b");
  expect(group.candidates()).toEqual(["c", "a"]);
  b.accept();
  expect(group.candidates()).toEqual(["a", "c"]);
  b.bye();
  expect(group.holder()).toBe("a");
  expect(c.heard("grant")).toEqual([]);
});

test("[Q4] whoever resigned, expired or was made to step down comes last whatever its priority", () => {
  const group = new World();
  const a = group.join("a", { contenders, priority: 100 });
  const b = group.join("b", { contenders });
  a.accept();
  a.resign();
  expect(group.holder()).toBe("b");
  expect(group.candidates()).toEqual(["a"]);
  b.accept();
  group.revoke("process");
  b.release();
  expect(group.holder()).toBe("a");
  a.accept();
  group.advance(10_000);
  expect(group.holder()).toBe("b");
});

test("[Q4] demotion outlives a restart of the backend", () => {
  const group = new World();
  const a = group.join("a", { contenders, priority: 100 });
  const b = group.join("b", { contenders });
  a.accept();
  a.resign();
  group.hibernate();
  expect(group.holder()).toBe("b");
  expect(group.candidates()).toEqual(["a"]);
  b.accept();
  group.hibernate();
  b.bye();
  expect(group.holder()).toBe("a");
});

test("[S11] [N7] a candidate whose path is dead costs one offer time-out; the next one is asked", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  const [b, c, d] = ["b", "c", "d"].map((name) => group.join(name, { contenders }));
  a.accept();
  for (const dead of [b, c]) if (dead?.wire) dead.wire.deaf = true;
  a.bye();
  const from = group.now;
  while (group.holder() !== "d") group.advance(100);
  d?.accept();
  expect(group.now - from).toBeLessThanOrEqual(4_000);
});

test("[S11] (H7) whoever left an offer unanswered is mute: no row, no alarm, no offer until it sends a real message", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  group.advance(2_000);
  expect(group.state.sessions.get(a.sessionId)?.mute).toBe(true);
  expect(group.alarm()).toBeNull();
  expect(group.during(() => group.advance(600_000))).toEqual([]);
  group.hibernate();
  expect(a.heard("grant")).toHaveLength(1);
  a.renew();
  expect(a.heard("grant")).toHaveLength(2);
  a.accept();
});

test("[S11] a decliner is at the back and asked again only after its next real message", () => {
  const group = new World();
  const a = group.join("a", { contenders, priority: 5 });
  const b = group.join("b", { contenders });
  a.release();
  b.accept();
  b.bye();
  expect(group.election().type).toBe("vacant");
  group.advance(60_000);
  group.hibernate();
  expect(group.election().type).toBe("vacant");
  a.renew();
  a.accept();
});

test("[S11] a resume is a real message for a decliner as well", () => {
  const group = new World();
  const a = group.join("a", { contenders });
  a.release();
  expect(group.election().type).toBe("vacant");
  a.resume();
  a.accept();
});

test("[S11] declining the offers of two elections does not bring the first one back", () => {
  const group = new World();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  a.release("process");
  a.release("component:d");
  expect(a.heard("grant")).toHaveLength(2);
  a.renew();
  expect(a.heard("grant")).toHaveLength(4);
});
