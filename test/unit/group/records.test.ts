import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

const recordOf = (group: GroupWorld, component: string) =>
  group.state.components.get(component)?.record?.leader ?? null;

test("[K1] an address is visible only after its confirmation, and that takes the grant", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x"] });
  const a = group.join("a", { contenders: ["x"], process: { name: "a", address: "http://a" } });
  const { leaderSessionId, epoch } = a.grant();
  expect(observer.mirror.get("x")).toBeNull();
  const answers = a.confirm("x", { id: "one" });
  expect(answers).toEqual([{ type: "confirmed", id: "one", component: "x", leaderSessionId }]);
  const leader = { component: "x", leaderSessionId, epoch, address: "http://a", process: "a" };
  expect(observer.mirror.get("x")).toEqual(leader);
  expect(group.election()).toMatchObject({ leaderSessionId, acceptedAt: group.now });
});

test("[K1] a confirmation publishes its own address and metadata, or those of the process, or none", () => {
  const group = new GroupWorld();
  const a = group.join("a", {
    contenders: ["x", "y"],
    process: { name: "a", address: "http://a", metadata: { zone: "eu" } },
  });
  a.accept();
  a.confirm("x", { address: "http://x", metadata: { role: "primary" } });
  expect(recordOf(group, "x")).toMatchObject({ address: "http://x", metadata: { role: "primary" } });
  a.confirm("y");
  expect(recordOf(group, "y")).toMatchObject({ address: "http://a", metadata: { zone: "eu" } });
  const bare = group.join("bare", { contenders: [{ component: "z", election: "dedicated" }], process: {} });
  const { leaderSessionId, epoch } = bare.accept("component:z");
  bare.confirm("z");
  expect(recordOf(group, "z")).toEqual({ component: "z", leaderSessionId, epoch });
});

test.each([
  [
    "for a grant that was given back",
    (_group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => {
      a.silent = true;
      a.refuse();
      return a.grant();
    },
  ],
  [
    "while it is being revoked",
    (group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => {
      const grant = a.accept();
      group.revoke("process");
      return grant;
    },
  ],
  [
    "for a leadership that is over",
    (_group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => {
      const grant = a.accept();
      a.resign();
      return grant;
    },
  ],
])("[K2] [K5] a confirmation %s is answered with not_leader and stores nothing", (_word, prepare) => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = prepare(group, a);
  const [step] = group.during(() => a.confirm("x", { id: "late", leaderSessionId }));
  expect(a.last("error")).toMatchObject({ code: "not_leader", id: "late", component: "x" });
  expect(step?.rows).toEqual([]);
});

test("[K2] [K5] a confirmation of a foreign leadership, or of a component outside it, stores nothing", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x", { component: "d", election: "dedicated" }] });
  const { leaderSessionId } = a.accept();
  b.accept("component:d");
  for (const confirm of [
    () => b.confirm("x", { leaderSessionId }),
    () => b.confirm("d", { leaderSessionId }),
    () => a.confirm("d", { leaderSessionId }),
    () => a.confirm("unknown", { leaderSessionId }),
  ]) {
    const [step] = group.during(confirm);
    expect(step?.effects).toMatchObject([{ type: "send", message: { type: "error", code: "not_leader" } }]);
    expect(step?.rows).toEqual([]);
  }
});

test("[K3] the same confirmation again is confirmed, writes nothing and notifies nobody", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"], observe: true });
  a.accept();
  a.confirm("x", { address: "one", metadata: { k: "v" } });
  a.inbox.clear();
  const [step] = group.during(() => a.confirm("x", { address: "one", metadata: { k: "v" } }));
  expect(step?.rows).toEqual([]);
  expect(a.unread.map(({ type }) => type)).toEqual(["confirmed"]);
});

test("[K3] another address in the same leadership replaces the first, at the time of the first", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"], observe: true });
  a.accept();
  const first = group.now;
  a.confirm("x", { address: "one" });
  group.advance(1_000);
  a.confirm("x", { address: "two" });
  expect(a.mirror.get("x")).toMatchObject({ address: "two" });
  a.resign();
  expect(group.history()).toMatchObject([{ confirmed: [{ component: "x", at: first }] }]);
});

test("[K6] a confirmation never alters a sibling's record, nor that of one that is not confirmed", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y", "z"] });
  a.accept();
  a.confirm("x", { address: "x1" });
  const before = recordOf(group, "x");
  a.confirm("y", { address: "y1" });
  a.confirm("y", { address: "y2" });
  expect(recordOf(group, "x")).toBe(before);
  expect(recordOf(group, "z")).toBeNull();
});

test.each([
  ["it resigns", (_group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.resign()],
  ["its revoke begins", (group: GroupWorld, _a: ReturnType<GroupWorld["join"]>) => group.revoke("process")],
  ["its lease expires", (group: GroupWorld, _a: ReturnType<GroupWorld["join"]>) => group.advance(10_100)],
  ["it says bye", (_group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.bye()],
  ["it closes the component", (_group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.deregister("x")],
  ["it resumes without naming it", (_group: GroupWorld, a: ReturnType<GroupWorld["join"]>) => a.resume({ held: [] })],
])("[O1] the record of a leader is removed when %s, and observers are notified", (_word, lose) => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x"] });
  const all = group.join("all", { observe: true });
  const a = group.join("a", { contenders: ["x", "y"] });
  a.accept();
  a.confirm("x");
  expect(observer.mirror.get("x")).not.toBeNull();
  lose(group, a);
  expect(recordOf(group, "x")).toBeNull();
  for (const { mirror, last } of [observer, all].map((peer) => ({ mirror: peer.mirror, last: peer.last("leaders") }))) {
    expect(mirror.get("x")).toBeNull();
    expect(last).toMatchObject({ snapshot: false, leaders: [{ component: "x", leader: null }] });
  }
});

test("[O1] a lost leader stays published while its lease runs, and not longer", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x"] });
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  a.confirm("x");
  a.drop();
  group.advance(9_999);
  expect(observer.mirror.get("x")).not.toBeNull();
  group.advance(1);
  group.tick();
  expect(observer.mirror.get("x")).toBeNull();
});

test("[O2] a late observer gets the present leaders at once: all with true, the named ones with or without a leader", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"] });
  a.accept();
  a.confirm("x");
  const leader = recordOf(group, "x");
  const all = group.join("all", { observe: true });
  expect(all.last("leaders")).toMatchObject({ snapshot: true, leaders: [{ component: "x", leader }] });
  const named = group.join("named", { observe: ["y", "x", "unknown"] });
  expect(named.last("leaders").leaders).toEqual([
    { component: "y", leader: null },
    { component: "x", leader },
    { component: "unknown", leader: null },
  ]);
});

test("[O2] after a reconnect a fresh snapshot arrives even if nothing has changed", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x"] });
  observer.inbox.clear();
  observer.resume();
  expect(observer.heard("leaders")).toMatchObject([{ snapshot: true, leaders: [{ component: "x", leader: null }] }]);
});

test("[O2] every observe is answered with a snapshot of all that is watched", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x"] });
  expect(observer.say({ type: "observe", components: ["y"] })).toMatchObject([
    { type: "leaders", snapshot: true, leaders: [{ component: "x" }, { component: "y" }] },
  ]);
  expect(observer.say({ type: "observe", components: ["y"] })).toHaveLength(1);
});

test("[O2] nothing arrives after unobserve, and a session that watches nothing gets no leaders at all", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x", "y"] });
  const bystander = group.join("bystander");
  observer.say({ type: "unobserve", components: ["x"] });
  observer.inbox.clear();
  const a = group.join("a", { contenders: ["x", "y"] });
  a.accept();
  a.confirm("x");
  expect(observer.unread).toEqual([]);
  a.confirm("y");
  expect(observer.unread).toHaveLength(1);
  expect(bystander.heard("leaders")).toEqual([]);
});

test("[O2] unobserve of a name does not narrow true", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: true });
  observer.say({ type: "unobserve", components: ["x"] });
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  a.confirm("x");
  expect(observer.mirror.get("x")).not.toBeNull();
  observer.say({ type: "unobserve", components: true });
  observer.inbox.clear();
  a.resign();
  expect(observer.unread).toEqual([]);
});

test("[O3] one confirmation is one change event for each watcher and one turn that writes rows", () => {
  const group = new GroupWorld();
  const watchers = [
    group.join("named", { observe: ["x", "y"] }),
    group.join("all", { observe: true }),
    group.join("both", { observe: ["x"] }),
  ];
  watchers[2]?.say({ type: "observe", components: true });
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  for (const watcher of watchers) watcher.inbox.clear();
  const steps = group.during(() => a.confirm("x"));
  expect(steps.map(({ rows }) => rows.map(({ table }) => table))).toEqual([["group", "record"]]);
  for (const watcher of watchers) {
    expect(watcher.heard("leaders")).toMatchObject([{ snapshot: false, leaders: [{ component: "x" }] }]);
  }
});

test("[O3] several records that end together are one change event", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x", "y", "q"] });
  const a = group.join("a", { contenders: ["x", "y", "z"] });
  a.accept();
  for (const component of ["x", "y", "z"]) a.confirm(component);
  observer.inbox.clear();
  a.resign();
  expect(observer.heard("leaders")).toMatchObject([
    {
      leaders: [
        { component: "x", leader: null },
        { component: "y", leader: null },
      ],
    },
  ]);
});

test("[O4] revisions grow with every change, at least as far as the clock", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: true });
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  for (const peer of [a, b, a, b]) {
    peer.accept();
    peer.confirm("x");
    group.advance(500);
    peer.resign();
  }
  const changes = observer.heard("leaders").filter(({ snapshot }) => !snapshot);
  expect(changes).toHaveLength(8);
  expect(changes.map(({ leaders }) => leaders[0]?.leader === null)).toEqual([0, 1, 0, 1, 0, 1, 0, 1].map(Boolean));
  expect(changes.at(-1)?.revision).toBeGreaterThanOrEqual(group.now);
});

test("[O4] an observer that missed a whole term while it was away sees the present leader, never an older one", () => {
  const group = new GroupWorld();
  const observer = group.join("observer", { observe: ["x"] });
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  a.confirm("x");
  observer.drop();
  a.resign();
  b.accept();
  b.confirm("x");
  observer.resume();
  expect(observer.mirror.get("x")).toMatchObject({ process: "b" });
});
