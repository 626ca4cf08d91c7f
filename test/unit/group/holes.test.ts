/** Scripted traces of the faults that a simulation of the rules has found; the numbers are those of its report. */
import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

const contenders = ["x"];

test("[S7] (H1) a component that joins is granted as joined, and a resigned leadership is never granted or held again", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const { leaderSessionId } = a.accept();
  a.inbox.clear();
  a.register("y");
  a.renew(leaderSessionId);
  a.resign();
  a.renew(leaderSessionId);
  const named = a.heard("grant").filter((grant) => grant.leaderSessionId === leaderSessionId);
  expect(named).toMatchObject([{ components: ["y"], joined: true }]);
  expect(a.heard("renewed").map(({ held }) => held)).toEqual([[leaderSessionId], []]);
});

test("[S7] (H6) each renewal is answered by itself: the ids that it asked for, under the sentAt that it sent", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  const one = a.grant().leaderSessionId;
  const two = a.grant("component:d").leaderSessionId;
  a.inbox.clear();
  const asked = [a.stamp([one]), a.stamp([one, two])];
  a.say({ type: "renew", sentAt: asked[0] ?? 0, held: [one] });
  a.say({ type: "renew", sentAt: asked[1] ?? 0, held: [one, two] });
  expect(a.unread).toEqual([
    { type: "renewed", sentAt: asked[0], held: [one] },
    { type: "renewed", sentAt: asked[1], held: [one, two] },
  ]);
});

test("[S7] a renewal extends what it names and nothing else; unknown and repeated ids do no harm", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  const { leaderSessionId } = a.accept();
  a.accept("component:d");
  const before = group.election("component:d");
  group.advance(1_000);
  expect(a.renew(leaderSessionId, "unknown", leaderSessionId)).toEqual([leaderSessionId, leaderSessionId]);
  expect(group.election("component:d")).toBe(before);
});

test("[S9] (H8) a confirmation that was lost with the socket can be sent again after the resume", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders, observe: true });
  a.accept();
  a.drop();
  a.resume();
  expect(a.mirror.get("x") ?? null).toBeNull();
  a.confirm("x", { address: "here" });
  expect(a.mirror.get("x")).toMatchObject({ address: "here" });
});

test("[S5] (H2) (H9) a restore waits until nobody can lead, and afterwards neither epoch nor record goes back", () => {
  const group = new GroupWorld({ drainMs: 3_000 });
  const a = group.join("a", { contenders });
  a.accept();
  a.confirm("x", { address: "old" });
  const bookmark = group.stored;
  group.run(30_000, a);
  a.resign();
  const { epoch } = a.accept();
  a.confirm("x", { address: "new" });
  const { revision } = group.state;
  const horizon = group.now + 20_100;

  const request = group.restore(bookmark);
  expect(a.last("revoke").reason).toBe("revoked");
  const b = group.join("b", { contenders, observe: true });
  group.advance(5_000);
  group.tick();
  expect(group.replies.has(request)).toBe(false);
  group.advance(horizon + 1_000 - group.now - 1);
  expect(group.replies.has(request)).toBe(false);
  group.advance(1);
  expect(group.replies.get(request)).toEqual({ type: "restorable" });
  expect(b.heard("grant")).toEqual([]);

  expect(group.goBack()).toBe(true);
  expect(group.stored.rows.records).toEqual([]);
  b.resume();
  expect(b.last("welcome").resumed).toBe(false);
  expect(b.accept().epoch).toBeGreaterThan(epoch);
  b.confirm("x");
  expect(group.state.revision).toBeGreaterThan(revision);
});

test("[S5] a restore of a group that nobody leads waits for no lease, and nothing is granted meanwhile", () => {
  const group = new GroupWorld();
  const a = group.stranger("a", { contenders });
  a.busy = ["process"];
  a.connect().hello();
  const request = group.restore();
  expect(group.replies.get(request)).toEqual({ type: "restorable" });
  expect(group.status().paused).toBe(true);
  a.busy = [];
  a.renew();
  expect(group.election().type).toBe("vacant");
});

test("[S5] a restore waits for the horizon of a grant, taken or not: its process may lead by it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const until = group.now + 21_100;
  const request = group.restore();
  a.refuse();
  group.advance(until - group.now - 1);
  expect(group.replies.has(request)).toBe(false);
  group.advance(1);
  expect(group.replies.get(request)).toEqual({ type: "restorable" });
});

test("[S5] a holder that releases early during a restore shortens nothing: storage may still believe in its horizon", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  const until = group.now + 21_100;
  const request = group.restore();
  a.release();
  expect(group.alarm()).toBe(until);
  group.advance(until - group.now - 1);
  expect(group.replies.has(request)).toBe(false);
  group.advance(1);
  expect(group.replies.has(request)).toBe(true);
});

test("[S5] a restore waits until no host's clock can give out an epoch again that was given out before", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  for (let term = 0; term < 3_000; term++) {
    if (term % 50 === 0) a.resume(); // a burst of frames is all that one connection may send at once
    a.resign();
    a.renew();
  }
  const { epoch } = group.state;
  expect(epoch).toBeGreaterThan(group.now + 2_000);
  const request = group.restore();
  while (!group.replies.has(request)) group.advance(100);
  expect(group.now).toBeGreaterThan(epoch + 1_000);
});

test("[S5] (H9) an observer that comes back after a restore never sees the revision go back", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: true });
  const bookmark = group.stored;
  const a = group.join("a", { contenders });
  a.accept();
  a.confirm("x");
  const { revision } = observer.last("leaders");
  const request = group.restore(bookmark);
  while (!group.replies.has(request)) group.advance(100);
  expect(group.goBack()).toBe(true);
  observer.resume();
  expect(observer.last("leaders")).toMatchObject({ snapshot: true, leaders: [] });
  expect(observer.last("leaders").revision).toBeGreaterThan(revision);
});

test("[S5] a group that was never used can be restored at once", () => {
  const group = new GroupWorld();
  expect(group.replies.get(group.restore())).toEqual({ type: "restorable" });
});

test("[S5] finishing a restore late takes nothing away from who has come back and leads", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders: [{ component: "d", election: "dedicated" }] });
  a.accept();
  a.confirm("x");
  b.accept("component:d");
  b.confirm("d");
  b.drop();
  group.finishRestore();
  expect(group.stored.rows.records.map(({ leader }) => leader.component)).toEqual(["x"]);
});

test("[S5] finishing a restore twice, or without one, changes nothing more", () => {
  const group = new GroupWorld();
  group.join("a", { contenders }).accept();
  group.finishRestore();
  const before = group.state;
  group.finishRestore();
  expect(group.state).toBe(before);
});

test("[S11] (H17) a question that is answered late brings the lead as long as nobody else has it", () => {
  for (const lateMs of [-1, 0, 60_000]) {
    const group = new GroupWorld();
    const a = group.join("a", { contenders });
    a.silent = true;
    const { leaderSessionId } = a.grant();
    a.refuse();
    group.advance(group.policy.askTimeoutMs + lateMs);
    expect(a.renew(leaderSessionId)).toEqual([]);
    expect(group.holder()).toBe("a");
    expect(a.grant().leaderSessionId).not.toBe(leaderSessionId);
  }
});

test("[S3] (H12) a load is the identity but for leases, which grow to horizon + sigma", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const before = group.stored;
  group.crash();
  const links = (rows: typeof before.rows.sessions) => rows.map((row) => ({ ...row, link: null }));
  expect(links(group.stored.rows.sessions)).toEqual(expect.arrayContaining(links(before.rows.sessions)));
  expect(group.stored.rows.elections).toEqual(before.rows.elections);
  expect(group.election()).toMatchObject({ leaseUntil: group.now + 21_100 });
  expect([a, b].map(({ wire }) => wire?.open)).toEqual([false, false]);
});

test("[N7] (H7) five candidates that only look alive cost one time-out together, no epoch, and nothing after", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  for (let dead = 0; dead < 5; dead++) {
    group.join(`dead${dead}`, { contenders }).silent = true;
  }
  const b = group.join("b", { contenders });
  group.advance(2_500);
  const { now } = group;
  a.bye();
  group.advance(group.policy.askTimeoutMs);
  expect(b.grant().epoch).toBe(now + group.policy.askTimeoutMs);
  const commits = group.during(() => group.run(600_000, b)).flatMap(({ rows }) => rows);
  expect(new Set(commits.map(({ table }) => table))).toEqual(new Set(["election"])); // horizons
});
