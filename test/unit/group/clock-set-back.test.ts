/**
 * The host's clock is set back by an hour: what is due then lies an hour further ahead. An operator's revoke and a
 * clean-up bound it by what a lease can last, and by no less.
 */
import { expect, test } from "vitest";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import { GroupWorld } from "./world.ts";

const HOUR = 3_600_000;
const contenders = ["x"];
/** The longest that a lease can be believed in at the defaults: 2 D + G, and the clock margin. One is looked at G later. */
const LONGEST = 20_100 + 1_000;

/** Long enough in being that its clock never shows a time before its first. */
function oldGroup(options: PolicyOptions = {}): GroupWorld {
  const group = new GroupWorld(options);
  group.now += 2 * HOUR;
  return group;
}

/** `a` leads and is cut off, `b` waits, and then the clock is set back. */
function vanishedLeader(then: (group: GroupWorld) => void = () => undefined) {
  const group = oldGroup();
  const a = group.join("a", { contenders });
  a.accept();
  const b = group.join("b", { contenders });
  group.run(10_000, a);
  if (a.wire) a.wire.deaf = true;
  const last = group.now;
  group.skew = -HOUR;
  then(group);
  return { group, b, last };
}

const ways: readonly (readonly [string, (group: GroupWorld) => void])[] = [
  ["in the object that runs", () => undefined],
  ["while the object sleeps", (group) => group.hibernate()],
];

test.each(ways)(
  "[S2] [S3] a clock set back %s delays a hand-over until an operator revokes, and ends nothing early",
  (_, then) => {
    const { group, b, last } = vanishedLeader(then);
    group.advance(60_000);
    expect(group.holder()).toBe("a");
    const from = group.now;
    group.revoke("process");
    while (group.holder() === "a") group.advance(100);
    expect(group.now - from).toBeLessThanOrEqual(LONGEST + 100);
    b.accept();
    expect(group.now).toBeGreaterThanOrEqual(last + 10_000);
  },
);

test("[S2] a revoke right after the clock was set back still waits out the whole lease", () => {
  const { group, last } = vanishedLeader();
  group.revoke("process");
  while (group.holder() === "a") group.advance(100);
  expect(group.now - last).toBeGreaterThanOrEqual(10_000);
  expect(group.now - last).toBeLessThanOrEqual(LONGEST + 100);
});

test("[S3] after a crash it waits for what a replaced object may still promise", () => {
  const { group } = vanishedLeader((world) => world.crash());
  const from = group.now;
  group.revoke("process");
  const b = group.join("c", { contenders });
  while (group.holder() === "a") group.advance(100);
  expect(group.now - from).toBe(LONGEST);
  b.accept();
});

test("[S2] a second revoke bounds what was revoked before the clock was set back", () => {
  const group = oldGroup();
  const a = group.join("a", { contenders });
  a.accept();
  group.join("b", { contenders });
  group.run(5_000, a);
  a.drop();
  group.revoke("process");
  group.skew = -HOUR;
  group.revoke("process");
  group.advance(LONGEST);
  expect(group.holder()).toBe("b");
});

test("[S3] a lease that a revoke has bounded stays bounded over a crash", () => {
  const { group } = vanishedLeader();
  group.revoke("process");
  group.crash();
  group.join("c", { contenders });
  group.advance(LONGEST + 1_000);
  expect(group.holder()).toBe("c");
});

test("[S5] a forced clean-up holds off for as long as a lease can last, not for the hour as well", () => {
  const { group } = vanishedLeader();
  group.cleanup(true);
  expect(group.state.holdOffUntil).toBe(group.clock + LONGEST);
  const c = group.join("c", { contenders });
  group.advance(LONGEST - 1);
  expect(c.heard("grant")).toEqual([]);
  group.advance(1);
  c.accept();
});

test("[S5] a clean-up bounds the hold-off of an earlier one from before the clock was set back", () => {
  const group = oldGroup();
  group.join("a", { contenders }).accept();
  group.cleanup(true);
  group.skew = -HOUR;
  group.crash();
  group.cleanup(true);
  expect(group.state.holdOffUntil).toBe(group.clock + LONGEST);
  const c = group.join("c", { contenders });
  group.advance(LONGEST);
  c.accept();
});

test("[S5] it bounds it by the longest lease that the hold-off stands for, not by the present policy", () => {
  const group = oldGroup({ leaseMs: 60_000 });
  group.join("a", { contenders }).accept();
  group.configure({ leaseMs: 2_000 });
  group.cleanup(true);
  const until = group.state.holdOffUntil;
  group.join("b", { contenders });
  group.cleanup(true);
  expect(group.state.holdOffUntil).toBe(until);
  group.skew = -HOUR;
  group.cleanup(true);
  expect(group.state.holdOffUntil).toBe(group.clock + 120_100 + 1_000);
});

test("[S5] a restore waits for epochs that the clock would give out again, beyond what a clean-up bounds", () => {
  const group = oldGroup();
  group.join("a", { contenders }).accept();
  const { epoch } = group.state;
  group.skew = -HOUR;
  group.restore();
  group.cleanup(true);
  expect(group.state.holdOffUntil).toBeGreaterThan(epoch);
});

test("[S4] a sign of life after the clock was set back writes its row at once, and then as before", () => {
  const group = oldGroup();
  const a = group.join("a", { contenders });
  a.accept();
  const b = group.join("b", { contenders });
  const rowsOf = (act: () => void) => group.during(act).flatMap(({ rows }) => rows);
  expect(rowsOf(() => b.renew())).toEqual([]);
  group.skew = -HOUR;
  expect(rowsOf(() => b.renew())).toMatchObject([{ table: "group", row: { seenAt: group.clock } }]);
  expect(rowsOf(() => b.renew())).toEqual([]);
});

/** `a` leads at the defaults and stays, and then the clock is set back. */
function presentLeader() {
  const group = oldGroup();
  const a = group.join("a", { contenders });
  a.accept();
  group.join("b", { contenders });
  group.run(5_000, a);
  group.skew = -HOUR;
  return { group, a };
}

test("[S3] a renewal after the clock was set back writes the horizon, which an object that was replaced can't", () => {
  const { group, a } = presentLeader();
  const rowsOf = (act: () => void) => group.during(act)[0]?.rows; // the next one is asked, and answers after that
  const horizon = group.clock + 20_100;
  expect(rowsOf(() => a.renewHeld())).toMatchObject([{ table: "election", row: { state: { horizon } } }]);
  expect(rowsOf(() => a.renewHeld())).toEqual([]);
});

test("[S2] a leader that vanishes after a renewal by the clock that was set back is followed in time", () => {
  const { group, a } = presentLeader();
  a.renewHeld();
  a.drop();
  group.advance(10_000);
  expect(group.holder()).toBe("b");
});

test("[S2] a revoke leaves the longer lease that was promised after the clock was set back", () => {
  const { group, a } = presentLeader();
  group.configure({ leaseMs: 60_000 });
  a.resume();
  if (a.wire) a.wire.deaf = true;
  const last = group.now;
  group.revoke("process");
  while (group.holder() === "a") group.advance(100);
  expect(group.now - last).toBeGreaterThanOrEqual(60_000);
});

test.each([1_000, 3_000, 9_000, HOUR])(
  "[S2] [S3] a revoke after a step back by %i ms waits for what a replaced object may go on promising",
  (backMs) => {
    const group = oldGroup();
    const a = group.join("a", { contenders });
    a.accept();
    const stale = group.fork();
    group.crash();
    group.skew = -backMs;
    group.revoke("process");
    // As slow as a client may be that leads, each time within R of the renewal before.
    for (let wroteRows = false; !wroteRows; ) {
      group.now += 3_200;
      stale.now = group.now - backMs;
      const { leaderSessionId } = a.grant();
      const message = { type: "renew", sentAt: 1, held: [leaderSessionId] } as const;
      const step = stale.apply({
        type: "frame",
        connection: a.connection,
        frame: { type: "message", message },
      });
      wroteRows = step.rows.length > 0; // its write fails, and with it the object
      if (!wroteRows) expect(leaseUntil(stale)).toBeLessThanOrEqual(leaseUntil(group));
    }
  },
);

function leaseUntil(group: GroupWorld): number {
  const state = group.election();
  return "leaseUntil" in state ? state.leaseUntil : -Infinity;
}
