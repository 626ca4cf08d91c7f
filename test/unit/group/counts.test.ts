import { expect, test } from "vitest";
import { type GroupTurn, GroupWorld } from "./world.ts";

/** Every frame of some steps, in order: `name > type` to the group, `type > name` from it. */
function frames(group: GroupWorld, steps: readonly GroupTurn[]): string[] {
  const nameOfConnection = (id: string) => group.peers.find(({ wire }) => wire?.id === id)?.name ?? id;
  return steps.flatMap(({ event, effects }) => [
    ...(event.type === "frame" && event.frame.type === "message"
      ? [`${nameOfConnection(event.connection)} > ${event.frame.message.type}`]
      : []),
    ...effects.flatMap((effect) => {
      if (effect.type === "send") return [`${effect.message.type} > ${nameOfConnection(effect.connection)}`];
      if (effect.type === "broadcast")
        return effect.connections.map((id) => `${effect.message.type} > ${nameOfConnection(id)}`);
      return [];
    }),
  ]);
}

const writes = (steps: readonly GroupTurn[]) => steps.filter(({ rows }) => rows.length > 0);

test("[N3] a hand-over by resign is two exchanges, resign to grant and renew to renewed, and two commits", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const b = group.join("b", { contenders: ["x", "y"] });
  a.accept();
  const steps = group.during(() => {
    a.resign();
    b.accept();
  });
  expect(frames(group, steps)).toEqual(["a > resign", "grant > b", "b > renew", "renewed > b"]);
  expect(writes(steps)).toHaveLength(2);
  const [handOver, acceptance] = steps.map(({ rows }) => rows.map(({ table }) => table).sort());
  expect(handOver).toEqual(["election", "group", "session", "term"]);
  expect(acceptance).toEqual(["election"]);
});

test("[O3] a hand-over with observers is one change at its end and one at the new confirmation, in three commits", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const b = group.join("b", { contenders: ["x", "y"] });
  const observer = group.join("o", { observe: true });
  a.accept();
  a.confirm("x");
  a.confirm("y");
  observer.inbox.clear();
  const steps = group.during(() => {
    a.resign();
    b.accept();
    b.confirm("x");
  });
  expect(observer.unread.map(({ type }) => type)).toEqual(["leaders", "leaders"]);
  expect(writes(steps)).toHaveLength(3);
});

test("[S3] a renewal below the horizon is two frames and no row", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }] });
  a.accept();
  a.accept("component:d");
  group.advance(2_500);
  const steps = group.during(() => a.renewHeld());
  expect(frames(group, steps)).toEqual(["a > renew", "renewed > a"]);
  expect(writes(steps)).toEqual([]);
});

test("[S4] a group in peace needs no alarm, and one horizon row per D and leader", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const steps = group.during(() => group.run(600_000, a));
  expect(steps.filter(({ event }) => event.type === "tick")).toEqual([]);
  expect(steps.flatMap(({ rows }) => rows).length).toBeLessThanOrEqual(60);
});

test("[S9] a resume writes its session and, for each term it leads, at most one row", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "d", election: "dedicated" }], observe: true });
  a.accept();
  a.accept("component:d");
  a.confirm("x");
  a.drop();
  group.advance(1_000);
  const steps = group.during(() => a.resume());
  expect(steps.flatMap(({ rows }) => rows.map(({ table }) => table))).toEqual(["session", "election", "election"]);
  expect(group.during(() => a.confirm("x")).flatMap(({ rows }) => rows)).toEqual([]);
});

test("[S11] a missed offer costs one turn: the group, the election, the session that is mute", () => {
  const group = new GroupWorld();
  group.join("a", { contenders: ["x"] });
  group.join("b", { contenders: ["x"] });
  const steps = group.during(() => group.advance(group.policy.offerTimeoutMs));
  expect(steps).toHaveLength(1);
  expect(steps[0]?.rows.map(({ table }) => table).sort()).toEqual(["election", "group", "session"]);
});

test("[G1] one grant and one row of the election, however many components stand in it", () => {
  const group = new GroupWorld();
  const contenders = Array.from({ length: 100 }, (_, index) => `c${index}`);
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const steps = group.during(() => a.resign());
  expect(frames(group, steps)).toEqual(["a > resign", "grant > b"]);
  expect(b.grant().components).toHaveLength(100);
});
