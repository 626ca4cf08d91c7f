import { expect, test } from "vitest";
import { World } from "./world.ts";

const contenders = ["x"];

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
