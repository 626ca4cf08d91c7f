import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

/** A leads and then sends nothing; B waits. */
function silentLeader(): { group: GroupWorld; a: ReturnType<GroupWorld["join"]>; b: ReturnType<GroupWorld["join"]> } {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  return { group, a, b };
}

test("[S2] the group waits D from the last accepted renewal before it grants the election to anyone else", () => {
  const { group, a } = silentLeader();
  group.advance(4_000);
  a.renewHeld();
  group.advance(9_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  expect(group.holder()).toBe("b");
});

test("[S2] a close of any kind without bye is a lost socket: the lease runs on", () => {
  const { group, a, b } = silentLeader();
  a.sendRaw("{");
  expect(a.closeCode).toBe(4400);
  group.advance(9_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  b.accept();
});

test.each([
  ["resign", (a: ReturnType<GroupWorld["join"]>) => a.resign()],
  ["release", (a: ReturnType<GroupWorld["join"]>) => a.release()],
  ["bye", (a: ReturnType<GroupWorld["join"]>) => a.bye()],
  ["the last deregister", (a: ReturnType<GroupWorld["join"]>) => a.deregister("x")],
])("[S2] nothing is waited for after %s", (_word, leave) => {
  const { group, a, b } = silentLeader();
  leave(a);
  expect(group.holder()).toBe("b");
  b.accept();
});

test("[S2] a renewal is never accepted after the deadline, even if nobody waits", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  group.advance(10_000);
  expect(a.renew(leaderSessionId)).toEqual([]);
  expect(group.history()).toMatchObject([{ leaderSessionId, reason: "expired", endedAt: group.now }]);
  expect(a.grant().leaderSessionId).not.toBe(leaderSessionId);
});

test("[S3] the horizon is written ahead, about once per W and not per renewal", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const steps = group.during(() => group.run(60_000, a));
  const renewals = steps.filter(({ event }) => event.type === "frame");
  const written = renewals.filter(({ rows }) => rows.length > 0);
  expect(renewals).toHaveLength(24);
  expect(written).toHaveLength(4);
  for (const { rows } of written) expect(rows).toMatchObject([{ table: "election", key: "process" }]);
});

test("[S3] a renewal at the horizon writes it ahead in the same turn; one below it writes nothing", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const { now } = group;
  group.advance(5_000);
  expect(group.during(() => a.renewHeld()).flatMap(({ rows }) => rows)).toEqual([]);
  group.advance(5_000);
  expect(group.during(() => a.renewHeld()).flatMap(({ rows }) => rows)).toEqual([]);
  group.advance(2_500);
  const [step] = group.during(() => a.renewHeld());
  expect(step?.rows).toMatchObject([{ row: { state: { horizon: now + 12_500 + 20_100 } } }]);
});

test("[S3] hibernation keeps the exact lease, since the leader's live socket carries it", () => {
  const { group, a } = silentLeader();
  group.advance(3_000);
  a.renewHeld();
  group.hibernate();
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.now + 10_000 });
  group.advance(9_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  expect(group.holder()).toBe("b");
});

test("[S3] a lease that ran out while the object slept is over in the very turn that wakes it", () => {
  const { group, a, b } = silentLeader();
  b.bye();
  expect(group.alarm()).toBeNull();
  group.advance(10_000);
  a.silent = true;
  group.hibernate();
  expect(group.history()).toMatchObject([{ reason: "expired" }]);
  expect(group.election().type).toBe("vacant");
  expect(a.last("next")).toEqual({ type: "next", inMs: 0 }); // it is the only candidate
  a.renew();
  a.accept();
});

test("[S3] after a crash together with the leader the group waits until horizon + sigma", () => {
  const { group, b } = silentLeader();
  group.crash();
  b.resume();
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.now + 21_100 });
  group.advance(21_099);
  expect(group.holder()).toBe("a");
  group.advance(1);
  expect(group.holder()).toBe("b");
});

test("[S3] the exact deadline is written when the leader's socket closes, so a later crash costs sigma alone", () => {
  const { group, a, b } = silentLeader();
  const until = group.now + 10_000;
  const [step] = group.during(() => a.drop());
  expect(step?.rows).toMatchObject([{ table: "session" }, { table: "election", row: { state: { horizon: until } } }]);
  group.crash();
  b.resume();
  expect(group.election()).toMatchObject({ leaseUntil: until + 1_000 });
});

test("[S3] the same session that resumes after a crash has an exact lease again", () => {
  const { group, a } = silentLeader();
  group.crash();
  group.advance(1_000);
  a.resume();
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.now + 10_000 });
});

test("[S3] a replaced object that still receives its leader's frames cannot extend beyond what its successor honours", () => {
  const { group, a, b } = silentLeader();
  const stale = group.fork();
  group.crash();
  b.resume();
  let lastRenewal = group.now;
  for (let passed = 0; passed < 40_000; passed += 500) {
    stale.now = group.now;
    const step = stale.apply({
      type: "frame",
      connection: a.connection,
      frame: { type: "message", message: { type: "renew", sentAt: 1, held: [a.grant().leaderSessionId] } },
    });
    const renewed = step.effects.some((effect) => effect.type === "send" && effect.message.type === "renewed");
    if (step.rows.length > 0) break; // its write fails, and with it the object
    if (renewed) lastRenewal = group.now;
    group.advance(500);
  }
  expect(lastRenewal).toBeGreaterThan(group.now - 2_000);
  expect(group.holder()).toBe("a");
  expect(group.election()).toMatchObject({ type: "leading" });
  while (group.holder() === "a") group.advance(100);
  expect(group.now).toBeGreaterThanOrEqual(lastRenewal + 10_000);
  b.accept();
});

test("[S3] a host whose clock is sigma ahead frees nothing too early after a crash", () => {
  const { group, a, b } = silentLeader();
  group.run(10_000, a);
  const last = group.now;
  group.skew = 1_000;
  group.crash();
  b.resume();
  while (group.holder() === "a") group.advance(100);
  expect(group.now).toBeGreaterThanOrEqual(last + 10_000);
});

test("[S4] ping is not JSON and never reaches the core; a renewal that names nothing prolongs nothing", () => {
  const { group, a } = silentLeader();
  group.advance(5_000);
  const before = group.election();
  a.renew();
  expect(group.election()).toBe(before);
  group.advance(5_000);
  group.tick();
  expect(group.holder()).toBe("b");
});

test("[S4] a sign of life of somebody who waits writes the group's row, once in nine tenths of the period for all of them", () => {
  const { group, a, b } = silentLeader();
  const c = group.join("c", { contenders: ["x"] });
  const rowsOf = (act: () => void) => group.during(act).flatMap(({ rows }) => rows);
  const answers = rowsOf(() => group.run(269_999, a));
  expect(new Set(answers.map(({ table }) => table))).toEqual(new Set(["election"])); // whatever it was asked meanwhile
  expect(rowsOf(() => b.renew())).toEqual([]);
  group.advance(1);
  expect(rowsOf(() => b.renew())).toMatchObject([{ table: "group", row: { seenAt: group.now } }]);
  expect(rowsOf(() => c.renew())).toEqual([]);
  group.advance(1_000);
  expect(rowsOf(() => b.renew())).toEqual([]);
  expect(b.heard("grant")).toEqual([]);
});

test("[S10] the drain time ends the renewals of a revoked holder, not its lease", () => {
  const group = new GroupWorld({ drainMs: 3_000 });
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  group.revoke("process");
  expect(a.last("revoke")).toEqual({ type: "revoke", leaderSessionId, reason: "revoked", drainMs: 3_000 });
  group.advance(2_999);
  expect(a.renew(leaderSessionId)).toEqual([leaderSessionId]);
  group.advance(1);
  expect(a.renew(leaderSessionId)).toEqual([]);
  group.advance(9_998);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  expect(group.holder()).toBe("b");
  b.accept();
});

test("[S10] a holder that drains hands over by release", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  group.revoke("process");
  group.run(5_000, a);
  expect(group.election().type).toBe("revoking");
  a.release();
  expect(group.holder()).toBe("b");
  b.accept();
});

test("[S3] a shorter lease set while a leader runs does not cut what it was promised", () => {
  const { group, a } = silentLeader();
  group.configure({ leaseMs: 2_000 });
  a.renewHeld();
  group.advance(9_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  expect(group.holder()).toBe("b");
});

test("a renewal touches no tree that it does not change, and no queue", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "y", election: "dedicated" }], observe: true });
  const b = group.join("b", { contenders: ["x", { component: "y", election: "dedicated" }] });
  a.accept();
  a.renewHeld();
  a.confirm("x");
  const touchedBy = (act: () => unknown): readonly string[] => {
    group.advance(1_000);
    const { state: before } = group;
    act();
    const { state: after } = group;
    for (const [name, { queue }] of after.elections.entries()) expect(before.elections.get(name)?.queue).toBe(queue);
    return Object.keys(after).filter((part) => Reflect.get(before, part) !== Reflect.get(after, part));
  };
  expect(touchedBy(() => b.renew())).toEqual(["connections", "heard"]);
  expect(touchedBy(() => a.renewHeld())).toEqual(["elections", "connections", "deadlines", "awaited", "heard"]);
});
