import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

const contenders = ["x"];

test("[Q1] first come, first served among equal priorities", () => {
  const group = new GroupWorld();
  const [a, b, c] = ["a", "b", "c"].map((name) => group.join(name, { contenders }));
  a?.accept();
  expect(group.candidates()).toEqual(["b", "c"]);
  a?.bye();
  b?.accept();
  b?.bye();
  c?.accept();
});

test("[Q1] a leader that resigned goes to the back of the queue", () => {
  const group = new GroupWorld();
  const [a, b, c] = ["a", "b", "c"].map((name) => group.join(name, { contenders }));
  for (const peer of [a, b, c, a, b, c]) {
    expect(group.holder()).toBe(peer?.name);
    peer?.accept();
    peer?.resign();
  }
});

test("[Q1] a leader whose lease expired goes to the back of the queue", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const c = group.join("c", { contenders });
  group.advance(10_000);
  group.tick();
  b.accept();
  expect(group.candidates()).toEqual(["c", "a"]);
  b.bye();
  c.accept();
});

test("[Q1] a place survives a resumed session", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  group.join("c", { contenders });
  b.drop();
  group.advance(5_000);
  expect(group.candidates()).toEqual(["c", "b"]); // who can't be granted it now comes after those that can
  b.resume();
  expect(group.candidates()).toEqual(["b", "c"]);
});

test("[Q1] a session keeps its place while it has a contender of the election, and takes a new one afterwards", () => {
  const group = new GroupWorld();
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

test("[Q2] the higher priority comes first", () => {
  const group = new GroupWorld();
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
  const group = new GroupWorld();
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
  const group = new GroupWorld();
  const a = group.join("a", { contenders: [{ component: "d", election: "dedicated" }] });
  a.accept("component:d");
  group.join("b", { contenders: [{ component: "d", election: "dedicated" }], priority: 2 });
  const c = group.join("c", { contenders: [{ component: "d", election: "dedicated", priority: 1 }], priority: 9 });
  expect(group.candidates("component:d")).toEqual(["b", "c"]);
  c.say({ type: "priority", priority: 3, component: "d" });
  expect(group.candidates("component:d")).toEqual(["c", "b"]);
});

test("[Q2] a priority of a contender in the process election, or of an unknown one, is refused", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const mismatch = { type: "error", code: "election_mismatch", component: "x" };
  expect(a.say({ type: "priority", priority: 1, component: "x" })).toMatchObject([mismatch]);
  const unknown = { type: "error", code: "unknown_component", component: "q" };
  expect(a.say({ type: "priority", priority: 1, component: "q" })).toMatchObject([unknown]);
});

test("[Q3] a named successor comes first", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  group.join("b", { contenders, priority: 9 });
  const c = group.join("c", { contenders });
  a.accept();
  a.resign("process", c);
  c.accept();
});

test.each([
  ["is not there any more", (c: ReturnType<GroupWorld["join"]>) => c.bye()],
  ["is disconnected", (c: ReturnType<GroupWorld["join"]>) => c.drop()],
  ["runs in another election only", (c: ReturnType<GroupWorld["join"]>) => c.deregister("x")],
])("[Q3] the queue goes on where the successor %s", (_word, prepare) => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  a.accept();
  prepare(c);
  a.resign("process", c);
  b.accept();
});

test("[Q3] the queue goes on where the successor does not answer, or gives the grant back", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  a.accept();
  group.advance(2_500);
  c.silent = true;
  a.resign("process", c);
  group.advance(group.policy.askTimeoutMs);
  b.accept();
  c.renew();
  b.resign("process", c);
  expect(group.holder()).toBe("c");
  c.refuse();
  expect(group.holder()).toBe("a"); // before c in the queue
});

test("[Q3] the queue goes on where the successor is busy", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  a.accept();
  c.busy = ["process"];
  c.renew();
  a.resign("process", c);
  b.accept();
});

test("[Q3] [Q4] a holder that steps down and names itself comes last all the same", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  a.resign("process", a);
  expect(group.holder()).toBe("b");
  b.accept();
  group.revoke("process", { successor: b.sessionId });
  b.release();
  expect(group.holder()).toBe("a");
});

test("[Q4] a holder that names itself and is alone leads again at once", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { epoch } = a.accept();
  a.resign("process", a);
  expect(a.accept().epoch).toBeGreaterThan(epoch);
});
