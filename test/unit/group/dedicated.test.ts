import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

const dedicated = (component: string) => ({ component, election: "dedicated" }) as const;

test("[D1] dedicated elections of one process can be led by different processes; the process election moves as one", () => {
  const group = new GroupWorld();
  const contenders = ["x", "y", dedicated("d1"), dedicated("d2")];
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  a.accept("component:d1");
  a.accept("component:d2");
  a.resign("component:d1");
  b.accept("component:d1");
  expect([group.holder(), group.holder("component:d1"), group.holder("component:d2")]).toEqual(["a", "b", "a"]);
  a.resign();
  expect(b.grant().components).toEqual(["x", "y"]);
  b.accept();
  expect(group.holder("component:d2")).toBe("a");
});

test("[D2] mixing kinds for one component is refused, across sessions and at hello", () => {
  const group = new GroupWorld();
  group.join("a", { contenders: ["x", dedicated("d")] });
  const b = group.join("b", { contenders: [dedicated("x"), "d", "y"] });
  expect(b.heard("error")).toMatchObject([
    { code: "election_mismatch", component: "x" },
    { code: "election_mismatch", component: "d" },
  ]);
  expect(b.register(dedicated("x"))).toMatchObject([{ type: "error", code: "election_mismatch", component: "x" }]);
  expect(group.status().elections.map(({ election }) => election)).toEqual(["component:d", "process"]);
});

test("[D2] the first kind stands until its last contender is gone", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  const c = group.join("c", { contenders: ["other"] });
  a.deregister("x");
  expect(c.register(dedicated("x"))).toMatchObject([{ code: "election_mismatch" }]);
  b.drop();
  expect(c.register(dedicated("x"))).toMatchObject([{ code: "election_mismatch" }]);
  group.advance(10_000);
  c.register(dedicated("x"));
  expect(c.grant("component:x")).toMatchObject({ components: ["x"], joined: false });
});

test("[D2] a session may change the kind of its own only contender when it resumes", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  a.accept();
  a.confirm("x");
  a.profile = { contenders: [dedicated("x"), "y"] };
  a.resume();
  expect(a.last("welcome").held).toHaveLength(1);
  expect(a.last("grant")).toMatchObject({ election: "component:x", joined: false });
  expect(group.state.components.get("x")?.record).toBeNull();
});

test("[D3] one socket carries process and dedicated elections; one renewal extends them all", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", dedicated("d")] });
  const process = a.grant().leaderSessionId;
  const own = a.grant("component:d").leaderSessionId;
  expect(process).not.toBe(own);
  expect(a.renew(process, own)).toEqual([process, own]);
  expect(group.wires.size).toBe(1);
  group.hibernate();
  group.advance(5_000);
  a.renew(own);
  group.advance(5_000);
  a.renew(own);
  expect(group.holder("component:d")).toBe("a");
  expect(group.history()).toMatchObject([{ election: "process", reason: "expired" }]);
});

test("[D3] losing one election does not touch another", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", dedicated("d")] });
  a.accept();
  a.accept("component:d");
  a.confirm("x");
  a.confirm("d");
  const before = group.election();
  group.revoke("component:d");
  a.release("component:d");
  expect(group.election()).toBe(before);
  expect(group.state.components.get("x")?.record).not.toBeNull();
  expect(group.state.components.get("d")?.record).toBeNull();
});

test("[G1] epochs grow across all elections of the group", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", dedicated("d"), dedicated("e")] });
  const epochs = ["process", "component:d", "component:e"] as const;
  expect(new Set(epochs.map((name) => a.grant(name).epoch)).size).toBe(3);
});

test("[D3] [Q1] a hello that resumes with another priority of a dedicated contender moves it in the queue", () => {
  const group = new GroupWorld();
  const standing = (priority: number) => ({ ...dedicated("z"), priority });
  group.join("a", { contenders: [standing(9)] }).accept("component:z");
  const b = group.join("b", { contenders: [standing(1)] });
  group.join("c", { contenders: [standing(2)] });
  expect(group.candidates("component:z")).toEqual(["c", "b"]);
  const resume = b.nextResume();
  b.connect();
  b.hello({ contenders: [standing(3)], resume });
  expect(group.candidates("component:z")).toEqual(["b", "c"]);
});
