import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

test("[S1] a grant by its own statement is leadership, shown from the first moment; the first renewal shows that it was taken", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.grant();
  expect(a.held()).toEqual([leaderSessionId]);
  expect(group.status().elections[0]).toMatchObject({
    state: "leading",
    leader: { leaderSessionId },
    remainingMs: 10_000,
  });
  group.advance(100);
  expect(a.renew(leaderSessionId)).toEqual([leaderSessionId]);
  expect(group.election()).toMatchObject({ leaderSessionId, acceptedAt: group.now });
});

test("[S1] grant and horizon are one row; the renewal that takes it writes none", () => {
  const group = new GroupWorld();
  const [, step] = group.during(() => group.join("a", { contenders: ["x"] }));
  expect(step?.rows.find(({ table }) => table === "election")).toMatchObject({
    key: "process",
    row: { state: { type: "leading", grantedAt: group.now, horizon: group.now + 20_100 } },
  });
  const [a] = group.peers;
  expect(group.during(() => a?.accept()).flatMap(({ rows }) => rows)).toEqual([]);
});

test("[S2] a grant to a process whose connection is lost at once costs what is left of its lease, as its process may lead", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.drop();
  group.advance(9_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  expect(group.holder()).toBe("b");
  expect(a.renew(a.grant().leaderSessionId)).toEqual([]);
  b.accept();
});

test("[S3] a crash right after a grant waits for its horizon: its process may lead by it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  group.crash();
  b.resume();
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.now + 21_100 });
  a.resume();
  expect(a.accept()).toMatchObject({ joined: true });
  expect(group.election()).toMatchObject({ leaseUntil: group.now + 10_000 });
});

test("[S1] a renewal that comes after the lease of its grant is over takes nothing", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  group.advance(10_100);
  expect(group.holder()).toBe("b");
  expect(a.renew(a.grant().leaderSessionId)).toEqual([]);
  b.accept();
});

test("[G1] one acquisition has one leader session id and one epoch for all components of the process", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y", { component: "z" }] });
  expect(a.heard("grant")).toHaveLength(1);
  const { leaderSessionId, epoch } = a.accept();
  for (const component of ["x", "y", "z"]) a.confirm(component, { address: component });
  const records = [...group.state.components.values()].map(({ record }) => record?.leader);
  expect(records).toHaveLength(3);
  for (const leader of records) expect(leader).toMatchObject({ leaderSessionId, epoch });
});

test("[G2] ids never repeat and epochs strictly grow from one acquisition to the next", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const seen = Array.from({ length: 5 }, () => {
    const { leaderSessionId, epoch } = a.accept();
    a.resign();
    return { leaderSessionId, epoch };
  });
  expect(new Set(seen.map(({ leaderSessionId }) => leaderSessionId)).size).toBe(5);
  expect(seen.map(({ epoch }) => epoch)).toEqual([...new Set(seen.map(({ epoch }) => epoch))].sort((l, r) => l - r));
});

test("[G2] a component that is closed and registered again in the same leadership gets the current id again", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const { leaderSessionId, epoch } = a.accept();
  a.deregister("y");
  a.register("y");
  expect(a.last("grant")).toMatchObject({ leaderSessionId, epoch, components: ["y"], joined: true });
});

test("[G4] a component that registers right after a grant joins it, and is named exactly once", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.grant();
  a.register("y");
  const named = a.heard("grant").flatMap(({ components }) => components);
  expect(named).toEqual(["x", "y"]);
  expect(a.last("grant")).toMatchObject({ leaderSessionId, joined: true });
  a.accept();
  expect(a.heard("grant")).toHaveLength(2);
});

test("[G4] a component that has left before an election is granted is not named", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const b = group.join("b", { contenders: ["x", "y"] });
  b.deregister("y");
  a.resign();
  expect(b.last("grant").components).toEqual(["x"]);
});

test("[G4] the last component that leaves before the grant was taken takes the leadership with it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  group.join("b", { contenders: ["x"] });
  a.deregister("x");
  expect(group.holder()).toBe("b");
  expect(a.renew(a.grant().leaderSessionId)).toEqual([]);
});

test("[G5] registering while leading joins the present leadership; others are not concerned", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  const { leaderSessionId, epoch } = a.accept();
  const answers = a.register("late");
  expect(answers.map(({ type }) => type)).toEqual(["registered", "grant"]);
  expect(a.last("grant")).toEqual({
    type: "grant",
    election: "process",
    leaderSessionId,
    epoch,
    components: ["late"],
    joined: true,
  });
  b.register("late");
  expect(b.heard("grant")).toEqual([]);
});

test("[G6] a registration that races a revoke is registered and not granted the leadership that is going", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  group.revoke("process");
  expect(a.register("y").map(({ type }) => type)).toEqual(["registered"]);
  a.release();
  expect(a.last("grant")).toMatchObject({ components: ["x", "y"], joined: false });
});

test("[G10] [S7] frames of a connection that has been replaced are dropped, and its close changes nothing", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  const { wire: old, connection } = a;
  a.resume();
  expect(old?.closed?.code).toBe(4409);
  const before = group.state;
  const frame = { type: "message", message: { type: "resign", leaderSessionId } } as const;
  expect(group.apply({ type: "frame", connection, frame }).effects).toEqual([]);
  group.apply({ type: "disconnect", connection });
  expect(group.state).toBe(before);
  expect(group.holder()).toBe("a");
});

test("[S7] a late or repeated renew, confirm, resign or release never touches a newer leadership", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId: old } = a.accept();
  a.resign();
  const { leaderSessionId: present } = a.accept();
  expect(a.renew(old)).toEqual([]);
  expect(a.confirm("x", { leaderSessionId: old })).toMatchObject([{ type: "error", code: "not_leader" }]);
  expect(a.say({ type: "resign", leaderSessionId: old })).toMatchObject([{ type: "error", code: "not_leader" }]);
  expect(a.say({ type: "release", leaderSessionId: old })).toMatchObject([{ type: "error", code: "not_leader" }]);
  expect(group.election()).toMatchObject({ type: "leading", leaderSessionId: present });
});

test("[S7] nobody can renew, confirm, resign or release what another session leads", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  group.advance(1_000);
  const before = group.election();
  expect(b.renew(leaderSessionId)).toEqual([]);
  for (const type of ["resign", "release"] as const) {
    expect(b.say({ type, leaderSessionId })).toMatchObject([{ type: "error", code: "not_leader" }]);
  }
  expect(b.confirm("x", { leaderSessionId, address: "b" })).toMatchObject([{ type: "error", code: "not_leader" }]);
  expect(group.election()).toBe(before);
});
