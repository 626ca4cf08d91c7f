/** What is watched is no row: sockets carry it through hibernation, and clients send it again. */
import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

const names = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, index) => `${index}-`.padEnd(length, "n"));

test("[O10] watching writes no row, however often it changes, and survives hibernation", () => {
  const group = new GroupWorld();
  const leader = group.join("leader", { contenders: ["x", "y"] });
  leader.accept();
  const [one, all] = [group.join("one", { observe: ["x"] }), group.join("all", { observe: true })];
  const turns = group.during(() => {
    for (const components of [["y"], ["z"], true] as const) {
      one.say({ type: "observe", components });
      one.say({ type: "unobserve", components });
    }
  });
  expect(turns.flatMap(({ rows }) => rows)).toEqual([]);
  group.hibernate();
  leader.confirm("x");
  for (const observer of [one, all])
    expect(observer.last("leaders")).toMatchObject({ snapshot: false, leaders: [{ component: "x" }] });
  leader.confirm("y");
  expect(one.last("leaders").leaders).toMatchObject([{ component: "x" }]);
  expect(all.last("leaders").leaders).toMatchObject([{ component: "y" }]);
});

test("[O10] a leader that changes before all sockets are known is announced once they are", () => {
  const group = new GroupWorld();
  const leader = group.join("leader", { contenders: ["x"] });
  leader.accept();
  const observer = group.join("observer", { observe: ["x"] });
  group.wakeUp();
  const before = observer.heard("leaders").length;
  leader.confirm("x");
  expect(observer.heard("leaders")).toHaveLength(before);
  group.listSockets();
  expect(observer.heard("leaders")).toHaveLength(before + 1);
  expect(observer.last("leaders")).toMatchObject({ leaders: [{ component: "x", leader: { component: "x" } }] });
  leader.confirm("x", { address: "other" });
  expect(observer.heard("leaders")).toHaveLength(before + 2);
});

test("[O10] more names than a socket can carry are sent again: the next incarnation closes with 1012, and the session resumes", () => {
  const group = new GroupWorld();
  const leader = group.join("leader", { contenders: ["x"] });
  leader.accept();
  const few = group.join("few", { observe: names(120, 126) });
  const many = group.join("many", { observe: [...names(200, 128), "x"] });
  group.hibernate();
  expect([few.closeCode, many.closeCode]).toEqual([null, 1012]);
  expect(group.state.observers).toBe(1);
  many.resume();
  expect(many.last("welcome").resumed).toBe(true);
  leader.confirm("x");
  expect(many.last("leaders").leaders).toMatchObject([{ component: "x", leader: { component: "x" } }]);
});

test("[O10] a leader that watches too much keeps its term over the closed socket", () => {
  const group = new GroupWorld();
  const leader = group.join("leader", { contenders: ["x"], observe: names(200, 128) });
  const { leaderSessionId } = leader.accept();
  group.hibernate();
  expect(leader.closeCode).toBe(1012);
  leader.resume();
  expect(leader.last("welcome").held).toEqual([leaderSessionId]);
});
