import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

test("[S12] a disconnected session that leads nothing is kept until D has passed", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  b.drop();
  group.run(9_999, a);
  group.tick();
  expect(group.status().sessions).toBe(2);
  group.advance(1);
  group.tick();
  expect(group.status().sessions).toBe(1);
  b.resume();
  expect(b.last("welcome").resumed).toBe(false);
});

test("[S12] a session whose loss was worth no row is lost from the next incarnation on: it keeps its place, and is forgotten in the end", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const b = group.join("b", { contenders: ["x"] });
  const c = group.join("c", { contenders: ["x"] });
  b.drop();
  c.drop();
  group.run(5_000, a);
  group.hibernate();
  expect(group.state.sessions.get(b.sessionId)?.link).toEqual({ type: "lost", at: group.now });
  group.run(5_000, a);
  b.resume();
  expect(b.last("welcome").resumed).toBe(true);
  expect(group.candidates()).toEqual(["b", "c"]);
  group.run(4_999, a);
  expect(group.status().sessions).toBe(3);
  group.hibernate();
  group.run(1, a);
  expect(group.status().sessions).toBe(2);
});

test("[S12] a session that came back is not forgotten when the settings have changed meanwhile", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.drop();
  group.configure({ leaseMs: 4_000 });
  a.resume();
  a.accept();
  group.run(20_000, a);
  expect(a.last("renewed").held).toHaveLength(1);
});

test("[S12] a session is kept as long as it was promised, or longer where settings have grown since", () => {
  for (const [leaseMs, keptMs] of [
    [4_000, 10_000],
    [20_000, 20_000],
  ] as const) {
    const group = new GroupWorld();
    const a = group.join("a", { contenders: ["x"] });
    a.drop();
    group.configure({ leaseMs });
    group.advance(keptMs - 1);
    group.tick();
    expect(group.status().sessions).toBe(1);
    group.advance(1);
    group.tick();
    expect(group.status().sessions).toBe(0);
  }
});

test("[S3] hibernation does not shorten the lease that a crash has lengthened", () => {
  const group = new GroupWorld({ drainMs: 1_000 });
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  group.revoke("process");
  group.crash();
  group.advance(1_000);
  a.resume({ held: [leaderSessionId] });
  const before = group.election();
  group.hibernate();
  expect(group.election()).toEqual(before);
});

test("[S12] a disconnected session is kept while a lease of it runs", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  group.crash();
  group.advance(21_099);
  group.tick();
  expect(group.status().sessions).toBe(1);
  group.advance(1);
  group.tick();
  expect(group.status()).toMatchObject({ sessions: 0, elections: [] });
});

test("[S12] (H14) a new incarnation counts a session as lost now when its connection is not among the live ones", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  if (a.wire !== null) a.wire.open = false; // its close event is lost with the object
  group.advance(500);
  group.hibernate();
  expect(group.state.sessions.get(a.sessionId)?.link).toEqual({ type: "lost", at: group.now });
  expect(group.state.sessions.get(b.sessionId)?.link.type).toBe("connected");
  group.advance(20_600); // until the horizon of a's term, and the clock margin: nobody has brought its exact end
  expect(group.holder()).toBe("b");
});

test("[S12] a live socket that is no longer its session's own is closed, and may connect again", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  const { sessionId } = a;
  a.resume();
  const wire = group.open(() => undefined);
  wire.attachment = { ...wire.attachment, sessionId };
  group.hibernate();
  expect(wire.closed?.code).toBe(1012);
  expect(a.wire?.open).toBe(true);
});

test("[N5] hibernation within the lease is not noticed: the same term, no message", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"], observe: true });
  const { leaderSessionId } = a.accept();
  a.confirm("x");
  a.inbox.clear();
  group.advance(2_000);
  group.hibernate();
  expect(a.unread).toEqual([]);
  expect(a.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test("[N5] a grant that nobody has taken and a connection that still owes its hello outlive hibernation", () => {
  const group = new GroupWorld();
  const silent = group.stranger("silent").connect();
  const a = group.join("a", { contenders: ["x"] });
  group.advance(1_000);
  group.hibernate();
  a.accept();
  group.advance(8_999);
  group.tick();
  expect(silent.closeCode).toBeNull();
  group.advance(1);
  group.tick();
  expect(silent.closeCode).toBe(4408);
});

test("[N5] a restart within the lease keeps the term of a leader that comes back", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId, epoch } = a.accept();
  const records = () => group.status().elections[0]?.leader;
  a.confirm("x");
  group.crash();
  group.advance(3_000);
  a.resume();
  expect(a.last("welcome").held).toEqual([leaderSessionId]);
  expect(records()).toMatchObject({ leaderSessionId, epoch });
  expect(group.state.components.get("x")?.record?.leader).toMatchObject({ leaderSessionId, epoch });
});

test("[N2] a process that lost by expiry contends again and can win again, many times in a row", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const epochs = new Set<number>();
  for (let round = 0; round < 10; round++) {
    epochs.add(a.accept().epoch);
    group.advance(10_000);
    expect(a.renewHeld()).toEqual([]);
  }
  expect(epochs.size).toBe(10);
  expect(group.history().map(({ reason }) => reason)).toEqual(Array.from({ length: 10 }, () => "expired"));
});
