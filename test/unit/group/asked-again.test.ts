import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

const contenders = ["x"];

test("[Q4] a candidate that missed an offer is asked after all others, however high its priority, until somebody has accepted", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders, priority: 100 });
  group.advance(group.policy.offerTimeoutMs);
  a.renew(); // sends a message again, as the only one
  expect(group.holder()).toBe("a");
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  group.advance(group.policy.offerTimeoutMs);
  a.renew();
  expect(group.holder()).toBe("b");
  expect(group.candidates()).toEqual(["c", "a"]);
  b.accept();
  expect(group.candidates()).toEqual(["a", "c"]);
  b.bye();
  expect(group.holder()).toBe("a");
  expect(c.heard("grant")).toEqual([]);
});

test("[Q4] a process that resigned, expired or was made to step down comes last, however high its priority", () => {
  const group = new GroupWorld();
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
  group.tick();
  expect(group.holder()).toBe("b");
});

test("[Q4] demotion outlives a restart of the backend", () => {
  const group = new GroupWorld();
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
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const [b, c, d] = ["b", "c", "d"].map((name) => group.join(name, { contenders }));
  a.accept();
  for (const dead of [b, c]) if (dead?.wire) dead.wire.deaf = true;
  a.bye();
  const from = group.now;
  while (group.holder() !== "d") group.advance(100);
  d?.accept();
  expect(group.now - from).toBeLessThanOrEqual(2 * group.policy.offerTimeoutMs + 100);
});

test("[S11] (H7) a candidate that left an offer unanswered is mute: no row, no alarm, no offer until it sends a real message", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  group.advance(group.policy.offerTimeoutMs);
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
  const group = new GroupWorld();
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
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.release();
  expect(group.election().type).toBe("vacant");
  a.resume();
  a.accept();
});

test("[S11] declining the offers of two elections does not bring the first one back", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  a.release("process");
  a.release("component:d");
  expect(a.heard("grant")).toHaveLength(2);
  a.renew();
  expect(a.heard("grant")).toHaveLength(4);
});
