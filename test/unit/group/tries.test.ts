/** Tries: a component contends only if its election is free for its session in that very turn. */
import { expect, test } from "vitest";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

const DEDICATED = { component: "d", election: "dedicated" } as const;
const deafen = ({ wire }: PeerProcess): void => {
  if (wire !== null) wire.deaf = true;
};
const tried = (component: string, process: string | null) => ({
  type: "tried",
  component,
  leader: process === null ? null : expect.objectContaining({ process }),
});

test("[T1] a free election is granted by the try itself, in one turn and one commit", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  const steps = group.during(() => {
    expect(a.try(DEDICATED)).toMatchObject([
      { type: "registered", component: "d", try: true },
      { type: "grant", election: "component:d", components: ["d"], joined: false },
    ]);
  });
  expect(steps.filter(({ rows }) => rows.length > 0)).toHaveLength(1);
  a.accept("component:d");
  expect(group.holder("component:d")).toBe("a");
});

test("[T1] [T2] an election that is led is not: who leads is the answer, no row is written, and nobody waits", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const b = group.join("b");
  const steps = group.during(() => expect(b.try("x")).toEqual([tried("x", "a")]));
  expect(steps.flatMap(({ rows }) => rows)).toEqual([]);
  expect(group.candidates()).toEqual([]);
  a.bye();
  expect(group.holder()).toBe(null);
  expect(b.try("x")).toMatchObject([{ type: "registered" }, { type: "grant" }]);
});

test("[T1] nobody has to stop for a try, whatever its priority", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 0 } });
  const a = group.join("a", { contenders: [DEDICATED] });
  a.accept("component:d");
  group.run(3_000, a);
  const b = group.join("b", { priority: 9 });
  expect(b.try({ ...DEDICATED, priority: 9 })).toEqual([tried("d", "a")]);
  expect(group.election("component:d").type).toBe("leading");
});

test("[T1] a try takes nobody's turn: while the next one is asked, the election is not free", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const b = group.join("b", { contenders: ["x"] });
  b.silent = true;
  group.run(4_000, a);
  a.bye();
  const c = group.join("c", { priority: -1 });
  expect(c.try("x")).toEqual([tried("x", null)]);
  expect(group.candidates()).toEqual(["b"]);
  group.advance(group.policy.askTimeoutMs);
  expect(c.try("x")).toMatchObject([{ type: "registered" }, { type: "grant" }]);
});

test("[T1] what is due comes first: a try finds the election free in the turn in which its lease ends", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const b = group.join("b");
  group.advance(9_999);
  expect(b.try("x")).toEqual([tried("x", "a")]);
  group.now += 1;
  expect(b.try("x")).toMatchObject([{ type: "registered" }, { type: "grant" }]);
});

test("[T1] [T2] nothing is free while the group is paused, and nothing stays of an election that nobody else wants", () => {
  const group = new GroupWorld();
  group.pause();
  const a = group.join("a");
  expect(a.try(DEDICATED)).toEqual([tried("d", null)]);
  expect(group.status().elections).toEqual([]);
  expect(group.stored.rows.elections).toEqual([]);
  group.pause(false);
  expect(group.status().elections).toEqual([]);
});

test("[T1] a component that tries joins the term of its process, and not one that is taken back", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  expect(a.try("y")).toMatchObject([{ type: "registered" }, { type: "grant", leaderSessionId, joined: true }]);
  group.revoke("process");
  expect(a.try("z")).toEqual([tried("z", "a")]);
  expect(group.election()).toMatchObject({ type: "revoking", leaderSessionId });
});

test("[T2] a try in vain keeps the place of its siblings, and what its session has stated", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const b = group.join("b", { contenders: ["x", DEDICATED] });
  b.accept("component:d");
  expect(b.try("y")).toContainEqual(tried("y", "a"));
  expect(group.candidates()).toEqual(["b"]);
  a.resign();
  expect(group.holder()).toBe("b"); // by the statement that came with the try
});

test("[T2] a leadership that drains without its component is not ended by a try in vain", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  group.revoke("process");
  a.drop();
  const held = [leaderSessionId];
  a.profile = { ...a.profile, contenders: [] };
  a.resume({ held });
  expect(a.try("x")).toEqual([tried("x", "a")]);
  expect(group.election()).toMatchObject({ type: "revoking", leaderSessionId });
});

test("[T1] [E6] what its credentials, or the kind of its election, do not allow is refused by name", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: [DEDICATED] });
  a.accept("component:d");
  const b = group.stranger("b");
  b.access = { role: "contend", components: ["d"] };
  b.connect();
  b.hello();
  expect(b.try("d")).toMatchObject([{ type: "error", code: "election_mismatch", component: "d" }]);
  expect(b.try("x")).toMatchObject([{ type: "error", code: "forbidden", component: "x" }]);
});

test("[T4] a grant whose answer is lost is over with the next hello, which does not name it, and leaves no place", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  deafen(a);
  a.try(DEDICATED);
  expect(group.holder("component:d")).toBe("a");
  a.leases.clear();
  a.profile = {};
  a.resume({ held: [] });
  expect(group.status().elections).toEqual([]);
  expect(group.history()).toEqual([]);
  expect(a.try(DEDICATED)).toMatchObject([{ type: "registered" }, { type: "grant" }]);
});

test("[T4] a process that never comes back is outlived by its lease alone", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  deafen(a);
  a.try(DEDICATED);
  a.drop();
  a.endAll();
  const b = group.join("b");
  expect(b.try(DEDICATED)).toEqual([tried("d", "a")]);
  group.advance(10_000);
  expect(b.try(DEDICATED)).toMatchObject([{ type: "registered" }, { type: "grant" }]);
});

test("[T1] [T2] a call that tries is granted what is free, leaves the rest, and names who leads", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p", [{ component: "x" }, DEDICATED]);
  expect(p.poll({ try: true })).toMatchObject([{ election: "component:d" }]);
  expect(p.answer).toMatchObject({ tried: [{ component: "x", leader: { process: "a" } }], refusals: [] });
  expect(group.candidates()).toEqual([]);
  a.bye();
  expect(p.poll({ try: true })).toMatchObject([{ election: "component:d" }, { election: "process" }]);
  expect(p.answer).toMatchObject({ tried: [] });
});

test("[T2] a call that tries in vain leaves no session, and no row", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const p = group.poller("p");
  const steps = group.during(() => expect(p.poll({ try: true })).toEqual([]));
  expect(p.answer).toMatchObject({ type: "polled", tried: [{ component: "x", leader: { process: "a" } }] });
  expect(steps.flatMap(({ rows }) => rows)).toEqual([]);
  expect(group.status()).toMatchObject({ sessions: 1 });
  expect(group.candidates()).toEqual([]);
});

test("[T1] a call that tries asks nobody to stop, and waits for nobody who comes first", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 0 } });
  const a = group.join("a", { contenders: [DEDICATED] });
  a.accept("component:d");
  const p = group.poller("p", [{ ...DEDICATED, priority: 9 }]);
  p.poll({ try: true });
  expect(group.election("component:d").type).toBe("leading");
  const q = group.poller("q", [DEDICATED]);
  q.poll();
  a.bye();
  const r = group.poller("r", [DEDICATED]);
  r.poll({ try: true });
  expect(r.answer).toMatchObject({ tried: [{ component: "d", leader: null }] });
  expect(q.poll()).toMatchObject([{ election: "component:d" }]);
});
