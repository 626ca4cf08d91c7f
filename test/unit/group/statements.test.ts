/** What processes state in advance: what a grant by it is worth, for how long it counts, and what takes it back. */
import { expect, test } from "vitest";
import { leaseFor } from "../../../shared/lease.ts";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

const D = 10_000;
const E = 2_500;
const dedicated = (component: string) => ({ component, election: "dedicated" }) as const;
const contenders = ["x", dedicated("d")];

/** `a` leads x, `b` leads d, and each waits where the other leads. */
function pair(options: PolicyOptions = {}): { group: GroupWorld; a: PeerProcess; b: PeerProcess } {
  const group = new GroupWorld(options);
  const b = group.join("b", { contenders: [dedicated("d")] });
  const a = group.join("a", { contenders });
  b.accept("component:d");
  a.accept();
  b.register("x");
  return { group, a, b };
}

/** Gives back without a statement what it leads. */
const giveBack = (peer: PeerProcess, election: "process" | "component:d"): void => {
  const { leaderSessionId } = peer.grant(election);
  peer.leases.delete(leaderSessionId);
  peer.say({ type: "resign", leaderSessionId });
};

// What a grant by it is worth

test("[S1] [S2] [S3] a grant counts D from when its statement was read, and its horizon from itself, in the row that ends the term before", () => {
  const { group, a, b } = pair();
  b.renewHeld();
  const readAt = group.now;
  const sentAt = b.last("renewed").sentAt;
  group.advance(E - 1);
  const [step, ...others] = group.during(() => a.resign());
  expect(others).toEqual([]);
  expect(step?.rows.map(({ table }) => table).sort()).toEqual(["election", "group", "session", "term"]);
  expect(b.grant()).toMatchObject({ joined: false, sentAt });
  const term = { type: "leading", sessionId: b.sessionId, leaseUntil: readAt + D, horizon: group.now + 2 * D + 100 };
  expect(group.election()).toMatchObject({ ...term, grantedAt: group.now, acceptedAt: null });
  b.accept();
  expect(group.election()).toMatchObject({ leaseUntil: group.now + D, acceptedAt: group.now });
});

test("[S1] a statement is too old at E: its process is asked, and granted the election by its answer", () => {
  const { group, a, b } = pair();
  b.renewHeld();
  group.advance(E);
  b.inbox.clear();
  a.resign();
  expect(b.unread.map(({ type }) => type)).toEqual(["next", "renewed", "grant"]);
  expect(b.grant().sentAt).toBe(b.last("renewed").sentAt);
  expect(group.election()).toMatchObject({ leaseUntil: group.now + D });
});

test("[S1] nothing is granted by a renewal below E whose term could not be renewed in time", () => {
  for (const leaseMs of [2_000, D, 60_000, 86_400_000]) {
    const { renewEveryMs, renewDeadlineMs } = leaseFor(leaseMs);
    const { group, a, b } = pair({ leaseMs });
    expect(renewEveryMs + 2 * group.policy.answerTimeoutMs).toBeLessThanOrEqual(renewDeadlineMs);
    b.renewHeld();
    group.now += renewEveryMs - 1;
    a.resign();
    const { until } = b.leases.get(b.grant().leaderSessionId) ?? { until: 0 };
    expect(until - group.now).toBeGreaterThanOrEqual(2 * group.policy.answerTimeoutMs);
  }
});

test("[S3] a grant lasts as long as its session was promised, whatever the settings are since", () => {
  const { group, a, b } = pair();
  group.configure({ leaseMs: 60_000 });
  b.renewHeld();
  a.resign();
  expect(group.election()).toMatchObject({ leaseMs: D, leaseUntil: group.now + D });
});

test("[S1] a hello is a statement: joining an empty election and leading it is one exchange and one commit", () => {
  const group = new GroupWorld();
  const a = group.stranger("a", { contenders: ["x"] }).connect();
  const steps = group.during(() => a.hello());
  expect(a.unread.map(({ type }) => type)).toEqual(["welcome", "grant"]);
  expect(a.grant().sentAt).toBe(a.last("welcome").sentAt);
  expect(steps.map(({ rows }) => rows.map(({ table }) => table).sort())).toEqual([["election", "group", "session"]]);
});

test("[S9] a hello is answered in this order: welcome, errors, snapshot, joins, revokes, grants", () => {
  const group = new GroupWorld();
  group.join("o", { contenders: [dedicated("taken")] });
  const a = group.join("a", { contenders, observe: true });
  a.accept();
  a.accept("component:d");
  group.revoke("component:d");
  a.profile = { contenders: [...contenders, dedicated("e"), "taken"], observe: true };
  a.inbox.clear();
  a.resume();
  const said = a.unread.map((message) => (message.type === "grant" ? `grant ${message.election}` : message.type));
  expect(said).toEqual(["welcome", "error", "leaders", "grant process", "revoke", "grant component:e"]);
  expect(a.heard("grant").map(({ joined }) => joined)).toEqual([true, false]);
});

test("[S1] a component that registers after the statement is granted by it too", () => {
  const { group, a, b } = pair();
  b.register("y");
  a.resign();
  expect(b.grant()).toMatchObject({ components: ["x", "y"], joined: false });
  expect(group.holder()).toBe("b");
});

// What takes it back

test.each<[string, (peer: PeerProcess, group: GroupWorld) => void]>([
  ["the end of a term of it", (b) => giveBack(b, "component:d")],
  [
    "a term of it that runs out",
    (b, group) => {
      group.advance(D - 1_000);
      b.renew();
      group.peers.find(({ name }) => name === "a")?.renewHeld();
      group.advance(1_100);
    },
  ],
  ["a term of it that it did not take", (b) => b.refuse("component:d")],
  ["its last contender of another election leaving", (b) => b.deregister("d")],
])("[S7] a statement is void after %s: its process is asked first", (_what, end) => {
  const { group, a, b } = pair();
  b.silent = true;
  end(b, group);
  a.resign();
  expect(group.election()).toEqual({ type: "vacant", successor: null });
  expect(b.questions().length).toBeGreaterThan(0);
  b.renewHeld();
  expect(group.holder()).toBe("b");
});

test("[S7] it is not void where a contender leaves that has a sibling, nor where somebody else's term ends", () => {
  const { a, b } = pair();
  b.register("y");
  b.deregister("x");
  a.register(dedicated("own"));
  a.resign("component:own");
  b.silent = true;
  a.resign();
  expect(b.grant().components).toEqual(["y"]);
});

test("[S7] one that comes with a resign counts from the end of that term on", () => {
  const { group, a, b } = pair();
  a.resign();
  b.accept();
  a.silent = true;
  b.resign("component:d");
  expect(group.holder("component:d")).toBe("a");
  expect(a.grant("component:d").sentAt).toBeGreaterThan(a.last("renewed").sentAt);
});

test("[S9] [S7] a statement ends with its connection: the next one begins with that of its hello", () => {
  const { group, a, b } = pair();
  b.renewHeld();
  b.drop();
  a.resign();
  expect(group.holder()).toBe("a"); // the only one that is there
  b.resume();
  a.deregister("x");
  expect(b.grant().sentAt).toBe(b.last("welcome").sentAt);
});

test("[S7] [S11] with the statement goes what it said of being busy: all its elections are decided anew", () => {
  const group = new GroupWorld();
  const b = group.stranger("b", { contenders });
  b.busy = ["component:d"];
  b.connect().hello();
  expect([group.holder(), group.holder("component:d")]).toEqual(["b", null]);
  b.busy = [];
  b.inbox.clear();
  giveBack(b, "process");
  expect(b.unread.map(({ type }) => type)).toEqual(["next", "renewed", "grant", "grant"]);
  expect([group.holder(), group.holder("component:d")]).toEqual(["b", "b"]);
});

// Terms that nobody has taken

test("[S9] a term that its holder has not taken and a resume does not name leaves no row in the history, and no place behind", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.grant();
  const facts = group.during(() => a.resume({ held: [] })).flatMap((step) => step.facts);
  expect(facts.map(({ type }) => type)).toEqual(["session_resumed", "grant_refused", "granted", "hung_up"]);
  expect(group.history()).toEqual([]);
  expect(group.holder()).toBe("a");
  expect(a.grant().leaderSessionId).not.toBe(leaderSessionId);
  expect(a.renew(leaderSessionId)).toEqual([]);
});

test("[S9] one that it names is renewed, which takes it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.grant();
  a.drop();
  group.advance(1_000);
  a.resume();
  expect(a.last("welcome").held).toEqual([leaderSessionId]);
  expect(group.election()).toMatchObject({ leaderSessionId, acceptedAt: group.now, leaseUntil: group.now + D });
});

test("[S9] a term that was stored counts as taken after a crash: nobody can tell", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  group.crash();
  a.resume({ held: [] });
  expect(group.history()).toMatchObject([{ reason: "lost", acceptedAt: group.now }]);
});

test("[S9] one whose holder was lost before it took it counts as not taken after a crash, too: the row of the loss says so", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const [loss] = group.during(() => a.drop());
  expect(loss?.rows.map(({ table }) => table).sort()).toEqual(["election", "session"]);
  group.crash();
  a.resume({ held: [] });
  expect(group.history()).toEqual([]);
  const { leaderSessionId } = a.grant();
  a.drop();
  a.resume({ held: [leaderSessionId] });
  a.drop();
  group.crash();
  a.resume({ held: [] });
  expect(group.history()).toMatchObject([{ leaderSessionId, reason: "lost" }]);
});

test("[S1] a grant that is given back costs nobody a place, and is no statement: its process is asked anew", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.silent = true;
  a.refuse();
  expect(group.history()).toEqual([]);
  expect(group.election().type).toBe("vacant");
  expect(group.candidates()).toEqual(["a", "b"]);
  expect([a, b].map((peer) => peer.questions().length)).toEqual([1, 0]);
  a.renew();
  expect(group.holder()).toBe("a");
});

test.each<[string, string | null, (a: PeerProcess) => void]>([
  ["gives it back", "b", (a) => a.refuse()],
  ["resumes without it", "b", (a) => a.resume({ held: [] })],
  ["gives it back, and another was named", "c", (a) => a.refuse()],
])(
  "[Q3] [Q4] a term that is revoked before its holder has taken it ends as any other where that one %s",
  (_what, next, end) => {
    const group = new GroupWorld();
    const a = group.join("a", { contenders: ["x"] });
    group.join("b", { contenders: ["x"] });
    const c = group.join("c", { contenders: ["x"] });
    group.revoke("process", { note: "move", successor: next === "c" ? c.sessionId : null });
    end(a);
    expect(group.holder()).toBe(next);
    expect(group.history()).toMatchObject([{ note: "move" }]);
  },
);

// Hibernation

test("[N5] what was stated outlives hibernation: a hand-over afterwards needs no question", () => {
  const { group, a, b } = pair();
  group.hibernate();
  b.inbox.clear();
  a.resign();
  expect(b.unread.map(({ type }) => type)).toEqual(["grant"]);
});

test("[N5] [S7] a statement that is void stays so", () => {
  const { group, a, b } = pair();
  b.silent = true;
  giveBack(b, "component:d");
  group.hibernate();
  a.resign();
  expect(group.election().type).toBe("vacant");
});

test.each<[string, (a: PeerProcess) => void]>([
  ["renewed", (a) => a.accept()],
  ["confirmed", (a) => a.confirm("x")],
])("[N5] [S9] that a term was not taken outlives hibernation, and so does that it was %s", (_how, take) => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders });
  group.hibernate();
  expect(group.election()).toMatchObject({ acceptedAt: null });
  const isAccepted = (act: () => void): boolean =>
    group.during(act).some(({ facts }) => facts.some(({ type }) => type === "accepted"));
  expect(isAccepted(() => take(a))).toBe(true);
  a.deregister("d"); // which voids what it has stated
  expect(isAccepted(() => group.hibernate())).toBe(false);
  expect(isAccepted(() => a.renewHeld())).toBe(false);
  a.resume({ held: [] });
  expect(group.history().at(-1)).toMatchObject({ election: "process", reason: "lost" });
});

test("[N5] it is the last one, asked for or not: its process has forgotten those before", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  group.advance(1_000);
  b.renew();
  group.hibernate();
  a.resign();
  expect(b.grant().sentAt).toBe(b.last("renewed").sentAt);
});

test("[N5] [S11] so are both answers of a process about where it is busy", () => {
  const { group, a, b } = pair();
  b.busy = ["process"];
  b.renewHeld();
  group.hibernate();
  group.pause();
  b.busy = [];
  b.renewHeld();
  group.hibernate();
  group.pause(false);
  a.resign();
  expect(group.holder()).toBe("b");
  a.busy = ["component:d"];
  a.renew();
  group.hibernate();
  a.inbox.clear();
  b.deregister("d");
  expect(a.unread).toEqual([]);
  expect(group.election("component:d").type).toBe("vacant");
});

test("[N5] a question outlives hibernation: its time-out goes on", () => {
  const { group, a, b } = pair();
  const c = group.join("c", { contenders: ["x"] });
  b.silent = true;
  giveBack(b, "component:d");
  a.resign();
  group.advance(1_000);
  group.hibernate();
  group.advance(group.policy.askTimeoutMs - 1_001);
  expect([group.holder(), b.questions().length]).toEqual([null, 1]);
  group.advance(1);
  expect(group.holder()).toBe("c");
  c.accept();
});

test("[N5] a process may be busy in more elections than its socket carries: in the others it gives the grant back", () => {
  const group = new GroupWorld();
  const names = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(128, "n"));
  const a = group.stranger("a", { contenders: names.map(dedicated) });
  a.busy = names.map((name) => `component:${name}` as const);
  a.connect().hello();
  expect(a.heard("grant")).toEqual([]);
  group.hibernate();
  expect(a.heard("grant")).toHaveLength(12);
});

// The clock

test("[S1] a statement and a question from before the clock was set back do not count", () => {
  const group = new GroupWorld();
  group.now += 7_200_000; // a group whose clock never shows a time before its first
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  group.skew = -3_600_000;
  b.silent = true;
  a.resign();
  expect(group.election().type).toBe("vacant");
  expect(b.questions()).toHaveLength(1);
  group.skew = -7_200_000;
  group.tick();
  group.pause();
  group.pause(false);
  expect(b.questions()).toHaveLength(2);
  b.renew();
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.clock + D });
});

// Before all sockets are known

test.each([
  ["asked", E],
  ["granted anything", 0],
])("[S12] nobody is %s before all sockets are known", (_what, ageMs) => {
  const { group, a, b } = pair();
  group.now += ageMs;
  group.wakeUp();
  b.inbox.clear();
  a.resign();
  expect(group.election().type).toBe("vacant");
  expect(b.unread).toEqual([]);
  group.listSockets();
  expect(group.holder()).toBe("b");
});

test("[Q3] a resign without a statement, before the first renewal, names its successor as any other", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  group.join("c", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.grant();
  a.endAll();
  a.say({ type: "resign", leaderSessionId, successor: b.sessionId });
  expect(group.holder()).toBe("b");
});

test("[N3] [S11] what was asked before is over once the session has left: it is asked anew, and not silent", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const b = group.join("b", { contenders: ["x"] });
  b.silent = true;
  group.run(5_000, a);
  expect(b.questions()).toHaveLength(1);
  b.deregister("x");
  b.register("alone");
  expect(b.questions()).toHaveLength(2);
});
