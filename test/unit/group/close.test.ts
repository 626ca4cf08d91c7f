import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

test("[X1] closing one component while leading removes its record; siblings and leadership go on", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const b = group.join("b", { contenders: ["x", "y"] });
  const { leaderSessionId } = a.accept();
  a.confirm("x");
  a.confirm("y");
  const sibling = group.state.components.get("y")?.record;
  expect(a.deregister("x")).toEqual([{ type: "deregistered", component: "x" }]);
  expect(group.state.components.get("x")?.record).toBeNull();
  expect(group.state.components.get("y")?.record).toBe(sibling);
  expect(group.election()).toMatchObject({ type: "leading", leaderSessionId });
  expect(b.heard("grant")).toEqual([]);
});

test("[X1] deregistering what the session does not contend for is refused and changes nothing", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b");
  const before = group.stored;
  expect(b.deregister("x")).toMatchObject([{ type: "error", code: "unknown_component", component: "x" }]);
  expect(group.stored).toEqual(before);
  a.accept();
});

test("[X3] the last close of an election hands over at once; a new contender later is a new acquisition", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const b = group.join("b", { contenders: ["x"] });
  const first = a.accept();
  a.deregister("x");
  a.deregister("y");
  expect(group.history()).toMatchObject([{ reason: "closed" }]);
  const second = b.accept();
  a.register("x");
  b.bye();
  const third = a.accept();
  expect(new Set([first, second, third].map(({ leaderSessionId }) => leaderSessionId)).size).toBe(3);
  expect(first.epoch).toBeLessThan(second.epoch);
  expect(second.epoch).toBeLessThan(third.epoch);
});

test("[X3] closing the last component while its revoke is pending hands over at once", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  group.revoke("process");
  a.deregister("x");
  expect(group.holder()).toBe("b");
  expect(group.history()).toMatchObject([{ reason: "revoked" }]);
  b.accept();
});

test("[X4] a component that is registered again in the same leadership is granted the current id", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const { leaderSessionId, epoch } = a.accept();
  a.confirm("y");
  a.deregister("y");
  a.register("y");
  expect(a.last("grant")).toMatchObject({ leaderSessionId, epoch, components: ["y"], joined: true });
  expect(group.state.components.get("y")?.record).toBeNull();
  a.confirm("y");
  expect(group.state.components.get("y")?.record?.leader).toMatchObject({ leaderSessionId });
});

test("[X5] a duplicate component of one session is refused, and the first keeps working", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  const answers = a.say({ type: "register", component: "x", election: "dedicated" });
  expect(answers).toMatchObject([{ type: "error", code: "duplicate_component", component: "x" }]);
  expect(a.say({ type: "register", component: "x" })).toMatchObject([{ code: "duplicate_component" }]);
  expect(a.renew(leaderSessionId)).toEqual([leaderSessionId]);
  const b = group.join("b", { contenders: ["x", "x"] });
  expect(b.heard("error")).toMatchObject([{ code: "duplicate_component", component: "x" }]);
  expect(group.candidates()).toEqual(["b"]);
});

test("[N3] the leader's clean stop hands over without waiting for the lease, and its socket closes normally", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  const b = group.join("b", { contenders: ["x", { component: "d", election: "dedicated" }] });
  a.accept();
  a.accept("component:d");
  a.bye();
  expect(a.closeCode).toBe(1000);
  expect([group.holder(), group.holder("component:d")]).toEqual(["b", "b"]);
  expect(group.history().map(({ reason }) => reason)).toEqual(["closed", "closed"]);
  b.accept();
  b.accept("component:d");
  expect(group.status().sessions).toBe(1);
});

test("[N4] with many processes each leaving in turn, exactly one leads at any time and each takes over", () => {
  const group = new GroupWorld();
  const peers = Array.from({ length: 12 }, (_, index) => group.join(`p${index}`, { contenders: ["x"] }));
  const led: string[] = [];
  for (let round = 0; round < 20; round++) {
    const leader = peers.find(({ name }) => name === group.holder());
    if (leader === undefined) throw new Error("nobody leads");
    leader.accept();
    led.push(leader.name);
    if (round % 3 === 0) leader.bye();
    else if (round % 3 === 1) leader.deregister("x");
    else leader.resign();
    if (round % 2 === 0) peers.push(group.join(`late${round}`, { contenders: ["x"] }));
  }
  expect(led.slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, index) => `p${index}`));
});

test("a group that everybody has left keeps no session, election, component or record, and its next epoch is higher", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }], observe: ["x", "q"] });
  const { epoch } = a.accept();
  a.accept("component:d");
  a.confirm("x");
  a.bye();
  expect(group.stored.rows).toMatchObject({ sessions: [], elections: [], records: [] });
  expect(group.state.components.size).toBe(0);
  expect(group.alarm()).toBeNull();
  expect(group.join("b", { contenders: ["x"] }).accept().epoch).toBeGreaterThan(epoch);
});
