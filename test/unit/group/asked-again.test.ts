/** Those who miss their turn, or lose what they had: where they stand afterwards, and when they are asked again. */
import { expect, test } from "vitest";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

const contenders = ["x"];

/** Asked, and too late to answer. */
function miss(group: GroupWorld, ...peers: readonly PeerProcess[]): void {
  for (const peer of peers) peer.silent = true;
  group.advance(group.policy.askTimeoutMs);
  for (const peer of peers) peer.silent = false;
}

/** `a` is the only one, has given back what it was granted, and leaves the question open that follows. */
function alone(): { group: GroupWorld; a: PeerProcess } {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.silent = true;
  a.refuse();
  group.advance(group.policy.askTimeoutMs);
  return { group, a };
}

test("[Q4] a candidate that missed its turn comes after all others, however high its priority, until somebody has taken the lead", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders, priority: 100 });
  a.silent = true;
  a.refuse();
  const b = group.join("b", { contenders });
  const c = group.join("c", { contenders });
  miss(group, a);
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
  a.silent = true;
  group.advance(10_100);
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

test("[S11] [N7] candidates whose paths are dead cost one time-out together; the next one is asked with them", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const [b, c, d] = ["b", "c", "d"].map((name) => group.join(name, { contenders }));
  a.accept();
  for (const dead of [b, c]) if (dead) dead.silent = true;
  group.advance(2_500);
  a.bye();
  const from = group.now;
  while (group.holder() !== "d") group.advance(50);
  d?.accept();
  expect(group.now - from).toBeLessThanOrEqual(group.policy.askTimeoutMs + 50);
});

test("[S11] (H7) a candidate that left its question open is mute: no row, no alarm, no question until it sends a frame", () => {
  const { group, a } = alone();
  expect(group.state.sessions.get(a.sessionId)?.mute).toBe(true);
  expect(group.alarm()).toBeNull();
  expect(group.during(() => group.advance(600_000))).toEqual([]);
  expect(a.questions()).toHaveLength(1);
  a.renew();
  expect(a.heard("grant")).toHaveLength(2);
  a.accept();
});

test("[S11] [N5] it is mute after hibernation as well: not asked or missed anew, and no fact", () => {
  const { group, a } = alone();
  const before = group.stored;
  const facts = group.during(() => group.hibernate()).flatMap((step) => step.facts);
  expect(facts).toEqual([]);
  expect(group.stored).toEqual(before);
  expect(a.questions()).toHaveLength(1);
  expect(group.alarm()).toBeNull();
  a.renew();
  expect(group.holder()).toBe("a");
});

test("[S11] [N5] one that has sent any frame since is not mute after hibernation", () => {
  const { group, a } = alone();
  const b = group.join("b", { contenders });
  b.accept();
  const c = group.join("c", { contenders, priority: 1 });
  a.say({ type: "observe", components: ["x"] });
  expect(a.questions()).toHaveLength(1); // c is next
  group.hibernate();
  c.bye();
  expect(a.questions()).toHaveLength(2);
  expect(group.candidates()).toEqual(["a"]);
});

test("[S11] any frame of it lets it be asked again, and an answer that comes late is a good statement", () => {
  const { group, a } = alone();
  a.say({ type: "priority", priority: 1 });
  expect(a.questions()).toHaveLength(2);
  expect(group.election().type).toBe("vacant");
  group.advance(group.policy.askTimeoutMs - 1);
  a.renew();
  expect(group.holder()).toBe("a");
  const late = alone();
  late.a.renew();
  expect(late.group.holder()).toBe("a");
});

test("[S11] a resume lets it be asked again", () => {
  const { group, a } = alone();
  a.resume();
  expect(group.holder()).toBe("a");
  a.accept();
});

test("[S11] one that is mute is a candidate of no election; it misses its turn only where nobody leads", () => {
  const group = new GroupWorld();
  const names = ["x", { component: "d", election: "dedicated" }] as const;
  const b = group.join("b", { contenders: names });
  b.accept();
  const a = group.join("a", { contenders: names });
  const c = group.join("c", { contenders: names });
  group.advance(2_500);
  a.silent = true;
  b.deregister("d");
  group.run(group.policy.askTimeoutMs, b);
  expect([group.holder(), group.holder("component:d")]).toEqual(["b", "c"]);
  expect(group.candidates()).toEqual(["c", "a"]); // mute ones are listed after those that can be asked
  a.renew();
  expect(group.candidates()).toEqual(["a", "c"]);
  expect(group.candidates("component:d")).toEqual(["a"]);
  c.bye();
});

test("[Q3] [S11] a named successor that is silent has had its turn", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const [b, c] = ["b", "c"].map((name) => group.join(name, { contenders }));
  a.accept();
  group.advance(2_500);
  if (b === undefined || c === undefined) return;
  b.silent = true;
  c.silent = true;
  a.resign("process", c);
  expect(group.election()).toEqual({ type: "vacant", successor: c.sessionId });
  miss(group, c);
  expect(group.election()).not.toHaveProperty("successor", c.sessionId);
  expect(group.holder()).toBe("a"); // b was silent as well
});
