import { expect, test } from "vitest";
import type { Outcome } from "../../../worker/group/events.ts";
import { GroupWorld } from "./world.ts";

const contenders = ["x"];

/** The answer to a revoke that has taken somebody's leadership. */
function revokedBy(group: GroupWorld, request: string): Extract<Outcome, { readonly type: "revoked" }> {
  const reply = group.replies.get(request);
  if (reply?.type !== "revoked") throw new Error(`${request} was answered with ${JSON.stringify(reply)}`);
  return reply;
}

test("a revoke where nobody leads is answered with not_led", () => {
  const group = new GroupWorld();
  const a = group.stranger("a", { contenders });
  a.busy = ["process"];
  a.connect().hello();
  expect(group.replies.get(group.revoke("process"))).toEqual({ type: "not_led" });
  expect(group.replies.get(group.revoke("component:none"))).toEqual({ type: "not_led" });
});

test("a revoke is answered when the next leader has renewed for the first time: from, to, epoch and how long it took", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const request = group.revoke("process", { note: "maintenance" });
  group.run(1_000, a);
  a.release();
  expect(group.replies.size).toBe(0);
  group.advance(300);
  const { epoch } = b.accept();
  expect(group.replies.get(request)).toEqual({
    type: "revoked",
    from: a.sessionId,
    to: b.sessionId,
    epoch,
    durationMs: 1_300,
  });
  expect(group.history()).toMatchObject([{ reason: "revoked", note: "maintenance" }]);
});

test("a revoke is answered at the end of the term where nobody else waits", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  const request = group.revoke("process");
  a.release();
  expect(group.replies.get(request)).toMatchObject({ type: "revoked", from: a.sessionId, to: null });
  a.accept();
});

test("a revoke is answered where the holder leaves for good and nobody else waits; the election is forgotten", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  const request = group.revoke("process");
  a.bye();
  expect(group.replies.get(request)).toMatchObject({ to: null });
  expect(group.status().elections).toEqual([]);
});

test("a revoke is answered even if neither the holder nor any candidate ever does anything", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  b.silent = true;
  group.advance(2_500);
  const request = group.revoke("process");
  group.advance(60_000);
  expect(group.replies.get(request)).toMatchObject({ type: "revoked", from: a.sessionId, to: null });
  expect(b.questions()).toHaveLength(1);
});

test("a revoke is answered in vain where the next one is granted the election, and never takes it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const request = group.revoke("process");
  a.release();
  expect(group.holder()).toBe("b");
  a.silent = true;
  b.silent = true;
  group.advance(60_000);
  expect(group.replies.get(request)).toMatchObject({ type: "revoked", from: a.sessionId, to: null });
});

test("a revoke of a paused group is answered when its time is over, though others wait", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  group.join("b", { contenders });
  a.accept();
  group.pause();
  const request = group.revoke("process");
  a.release();
  expect(group.replies.size).toBe(0);
  group.advance(60_000);
  const { durationMs, to } = revokedBy(group, request);
  expect(to).toBeNull();
  expect(durationMs).toBeLessThan(60_000);
  expect(group.alarm()).toBeNull();
});

test("several requests for one revoke are all answered by the same hand-over", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const requests = [group.revoke("process"), group.revoke("process")];
  expect(a.heard("revoke")).toHaveLength(1);
  a.release();
  b.accept();
  for (const request of requests) expect(group.replies.get(request)).toMatchObject({ to: b.sessionId });
});

test("[Q3] a revoke with a successor is a transfer: that one is asked first", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  group.join("b", { contenders, priority: 5 });
  const c = group.join("c", { contenders });
  a.accept();
  group.revoke("process", { successor: c.sessionId });
  expect(a.last("revoke").reason).toBe("transferred");
  a.release();
  c.accept();
  expect(group.history()).toMatchObject([{ reason: "transferred" }]);
});

test("[Q3] a second revoke that names nobody keeps the successor of the first, and its own words", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  group.join("b", { contenders, priority: 5 });
  const c = group.join("c", { contenders });
  a.accept();
  group.revoke("process", { successor: c.sessionId, note: "first" });
  group.revoke("process", { note: "second" });
  a.release();
  c.accept();
  expect(group.history()).toMatchObject([{ reason: "transferred", note: "second" }]);
});

test("[O1] a revoke ends the leader information when it begins", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders, observe: true });
  a.accept();
  a.confirm("x");
  group.revoke("process");
  expect(a.mirror.get("x")).toBeNull();
  expect(group.election().type).toBe("revoking");
});

test("[S10] a holder that is made to step down has a lease of its own to the end: two leaders never (H10)", () => {
  const group = new GroupWorld({ drainMs: 1_000 });
  const a = group.join("a", { contenders });
  group.join("b", { contenders });
  a.accept();
  group.advance(1_000);
  a.renewHeld();
  if (a.wire) a.wire.deaf = true;
  group.revoke("process");
  group.advance(9_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  expect(group.holder()).toBe("b");
});

test("[S10] a second revoke does not restart the drain time", () => {
  const group = new GroupWorld({ drainMs: 1_000 });
  const a = group.join("a", { contenders });
  const { leaderSessionId } = a.accept();
  group.revoke("process");
  group.advance(900);
  group.revoke("process", { note: "hurry" });
  expect(a.renew(leaderSessionId)).toEqual([leaderSessionId]);
  group.advance(100);
  expect(a.renew(leaderSessionId)).toEqual([]);
});

test("while paused nothing is granted and who leads goes on; opened, it is at once", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  group.pause();
  expect(group.status().paused).toBe(true);
  const b = group.join("b", { contenders });
  group.run(30_000, a);
  expect(group.holder()).toBe("a");
  a.resign();
  group.advance(60_000);
  group.hibernate();
  expect(group.election().type).toBe("vacant");
  expect(group.alarm()).toBeNull();
  expect(b.heard("grant")).toEqual([]);
  group.pause(false);
  b.accept();
});

test("a term that was granted before the group is paused may still be taken", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  group.pause();
  a.accept();
});

test("pausing twice changes nothing", () => {
  const group = new GroupWorld();
  group.pause();
  const before = group.state;
  group.pause();
  expect(group.state).toBe(before);
});

test("a clean-up is refused while contenders are registered, disconnected ones included", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const before = group.state;
  expect(group.cleanup()).toEqual({ type: "contenders_registered" });
  expect(group.state).toBe(before);
  a.drop();
  expect(group.cleanup()).toEqual({ type: "contenders_registered" });
});

test("a clean-up of a group without contenders removes its observers and keeps the epoch", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const { epoch } = a.accept();
  a.bye();
  const observer = group.join("observer", { observe: true });
  expect(group.cleanup()).toEqual({ type: "cleaned" });
  expect(observer.closeCode).toBe(1012);
  expect(group.status()).toMatchObject({ epoch, sessions: 0, elections: [] });
});

test("[S5] (H3) a forced clean-up keeps the epoch, and grants nothing before every horizon is over by sigma", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  a.accept();
  const { epoch, leaderSessionId } = a.accept("component:d");
  group.advance(9_000);
  a.renew(leaderSessionId);
  group.advance(5_000);
  a.renew(leaderSessionId);
  const holdOffUntil = group.now + 21_100;
  expect(group.cleanup(true)).toEqual({ type: "cleaned" });
  expect(a.closeCode).toBe(1012);
  expect(group.stored.rows).toMatchObject({ group: { holdOffUntil }, sessions: [], elections: [], records: [] });
  const b = group.join("b", { contenders });
  expect(b.heard("grant")).toEqual([]);
  group.advance(holdOffUntil - group.now - 1);
  group.hibernate();
  expect(b.heard("grant")).toEqual([]);
  group.advance(1);
  expect(b.accept().epoch).toBeGreaterThan(epoch);
});

test("[S5] a clean-up of a draining holder holds off as well, and answers the operator who asked it to step down", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  a.accept();
  const request = group.revoke("process");
  group.cleanup(true);
  expect(group.replies.get(request)).toMatchObject({ type: "revoked", to: null });
  expect(group.state.holdOffUntil).toBe(group.now + 21_100);
  expect(group.status().elections).toEqual([]);
});

test("[S5] a second clean-up never shortens the hold-off, and one of an idle group asks for none", () => {
  const group = new GroupWorld();
  group.cleanup(true);
  expect(group.state.holdOffUntil).toBe(0);
  group.join("a", { contenders }).accept();
  group.cleanup(true);
  const { holdOffUntil } = group.state;
  group.join("b", { contenders });
  group.cleanup(true);
  expect(group.state.holdOffUntil).toBe(holdOffUntil);
});

test("[S5] epochs are at least the clock's milliseconds, and strictly grow where the clock stands still or steps back", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  const epochs = [a.accept().epoch];
  expect(epochs[0]).toBeGreaterThanOrEqual(group.now);
  a.resign();
  epochs.push(a.accept().epoch);
  group.skew = -900;
  group.crash();
  a.resume();
  a.resign();
  epochs.push(a.accept().epoch);
  group.advance(50_000);
  a.renew();
  epochs.push(a.accept().epoch);
  expect(epochs).toEqual([...epochs].sort((left, right) => left - right));
  expect(new Set(epochs).size).toBe(4);
  expect(epochs[3]).toBeGreaterThan(group.now - 60_000);
});
