/** What the sessions of one subject may store, and what becomes of those that have stored more. */
import { expect, test } from "vitest";
import { createPolicy } from "../../../worker/group/policy.ts";
import { charge } from "../../../worker/group/row-debt.ts";
import { emptyGroup } from "../../../worker/group/rows.ts";
import type { Access } from "../../../worker/group/state.ts";
import { Turn } from "../../../worker/group/turn.ts";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

/** So few rows are reached soon; one every five seconds comes back. */
const ROWS = 20;
const PAID_MS = (ROWS / 100) * 1_000;
const limited = () => new GroupWorld({ limits: { rows: ROWS } });
const DEDICATED = (component: string) => ({ component, election: "dedicated" }) as const;

function join(
  group: GroupWorld,
  name: string,
  subject: string | null = "s",
  profile: PeerProcess["profile"] = { contenders: ["x"] },
): PeerProcess {
  const peer = group.stranger(name, profile);
  const access: Access = { role: "contend", ...(subject !== null && { subject }) };
  peer.access = access;
  peer.connect().hello();
  return peer;
}

const rowsIn = (group: GroupWorld, action: () => void): number =>
  group.during(action).reduce((sum, { rows }) => sum + rows.length, 0);

/** Registers and deregisters until the group refuses it. */
function overspend(peer: PeerProcess): void {
  for (let index = 0; !peer.heard("error").some(({ code }) => code === "limit_exceeded"); index++) {
    peer.register(DEDICATED(`made-up-${index}`));
    if (peer.heard("error").length === 0) peer.deregister(`made-up-${index}`);
  }
}

test("[N17] a contender that takes and gives up the lead as fast as it may causes its share of rows, and no more", () => {
  const group = limited();
  const a = join(group, "a");
  const rows = rowsIn(group, () => {
    for (let round = 0; round < 300; round++) {
      group.advance(200);
      if (group.holder() === "a") a.resign();
      else a.renew();
    }
  });
  const share = ROWS + (60_000 / 1_000) * (ROWS / 100);
  expect(rows).toBeGreaterThan(ROWS);
  expect(rows).toBeLessThan(share + 10);
  expect(a.closeCode).toBeNull();
});

test("[N17] register and deregister without end: refused beyond the share, and carried out again once time has paid", () => {
  const group = limited();
  const a = join(group, "a", "s", {});
  const rows = rowsIn(group, () => overspend(a));
  expect(rows).toBeLessThan(ROWS + 5);
  expect(a.last("error")).toMatchObject({ code: "limit_exceeded", message: expect.stringContaining("limits.rows") });
  expect(a.register("late")).toMatchObject([{ type: "error", code: "limit_exceeded" }]);
  group.advance(100 * PAID_MS);
  expect(a.register("late")).toContainEqual({ type: "registered", component: "late" });
});

test("[N17] [S2] a leader in debt keeps its term: renewals pass, and a resume is let in twice in E at most", () => {
  const group = limited();
  const a = join(group, "a");
  const { leaderSessionId } = a.accept();
  overspend(a);
  for (let second = 0; second < 60; second++) {
    group.advance(1_000);
    expect(a.renewHeld()).toEqual([leaderSessionId]);
    if (second % 5 === 0) a.register("more");
  }
  for (let round = 0; round < 2 * ROWS; round++) {
    group.advance(1_250);
    a.resume();
    expect(a.last("welcome").held).toContain(leaderSessionId);
  }
  a.resume();
  expect(a.closeCode).toBe(4429);
  group.advance(1_250);
  a.resume();
  expect(a.last("welcome").held).toContain(leaderSessionId);
});

test("[N17] [N3] what ends in debt ends at once, and others follow in the same turn", () => {
  for (const end of ["resign", "release", "deregister", "bye"] as const) {
    const group = limited();
    const a = join(group, "a");
    a.accept();
    const b = join(group, "b", "other");
    overspend(a);
    b.renew();
    if (end === "deregister") a.deregister("x");
    else a[end]();
    expect([end, group.holder()]).toEqual([end, "b"]);
  }
});

test("[N17] nobody in debt is granted anything: others are, and a sole candidate by the alarm once time has paid", () => {
  const group = limited();
  const leader = join(group, "leader", "other");
  leader.accept();
  const a = join(group, "a");
  const b = join(group, "b", "third");
  overspend(a);
  leader.bye();
  expect(group.holder()).toBe("b");
  b.accept();
  group.advance(1_000);
  a.renew();
  b.bye();
  expect(group.election().type).toBe("vacant");
  const alarm = group.alarm();
  expect(alarm).toBeGreaterThan(group.now);
  group.advance((alarm ?? 0) - group.now + 1_000);
  expect(group.holder()).toBe("a");
});

test("[N17] a debt from before the clock was set back is paid as soon as any other, by one alarm", () => {
  const group = limited();
  const a = join(group, "a");
  a.accept();
  overspend(a);
  a.resign();
  expect(group.election().type).toBe("vacant");
  const paidIn = (group.alarm() ?? Infinity) - group.now;
  group.skew -= 600_000;
  join(group, "b", "other").bye();
  const turns = group.during(() => group.advance(paidIn));
  expect(turns.filter(({ event }) => event.type === "tick")).toHaveLength(1);
  a.renew();
  expect(group.holder()).toBe("a");
});

test("[N17] [Q2] a rival in debt stands in nobody's way, and preempts by the alarm once time has paid", () => {
  const group = new GroupWorld({ limits: { rows: ROWS }, preempt: { cooldownMs: 5_000 } });
  const leader = group.join("leader", { contenders: ["x"] });
  leader.accept();
  const a = join(group, "a", "s", { contenders: ["x"], priority: 2 });
  group.run(4_000, leader);
  overspend(a);
  const b = group.join("b", { contenders: ["x"], priority: 1 });
  group.run(1_000, leader);
  expect(leader.heard("revoke")).toHaveLength(1);
  leader.release();
  b.accept();
  expect(group.holder()).toBe("b");
  for (let round = 0; b.heard("revoke").length === 0 && round < 100; round++) {
    a.renew();
    group.run(1_000, b);
  }
  expect(b.last("revoke").reason).toBe("preempted");
  b.release();
  expect(group.holder()).toBe("a");
});

test("[N17] a subject in debt begins no session and publishes nothing; other subjects, operators and those without one do", () => {
  const group = limited();
  const a = join(group, "a");
  a.accept();
  overspend(a);
  expect(a.confirm("x", { address: "new" })).toMatchObject([{ type: "error", code: "limit_exceeded" }]);
  expect(join(group, "b").closeCode).toBe(4429);
  for (const subject of ["other", null]) expect(join(group, "c", subject).closeCode).toBeNull();
  expect(group.join("operator").closeCode).toBeNull();
  a.say({ type: "priority", priority: 5 });
  expect(a.closeCode).toBe(4429);
  group.advance(100 * PAID_MS);
  expect(join(group, "b").closeCode).toBeNull();
});

test("[N17] a session that leads nothing comes back once its subject is out of debt", () => {
  const group = limited();
  const a = join(group, "a");
  a.accept();
  const b = join(group, "b");
  overspend(a);
  b.resume();
  expect(b.closeCode).toBe(4429);
  for (let second = 0; second < 2 * ROWS; second++) {
    group.advance(1_000);
    a.renewHeld();
  }
  b.resume();
  expect(b.closeCode).toBeNull();
});

test("sessions without a subject share what as many subjects have as fill the group", () => {
  const group = new GroupWorld({ limits: { rows: 4, sessions: 100, sessionsPerSubject: 10 } });
  const rows = rowsIn(group, () => overspend(join(group, "a", null, {})));
  expect(rows).toBeGreaterThan(40);
  expect(rows).toBeLessThan(45);
});

test("subjects that owe nothing any longer are forgotten", () => {
  const state = emptyGroup(createPolicy({ limits: { rows: ROWS } }));
  const early = new Turn(state, 0, "");
  for (let subject = 0; subject < 1_000; subject++)
    charge(early, { role: "contend", subject: `s${subject}` }, subject === 7 ? 2 * ROWS : 1);
  expect(early.state.rowBuckets.size).toBe(1_000);
  const late = new Turn(early.state, 60_000, "");
  charge(late, { role: "contend", subject: "last" }, 1);
  expect([...late.state.rowBuckets.keys()]).toEqual(["last", "s7"]);
});
