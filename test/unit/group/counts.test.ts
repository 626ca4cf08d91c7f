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

const tables = (steps: readonly GroupTurn[]) => steps.map(({ rows }) => rows.map(({ table }) => table).sort());

test("[N3] a hand-over by resign is one exchange, one commit of four rows, and no alarm", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  const b = group.join("b", { contenders: ["x", "y"] });
  a.accept();
  group.run(61_000, a);
  group.advance(1_000);
  const { alarmAt } = group.platform;
  const steps = group.during(() => a.resign());
  expect(frames(group, steps)).toEqual(["a > resign", "grant > b", "next > a"]);
  expect(tables(steps)).toEqual([["election", "group", "session", "term"]]);
  expect(group.platform.alarmAt).toBe(alarmAt);
  expect(b.held()).toEqual([b.grant().leaderSessionId]);
  const renewal = group.during(() => b.accept());
  expect(frames(group, renewal)).toEqual(["b > renew", "renewed > b"]);
  expect(writes(renewal)).toEqual([]);
});

test("[N3] with leaders that publish their addresses it is seven rows in two commits", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.confirm("x");
  const steps = group.during(() => {
    a.resign();
    b.accept();
    b.confirm("x");
  });
  expect(tables(writes(steps))).toEqual([
    ["election", "group", "record", "session", "term"],
    ["group", "record"],
  ]);
});

test("[N3] joining an empty election and leading it is one exchange and one commit of three rows", () => {
  const group = new GroupWorld();
  const a = group.stranger("a", { contenders: ["x"] }).connect();
  const steps = group.during(() => {
    a.hello();
    a.accept();
  });
  expect(frames(group, steps)).toEqual(["welcome > a", "grant > a", "a > renew", "renewed > a"]);
  expect(tables(writes(steps))).toEqual([["election", "group", "session"]]);
});

test("[N7] a hand-over to one that has to be asked is two exchanges and two commits, and no row for the question", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  group.advance(2_500);
  const steps = group.during(() => a.resign());
  expect(frames(group, steps)).toEqual(["a > resign", "next > b", "b > renew", "renewed > b", "grant > b", "next > a"]);
  expect(tables(steps)).toEqual([
    ["election", "session", "term"],
    ["election", "group"],
  ]);
  expect(group.holder()).toBe("b");
  b.accept();
});

test("[O3] a hand-over with observers is one change at its end and one at the new confirmation, in two commits", () => {
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
  expect(writes(steps)).toHaveLength(2);
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

test("[S12] a cut of sessions that lead nothing writes no row, and a leader's cut the rows of its session and term", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const others = Array.from({ length: 20 }, (_, index) =>
    group.join(`other${index}`, index % 2 === 0 ? { contenders: ["x"] } : { observe: true }),
  );
  const cut = group.during(() => {
    for (const other of others) other.drop();
  });
  expect(writes(cut)).toEqual([]);
  expect(group.status()).toMatchObject({ sessions: 21, elections: [{ waiting: 10, ready: 0 }] });
  expect(tables(group.during(() => a.drop()))).toEqual([["election", "session"]]);
});

test("[S11] a missed turn costs the row of its session, and the next grant its own two", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.silent = true;
  a.refuse();
  group.advance(2_000);
  group.join("b", { contenders: ["x"] });
  const steps = group.during(() => group.advance(group.policy.askTimeoutMs));
  expect(tables(steps)).toEqual([["election", "group", "session"]]);
  expect(group.holder()).toBe("b");
});

test("[N3] an idle pair: its leader renews, its next one speaks right after it in each E, for no row and a third of an alarm", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  group.join("b", { contenders: ["x"] });
  group.run(10_000, a);
  const steps = group.during(() => group.run(10_000, a));
  const beat = ["b > renew", "renewed > b", "next > b", "a > renew", "renewed > a"];
  expect(frames(group, steps)).toEqual([...beat, ...beat, ...beat, ...beat]);
  expect(tables(writes(steps))).toEqual([["election"]]);
  expect(steps.filter(({ event }) => event.type === "tick")).toEqual([]);
  const alarms = group.during(() => group.run(280_000, a)).filter(({ event }) => event.type === "tick");
  expect(alarms.length).toBeLessThanOrEqual(10);
});

test("[G1] one grant and one row of the election, however many components stand in it", () => {
  const group = new GroupWorld();
  const contenders = Array.from({ length: 100 }, (_, index) => `c${index}`);
  const a = group.join("a", { contenders });
  const b = group.join("b", { contenders });
  a.accept();
  const steps = group.during(() => a.resign());
  expect(frames(group, steps)).toEqual(["a > resign", "grant > b", "next > a"]);
  expect(b.grant().components).toHaveLength(100);
});
