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

/**
 * `low` leads, `high` waits and could preempt; what preemptions there are within `ms`. Each time `high` turns the lead down:
 * by what it does before the holder stops, or afterwards.
 */
function preemptionsWithin(
  group: GroupWorld,
  ms: number,
  turnDown: () => void,
  before = (): void => undefined,
): number {
  const low = group.peers.find(({ name }) => name === "low");
  if (low === undefined) throw new Error("nobody is low");
  let count = 0;
  for (const until = group.now + ms; group.now < until; ) {
    group.run(500, low);
    if (group.election().type !== "revoking") continue;
    count += 1;
    before();
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
  const isReadyAgain = (): void => {
    expect(group.holder()).toBe("low");
    high.busy = [];
    high.silent = false;
    high.renew();
  };
  const giveBack = (): void => {
    expect(group.holder()).toBe("high");
    high.busy = ["process"];
    high.refuse();
    isReadyAgain();
  };
  return { group, low, high, isReadyAgain, giveBack };
}

test("[Q6] a rival that gives back what it has preempted preempts nobody for a minute, then for two, then for four", () => {
  const { group, giveBack } = lowAndHigh();
  expect(preemptionsWithin(group, MINUTE, giveBack)).toBe(1);
  expect(preemptionsWithin(group, 2 * MINUTE, giveBack)).toBe(1);
  expect(preemptionsWithin(group, 4 * MINUTE, giveBack)).toBe(1);
  expect(preemptionsWithin(group, 20 * MINUTE, giveBack)).toBeLessThanOrEqual(2);
});

test("[Q6] so does one that is busy each time when the holder has stopped", () => {
  const { group, high, isReadyAgain } = lowAndHigh();
  const becomeBusy = (): void => {
    high.busy = ["process"];
    high.renew();
  };
  expect(preemptionsWithin(group, MINUTE, isReadyAgain, becomeBusy)).toBe(1);
});

test("[Q6] so does one that falls silent each time while the holder stops", () => {
  const { group, low, high, isReadyAgain } = lowAndHigh();
  const fallSilent = (): void => {
    high.silent = true;
    group.run(1_500, low);
  };
  expect(preemptionsWithin(group, MINUTE, isReadyAgain, fallSilent)).toBe(1);
});

test("[Q6] so does one that is silent each time when nobody leads", () => {
  const { group, high, isReadyAgain } = lowAndHigh();
  const open = (): void => {
    group.pause(false);
    group.advance(group.policy.askTimeoutMs);
    isReadyAgain();
  };
  const hold = (): void => {
    high.silent = true;
    group.pause();
    group.advance(500);
  };
  expect(preemptionsWithin(group, MINUTE, open, hold)).toBe(1);
});

test("[Q6] so does one that never takes what it is granted, until its lease is over", () => {
  const { group, high } = lowAndHigh();
  const fail = (): void => {
    expect(group.holder()).toBe("high");
    high.endAll();
    group.advance(2_100);
  };
  expect(preemptionsWithin(group, MINUTE, fail)).toBe(1);
});

type Rivals = ReturnType<typeof lowAndHigh>;

test.each<[string, (rivals: Rivals) => void]>([
  [
    "its lease is over",
    ({ group, high }) => {
      group.hibernate();
      high.endAll();
      group.advance(2_100);
    },
  ],
  [
    "its lease is over, also where it has answered another question since the grant",
    ({ group, high }) => {
      high.endAll();
      group.advance(100);
      high.renew();
      group.hibernate();
      group.advance(2_100);
    },
  ],
  [
    "it is back over another connection",
    ({ group, high, isReadyAgain }) => {
      group.hibernate();
      high.drop();
      high.busy = ["process"];
      high.resume({ held: [] });
      isReadyAgain();
    },
  ],
  [
    "it is back, where its connection was lost before",
    ({ group, high, isReadyAgain }) => {
      high.drop();
      group.hibernate();
      high.busy = ["process"];
      high.resume({ held: [] });
      isReadyAgain();
    },
  ],
])("[Q6] so does one that never takes what it is granted, and the object sleeps until %s", (_what, fail) => {
  const rivals = lowAndHigh();
  expect(preemptionsWithin(rivals.group, MINUTE, () => fail(rivals))).toBe(1);
});

test("[Q6] so does one that loses its connection over each grant", () => {
  const { group, high, isReadyAgain } = lowAndHigh();
  const fail = (): void => {
    high.drop();
    high.busy = ["process"];
    high.resume({ held: [] });
    isReadyAgain();
  };
  expect(preemptionsWithin(group, MINUTE, fail)).toBe(1);
});

test("[Q6] so does one that loses its connection over each grant, even if an operator revokes it meanwhile", () => {
  const { group, high, isReadyAgain } = lowAndHigh();
  const fail = (): void => {
    group.revoke("process");
    high.drop();
    high.busy = ["process"];
    high.resume({ held: [] });
    isReadyAgain();
  };
  expect(preemptionsWithin(group, MINUTE, fail)).toBe(1);
});

test("[Q6] so does one that gives back what an operator has revoked meanwhile, or leaves it to its lease", () => {
  for (const leavesIt of [false, true]) {
    const { group, low, high, isReadyAgain, giveBack } = lowAndHigh();
    const fail = (): void => {
      expect(group.holder()).toBe("high");
      group.revoke("process");
      if (!leavesIt) return giveBack();
      high.endAll();
      group.run(2_100, low);
      isReadyAgain();
    };
    expect(preemptionsWithin(group, MINUTE, fail)).toBe(1);
  }
});

test("[Q2] [S11] a rival is asked before it preempts: one that is silent takes the lead from nobody, and sets no alarm", () => {
  const { group, low, high } = lowAndHigh();
  high.silent = true;
  const steps = group.during(() => group.run(MINUTE, low));
  expect(low.heard("revoke")).toEqual([]);
  expect(high.questions()).toHaveLength(1);
  expect(steps.filter(({ event }) => event.type === "tick").length).toBeLessThanOrEqual(1); // the cool-down
  high.renew();
  expect(low.heard("revoke")).toHaveLength(1);
});

test("[Q2] [S11] a rival behind one that is silent is asked after it", () => {
  const { group, low, high } = lowAndHigh();
  high.silent = true;
  const middle = group.join("middle", { contenders, priority: 5 });
  group.run(3_000, low);
  expect(group.election()).toMatchObject({ type: "revoking", successor: middle.sessionId });
});

test("[Q2] [S11] a rival that asks by calls preempts in its own call, and is waited for until the next one", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 1_000 } });
  const low = group.join("low", { contenders });
  low.accept();
  const p = group.poller("p", [{ component: "x" }]);
  const campaign = { priority: 1 };
  p.poll(campaign);
  group.run(2_000, low);
  expect(group.election().type).toBe("leading");
  p.poll(campaign);
  expect(low.last("revoke").reason).toBe("preempted");
  low.release();
  expect(group.election().type).toBe("vacant");
  expect(p.poll(campaign)).toHaveLength(1);
});

test("[Q2] [S11] a rival that was busy has missed nothing: it preempts once it is ready", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 1_000 } });
  const low = group.join("low", { contenders });
  low.accept();
  const high = group.stranger("high", { contenders, priority: 10 });
  high.busy = ["process"];
  high.connect().hello();
  group.run(10_000, low);
  expect(low.heard("revoke")).toEqual([]);
  high.busy = [];
  high.renew();
  expect(low.last("revoke").reason).toBe("preempted");
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

test("[Q6] so does one that goes away while it is asked to take over", () => {
  const { group, low, high } = lowAndHigh();
  group.run(1_000, low);
  expect(group.election()).toMatchObject({ type: "revoking", successor: high.sessionId });
  high.silent = true;
  group.advance(600);
  low.release();
  expect(group.election()).toMatchObject({ type: "vacant", successor: high.sessionId });
  high.drop();
  low.accept();
  high.silent = false;
  high.resume();
  expect(preemptionsWithin(group, MINUTE - 2_000, () => expect.fail("preempted again"))).toBe(0);
});

test("[Q6] a candidate that gave an ordinary grant back does not preempt the one that took the next", () => {
  const group = new GroupWorld({ leaseMs: 2_000, preempt: { cooldownMs: 1_000 } });
  const high = group.join("high", { contenders, priority: 10 });
  const low = group.join("low", { contenders });
  high.busy = ["process"];
  high.refuse();
  low.accept();
  high.busy = [];
  high.renew();
  expect(preemptionsWithin(group, MINUTE - 2_000, () => expect.fail("preempted"))).toBe(0);
});

test("[Q6] a rival that has led since preempts again when the cool-down is over", () => {
  const { group, low, high, giveBack } = lowAndHigh();
  expect(preemptionsWithin(group, 2_000, giveBack)).toBe(1);
  low.resign();
  high.accept();
  high.resign();
  low.accept();
  expect(preemptionsWithin(group, 1_500, () => high.accept() && high.resign())).toBe(1);
});

test("[Q6] the pause outlives hibernation, a crash of the object and a resumed session, and costs no row of its own", () => {
  const { group, low, high, giveBack } = lowAndHigh();
  expect(preemptionsWithin(group, 2_000, giveBack)).toBe(1);
  const returned = group.steps.filter(({ effects }) => effects.some((effect) => effect.type === "send"));
  expect(Math.max(...returned.map(({ rows }) => rows.length))).toBeLessThanOrEqual(4);
  group.hibernate();
  group.crash();
  low.resume();
  high.resume();
  expect(preemptionsWithin(group, MINUTE - 5_000, () => expect.fail("preempted"))).toBe(0);
  expect(preemptionsWithin(group, 10_000, giveBack)).toBe(1);
});

test("[Q6] [Q2] while the first in the queue pauses, the next of higher priority than the holder preempts", () => {
  const { group, low, giveBack } = lowAndHigh();
  expect(preemptionsWithin(group, 2_000, giveBack)).toBe(1);
  const middle = group.join("middle", { contenders, priority: 5 });
  group.run(1_000, low);
  expect(group.election()).toMatchObject({ type: "revoking", reason: "preempted", successor: middle.sessionId });
  low.release();
  middle.accept();
  group.run(MINUTE, middle);
  expect(group.election()).toMatchObject({ type: "revoking", reason: "preempted" });
});

test("[Q6] the pause is no shorter than the cool-down", () => {
  const { group, giveBack } = lowAndHigh(10 * MINUTE);
  expect(preemptionsWithin(group, 11 * MINUTE, giveBack)).toBe(1);
  expect(preemptionsWithin(group, 8 * MINUTE, giveBack)).toBe(0);
});
