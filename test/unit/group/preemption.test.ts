import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

const contenders = ["x"];

test("[Q2] with preemption a strictly higher priority takes the lead at once when the cool-down is over", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 5_000 } });
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
  const group = new GroupWorld({ preempt: { cooldownMs: 5_000 } });
  const a = group.join("a", { contenders });
  a.accept();
  group.join("b", { contenders, priority: 1 });
  group.run(4_999, a);
  expect(a.heard("revoke")).toEqual([]);
  group.advance(1);
  expect(a.heard("revoke")).toHaveLength(1);
});

test("[Q2] equals never preempt each other, nor does a change of priority to the same", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 0 } });
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
    const group = new GroupWorld({ preempt: { cooldownMs: 5_000 } });
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
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  group.join("b", { contenders, priority: 100 });
  group.run(60_000, a);
  expect(group.election().type).toBe("leading");
});

test("[Q2] nobody is preempted while the group is paused, since nobody could take over", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 0 } });
  const a = group.join("a", { contenders });
  a.accept();
  group.pause();
  group.join("b", { contenders, priority: 1 });
  group.run(5_000, a);
  expect(group.election().type).toBe("leading");
  group.pause(false);
  expect(group.election().type).toBe("revoking");
});

const MINUTE = 60_000;

/** `low` leads, `high` waits and could preempt; what preemptions there are within `ms`, each turned down by `turnDown`. */
function preemptionsWithin(group: GroupWorld, ms: number, turnDown: () => void): number {
  const low = group.peers.find(({ name }) => name === "low");
  if (low === undefined) throw new Error("nobody is low");
  let count = 0;
  for (const until = group.now + ms; group.now < until; ) {
    group.run(500, low);
    if (group.election().type !== "revoking") continue;
    count += 1;
    low.release();
    turnDown();
    low.accept();
  }
  return count;
}

function lowAndHigh(cooldownMs = 1_000) {
  const group = new GroupWorld({ leaseMs: 2_000, preempt: { cooldownMs } });
  const low = group.join("low", { contenders });
  low.accept();
  const high = group.join("high", { contenders, priority: 10 });
  const decline = (): void => {
    expect(group.holder()).toBe("high");
    high.release();
    high.renew();
  };
  return { group, low, high, decline };
}

test("[Q6] a rival that declines what it has preempted preempts nobody for a minute, then for two, then for four", () => {
  const { group, decline } = lowAndHigh();
  expect(preemptionsWithin(group, MINUTE, decline)).toBe(1);
  expect(preemptionsWithin(group, 2 * MINUTE, decline)).toBe(1);
  expect(preemptionsWithin(group, 4 * MINUTE, decline)).toBe(1);
  expect(preemptionsWithin(group, 60 * MINUTE, decline)).toBeLessThanOrEqual(4);
});

test("[Q6] so does one that answers an offer too late each time", () => {
  const { group, high } = lowAndHigh();
  const miss = (): void => {
    group.advance(group.policy.offerTimeoutMs);
    high.renew(high.grant().leaderSessionId); // too late
  };
  expect(preemptionsWithin(group, MINUTE, miss)).toBe(1);
});

test("[Q6] so does one that loses its connection over each offer", () => {
  const { group, high } = lowAndHigh();
  const fail = (): void => {
    high.drop();
    high.resume();
  };
  expect(preemptionsWithin(group, MINUTE, fail)).toBe(1);
});

test("[Q6] so does one that is away each time when the holder has stopped", () => {
  const { group, low, high } = lowAndHigh();
  group.run(1_000, low);
  high.drop();
  low.release();
  low.accept();
  high.resume();
  expect(preemptionsWithin(group, MINUTE - 2_000, () => expect.fail("preempted again"))).toBe(0);
});

test("[Q6] a candidate that declined an ordinary offer does not preempt the one that took it", () => {
  const group = new GroupWorld({ leaseMs: 2_000, preempt: { cooldownMs: 1_000 } });
  const high = group.join("high", { contenders, priority: 10 });
  const low = group.join("low", { contenders });
  high.release();
  high.renew();
  low.accept();
  expect(preemptionsWithin(group, MINUTE - 2_000, () => expect.fail("preempted"))).toBe(0);
});

test("[Q6] a rival that has led since preempts again when the cool-down is over", () => {
  const { group, low, high, decline } = lowAndHigh();
  expect(preemptionsWithin(group, 2_000, decline)).toBe(1);
  low.resign();
  high.accept();
  high.resign();
  low.accept();
  expect(preemptionsWithin(group, 1_500, () => high.accept() && high.resign())).toBe(1);
});

test("[Q6] the pause outlives hibernation, a crash of the object and a resumed session, and costs no row of its own", () => {
  const { group, low, high, decline } = lowAndHigh();
  expect(preemptionsWithin(group, 2_000, decline)).toBe(1);
  const declined = group.steps.filter(({ effects }) => effects.some((effect) => effect.type === "send"));
  expect(Math.max(...declined.map(({ rows }) => rows.length))).toBeLessThanOrEqual(4);
  group.hibernate();
  group.crash();
  low.resume();
  high.resume();
  expect(preemptionsWithin(group, MINUTE - 5_000, () => expect.fail("preempted"))).toBe(0);
  expect(preemptionsWithin(group, 10_000, decline)).toBe(1);
});

test("[Q6] [Q2] while the first in the queue pauses, the next of higher priority than the holder preempts", () => {
  const { group, low, decline } = lowAndHigh();
  expect(preemptionsWithin(group, 2_000, decline)).toBe(1);
  const middle = group.join("middle", { contenders, priority: 5 });
  group.run(1_000, low);
  expect(group.election()).toMatchObject({ type: "revoking", reason: "preempted", successor: middle.sessionId });
  low.release();
  middle.accept();
  group.run(MINUTE, middle);
  expect(group.election()).toMatchObject({ type: "revoking", reason: "preempted" });
});

test("[Q6] the pause is no shorter than the cool-down", () => {
  const { group, decline } = lowAndHigh(10 * MINUTE);
  expect(preemptionsWithin(group, 11 * MINUTE, decline)).toBe(1);
  expect(preemptionsWithin(group, 8 * MINUTE, decline)).toBe(0);
});
