import { expect, onTestFinished, test, vi } from "vitest";
import { transition } from "../../../worker/group/transition.ts";
import { Turn } from "../../../worker/group/turn.ts";
import { entriesWalked } from "./walks.ts";
import { GroupWorld } from "./world.ts";

const names = (count: number, prefix = "c") => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

test("a connection that sends no hello in time is closed with 4408 by the next event, and sets no alarm", () => {
  const group = new GroupWorld();
  const silent = group.stranger("silent").connect();
  expect(group.platform.alarmAt).toBeNull();
  group.advance(9_999);
  group.tick();
  expect(silent.closeCode).toBeNull();
  group.advance(1);
  group.stranger("another").connect();
  expect(silent.closeCode).toBe(4408);
  expect(group.platform.alarmAt).toBeNull();
});

test("a connection that goes away before its hello leaves nothing behind", () => {
  const group = new GroupWorld();
  const silent = group.stranger("silent").connect();
  silent.drop();
  expect(group.alarm()).toBeNull();
  expect(group.state.connections.size).toBe(0);
});

test("a hundred frames may come at once; one more closes with 4429, and the lease runs on", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  for (let frame = 2; frame < 100; frame++) a.renew();
  expect(a.closeCode).toBeNull();
  a.renew();
  expect(a.closeCode).toBe(4429);
  expect(group.holder()).toBe("a");
  group.advance(1_000);
  a.resume();
  expect(a.last("welcome").held).toHaveLength(1);
});

test("after a burst the rate is what counts", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  for (let frame = 1; frame < 100; frame++) a.renew();
  for (let frame = 0; frame < 1_000; frame++) {
    group.advance(10);
    a.renew();
  }
  expect(a.closeCode).toBeNull();
  a.renew();
  expect(a.closeCode).toBe(4429);
});

test("a pause fills at most one burst", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  group.advance(3_600_000);
  for (let frame = 0; frame < 100; frame++) a.renew();
  expect(a.closeCode).toBeNull();
  a.renew();
  expect(a.closeCode).toBe(4429);
});

test("a clock that steps back takes no frames away", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  group.skew = -500;
  for (let frame = 1; frame < 100; frame++) a.renew();
  expect(a.closeCode).toBeNull();
});

test("[S2] a renewal that is due passes however much its session chatters; the chatter closes with 4429, and a resume is let in", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  const chatter = (frames: number) => {
    for (let frame = 0; frame < frames; frame++) a.say({ type: "priority", priority: frame });
  };
  chatter(98);
  group.advance(2_500);
  for (let second = 0; second < 60; second++) {
    group.advance(1_000);
    chatter(100);
    expect(a.closeCode).toBeNull();
    if (second % 2 === 1) expect(a.renewHeld()).toEqual([leaderSessionId]);
  }
  chatter(1);
  expect(a.closeCode).toBe(4429);
  expect(group.holder()).toBe("a");
  a.resume();
  expect(a.last("welcome")).toMatchObject({ resumed: true, held: [leaderSessionId] });
  expect(a.renewHeld()).toEqual([leaderSessionId]);
});

test("[S2] renewals that are not due are frames like all others", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  for (let frame = 0; frame < 98; frame++) a.say({ type: "priority", priority: frame });
  group.advance(0);
  a.renewHeld();
  expect(a.closeCode).toBe(4429);
});

test("a socket too many without a hello costs the one that has been silent longest; sessions are unharmed", () => {
  const group = new GroupWorld({ limits: { sessions: 3 } });
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const [first, second, third] = ["first", "second", "third"].map((name) => {
    group.advance(1);
    return group.stranger(name).connect();
  });
  expect(first?.closeCode).toBeNull();
  const late = group.stranger("late").connect();
  expect([first, second, third].map((one) => one?.closeCode)).toEqual([4429, null, null]);
  late.hello();
  expect(late.last("welcome").resumed).toBe(false);
  expect(a.renewHeld()).toHaveLength(1);
});

test("hello must come within the group's own time", () => {
  const group = new GroupWorld({ limits: { helloTimeoutMs: 3_000 } });
  const silent = group.stranger("silent").connect();
  group.advance(2_999);
  group.tick();
  expect(silent.closeCode).toBeNull();
  group.advance(1);
  group.tick();
  expect(silent.closeCode).toBe(4408);
});

test("a thousand sockets without a hello are closed in one turn", () => {
  const group = new GroupWorld();
  const silent = Array.from({ length: 1_000 }, (_, index) => {
    group.advance(1);
    return group.stranger(`silent ${index}`).connect();
  });
  group.advance(10_000);
  group.tick();
  expect(silent.every(({ closeCode }) => closeCode === 4408)).toBe(true);
});

test("[O5] a group has at most its limit of sessions that watch; those that do may go on and change what they watch", () => {
  const group = new GroupWorld({ limits: { observers: 2 } });
  const a = group.join("a", { observe: true });
  const b = group.join("b", { observe: ["x"], contenders: ["x"] });
  const c = group.join("c", { observe: ["x"], contenders: ["x"] });
  const refusal = { type: "error", code: "limit_exceeded", message: expect.stringMatching(/2 sessions.*observers/) };
  expect(c.unread.filter(({ type }) => type !== "next")).toEqual([
    expect.objectContaining({ type: "welcome" }),
    { ...refusal, observed: ["x"] },
  ]);
  expect(c.say({ type: "observe", components: true })).toEqual([{ ...refusal, observed: true }]);
  b.say({ type: "observe", components: ["y"] });
  expect(b.last("leaders").leaders).toHaveLength(2);
  b.resume();
  expect(b.last("leaders").leaders).toHaveLength(1);
  a.say({ type: "unobserve", components: true });
  expect(c.say({ type: "observe", components: ["x"] })).toMatchObject([{ type: "leaders" }]);
  b.bye();
  expect(a.say({ type: "observe", components: ["x"] })).toMatchObject([{ type: "leaders" }]);
});

test("a name longer than the group's limit is refused, for contenders and for observers", () => {
  const group = new GroupWorld({ limits: { nameLength: 4 } });
  const a = group.join("a", { contenders: ["four", "five5"], observe: ["five5"] });
  expect(a.heard("error")).toMatchObject([
    { code: "limit_exceeded", component: "five5" },
    { code: "limit_exceeded", message: expect.stringMatching(/^a name has at most 4 characters/), observed: ["five5"] },
  ]);
  expect(a.accept().components).toEqual(["four"]);
  expect(a.say({ type: "observe", components: ["four"] })).toMatchObject([{ type: "leaders" }]);
});

test("a leader publishes as many changes at once as the group takes, and a tenth of the frames' rate after; the same again is free", () => {
  const group = new GroupWorld({ limits: { confirms: 3 } });
  const a = group.join("a", { contenders: ["x"] });
  const observer = group.join("o", { observe: ["x"] });
  a.accept();
  const publish = (address: string) => a.confirm("x", { address });
  for (const address of ["1", "2", "3", "3", "3"]) expect(publish(address)).toMatchObject([{ type: "confirmed" }]);
  expect(publish("4")).toMatchObject([{ type: "error", code: "limit_exceeded", component: "x" }]);
  expect(observer.last("leaders").leaders).toMatchObject([{ leader: { address: "3" } }]);
  expect(a.renewHeld()).toHaveLength(1);
  group.advance(100);
  expect(publish("5")).toMatchObject([{ type: "confirmed" }]);
  expect(publish("6")).toMatchObject([{ type: "error", code: "limit_exceeded" }]);
});

test("large snapshots count as many frames: an observer can't make the group send without end, and a small one is a frame", () => {
  const group = new GroupWorld();
  const components = names(256);
  const leader = group.join("leader", {
    contenders: components,
    process: { address: "a".repeat(2_048), metadata: { m: "m".repeat(2_000) } },
  });
  leader.accept();
  for (const [index, component] of components.entries()) {
    if (index % 50 === 49) group.advance(1_000);
    leader.confirm(component);
  }
  const greedy = group.join("greedy", {});
  let snapshots = 0;
  while (greedy.closeCode === null && snapshots < 1_000) {
    greedy.say({ type: "observe", components: true });
    snapshots++;
  }
  expect(greedy.closeCode).toBe(4429);
  expect(snapshots).toBeLessThan(15);
  const modest = group.join("modest", { observe: ["c1"] });
  for (let frame = 1; frame < 100; frame++) modest.say({ type: "observe", components: ["c1"] });
  expect(modest.closeCode).toBeNull();
});

test("large frames count as many: the largest hello is let in with most of its burst left, and a stream of such frames is not", () => {
  const group = new GroupWorld();
  const long = names(256, "n".repeat(120));
  const a = group.join("a", { contenders: long, observe: long });
  for (let frame = 0; frame < 85; frame++) a.say({ type: "renew", sentAt: a.stamp(), held: [] });
  expect(a.closeCode).toBeNull();
  const b = group.join("b");
  const padding = "x".repeat(131_000);
  for (let frame = 0; frame < 13; frame++) b.sendRaw(JSON.stringify({ type: "priority", priority: frame, padding }));
  expect(b.closeCode).toBe(4429);
});

test("a priority that moves its session in 256 queues counts as 17 frames, in one queue as one", () => {
  const group = new GroupWorld();
  const contenders = names(256).map((component) => ({ component, election: "dedicated" }) as const);
  const a = group.join("a", { contenders });
  for (let change = 1; change < 10; change++) a.say({ type: "priority", priority: change });
  expect(a.closeCode).toBe(4429);
  const b = group.join("b", { contenders: ["x"] });
  for (let change = 1; change < 95; change++) b.say({ type: "priority", priority: change });
  expect(b.closeCode).toBeNull();
});

test("a frame that is too large closes with 4413; one of exactly the largest size does not", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  const bytes = group.policy.limits.messageBytes;
  const frame = (size: number) => {
    const empty = JSON.stringify({ type: "renew", sentAt: 1, held: [], padding: "" });
    return JSON.stringify({ type: "renew", sentAt: 1, held: [], padding: "x".repeat(size - empty.length) });
  };
  a.stamp();
  a.sendRaw(frame(bytes));
  expect(a.closeCode).toBeNull();
  a.sendRaw(frame(bytes + 1));
  expect(a.closeCode).toBe(4413);
});

test("a session has at most its limit of contenders; one more is refused and the others stand", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: names(256) });
  expect(a.heard("error")).toEqual([]);
  expect(a.register("one-more")).toMatchObject([{ type: "error", code: "limit_exceeded", component: "one-more" }]);
  a.deregister("c0");
  expect(a.register("one-more")).toMatchObject([{ type: "registered" }, { type: "grant" }]);
  const b = group.join("b", { contenders: names(258) });
  expect(b.heard("error").map(({ component }) => component)).toEqual(["c256", "c257"]);
});

test("a hello of 256 contenders, their renewals and its end look at each place a few times, not at all of them for each", () => {
  const group = new GroupWorld();
  const contenders = names(256).map((component) => ({ component, election: "dedicated" }) as const);
  const other = group.join("other", { contenders });
  other.renew(...[...other.grants.values()].map(({ leaderSessionId }) => leaderSessionId));
  const looks = vi.spyOn(Turn.prototype, "rank");
  onTestFinished(() => looks.mockRestore());
  const a = group.join("a", { contenders });
  a.deregister("c0");
  a.say({ type: "observe", components: names(256) });
  a.bye();
  expect(looks.mock.calls.length).toBeLessThan(16 * 256);
});

test("[N14] those who only look fill half of the sessions: contenders still come in", () => {
  const group = new GroupWorld({ limits: { sessions: 4 } });
  const looking = [1, 2, 3].map((index) => {
    const one = group.stranger(`o${index}`, { observe: true, contenders: ["x"] });
    one.access = { role: "observe" };
    return one.connect();
  });
  for (const one of looking) one.hello();
  expect(looking.map(({ closeCode }) => closeCode)).toEqual([null, null, 4429]);
  expect([1, 2, 3].map((index) => group.join(`a${index}`, { contenders: ["x"] }).closeCode)).toEqual([
    null,
    null,
    4429,
  ]);
});

test("[N14] a lost session without a place gives way at once, and one with a place does not", () => {
  const group = new GroupWorld({ limits: { sessions: 4 } });
  const [first, second] = [group.join("first", { observe: true }), group.join("second", { observe: true })];
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  second.drop();
  b.drop();
  expect(group.join("third", { observe: true }).closeCode).toBeNull();
  expect(group.join("c", { contenders: ["x"] }).closeCode).toBe(4429);
  b.resume();
  second.resume();
  expect([first.closeCode, a.closeCode, second.closeCode]).toEqual([null, null, 4429]);
  expect(b.last("welcome").resumed).toBe(true);
});

test("[O7] a snapshot of all leaders costs nothing for names that others watch", () => {
  const group = new GroupWorld({ limits: { confirms: 16 } });
  const leader = group.join("leader", { contenders: ["x", "y"] });
  leader.accept();
  leader.confirm("x");
  leader.confirm("y");
  for (let other = 0; other < 8; other++) group.join(`other${other}`, { observe: names(128, `o${other}-`) });
  const a = group.join("a");
  const message = { type: "observe", components: true } as const;
  const event = { type: "frame", connection: a.wire?.id ?? "", frame: { type: "message", message } } as const;
  const { clock: now } = group;
  const seen: unknown[] = [];
  const walked = entriesWalked(() => seen.push(...transition(group.state, { ...event, now, nonce: "n" }).effects));
  expect(seen).toMatchObject([
    { type: "attach" },
    { message: { type: "leaders", leaders: [{ component: "x" }, { component: "y" }] } },
  ]);
  expect(walked).toBeLessThan(16);
});

test("[O5] a session watches at most its limit of names; true watches all and counts as none", () => {
  const group = new GroupWorld();
  const a = group.join("a", { observe: names(256) });
  expect(a.last("leaders").leaders).toHaveLength(256);
  const refusal = { type: "error", code: "limit_exceeded", message: expect.stringMatching(/256.*observe\(\)/) };
  expect(a.say({ type: "observe", components: ["one-more"] })).toEqual([{ ...refusal, observed: ["one-more"] }]);
  expect(a.say({ type: "observe", components: ["c0"] })).toMatchObject([{ type: "leaders" }]);
  expect(a.say({ type: "observe", components: true })).toMatchObject([{ type: "leaders" }]);
  const b = group.join("b", { observe: names(258) });
  expect(b.unread).toMatchObject([
    { type: "welcome" },
    { ...refusal, observed: ["c256", "c257"] },
    { type: "leaders", snapshot: true, leaders: names(256).map((component) => ({ component })) },
  ]);
});

test("[O5] from several names in one observe those that fit are watched, and the others named", () => {
  const group = new GroupWorld({ limits: { observed: 2, nameLength: 4 } });
  const a = group.join("a", { observe: ["x"] });
  expect(a.say({ type: "observe", components: ["y", "five5", "z", "y"] })).toMatchObject([
    { type: "error", message: expect.stringContaining("nameLength"), observed: ["five5"] },
    { type: "error", message: expect.stringContaining("limits.observed"), observed: ["z"] },
    { type: "leaders", leaders: [{ component: "x" }, { component: "y" }] },
  ]);
  expect(a.say({ type: "observe", components: [] })).toMatchObject([{ type: "leaders" }]);
});

test("[O5] a limit that is lowered takes nobody what it watches, at a resume neither", () => {
  const group = new GroupWorld();
  const a = group.join("a", { observe: ["one", "two", "three"] });
  group.configure({ limits: { observed: 2, nameLength: 4, observers: 1 } });
  a.resume();
  expect(a.heard("error")).toEqual([]);
  expect(a.last("leaders").leaders).toHaveLength(3);
  expect(a.say({ type: "observe", components: ["four"] })).toMatchObject([{ type: "error", observed: ["four"] }]);
});

test("[N20] a limit of frames that is lowered reaches a client before it is closed for it: it resumes, and keeps its term", () => {
  for (const limits of [{ messagesPerSecond: 10 }, { messageBytes: 1_000 }]) {
    const group = new GroupWorld();
    const a = group.join("a", { contenders: ["x"] });
    const { leaderSessionId } = a.accept();
    group.configure({ limits });
    expect(a.closeCode).toBe(1012);
    a.resume();
    expect(a.last("welcome")).toMatchObject({ resumed: true, held: [leaderSessionId], limits });
    group.configure({ limits: {} });
    group.configure({ limits: { observed: 2 } });
    expect(a.closeCode).toBeNull();
  }
});

test("[N20] [V1] two Workers with different limits close nobody in turns", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  for (let times = 0; times < 3; times += 1) {
    group.configure({ limits: { messagesPerSecond: 10 } });
    if (times === 0) a.resume();
    expect(a.closeCode).toBeNull();
    group.configure({});
    a.resume();
    expect(a.last("welcome").limits).toMatchObject({ messagesPerSecond: 10, observed: 256 });
  }
  group.crash();
  a.resume();
  expect(a.last("welcome").limits).toMatchObject({ messagesPerSecond: 100 });
});

test("[N20] [V1] limits that change to and fro close nobody again after a hibernation with the lower ones", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  for (let times = 0; times < 3; times += 1) {
    group.configure({ limits: { messagesPerSecond: 10 } });
    if (times === 0) a.resume();
    group.hibernate();
    group.configure({});
    expect(a.closeCode).toBeNull();
  }
});

test("limits that go up are told where no socket is open", () => {
  const group = new GroupWorld();
  group.configure({ limits: { messagesPerSecond: 500 } });
  expect(group.join("a").last("welcome").limits).toMatchObject({ messagesPerSecond: 500 });
});

test("[C12] a snapshot says whether it is of all components", () => {
  const group = new GroupWorld();
  const a = group.join("a", { observe: ["x"] });
  expect(a.last("leaders")).not.toHaveProperty("all");
  a.say({ type: "observe", components: true });
  expect(a.last("leaders")).toMatchObject({ snapshot: true, all: true });
  a.say({ type: "unobserve", components: true });
  a.say({ type: "observe", components: ["y"] });
  expect(a.last("leaders")).not.toHaveProperty("all");
});

test("a group takes at most its limit of sessions; a session that resumes is none too many", () => {
  const group = new GroupWorld({ limits: { sessions: 2 } });
  const a = group.join("a", { contenders: ["x"] });
  group.join("b", { contenders: ["x"] });
  const c = group.stranger("c", { contenders: ["x"] }).connect();
  c.hello();
  expect(c.closeCode).toBe(4429);
  a.resume();
  expect(a.last("welcome").resumed).toBe(true);
  a.bye();
  group.join("d", { contenders: ["x"] });
  expect(group.status().sessions).toBe(2);
});

test("the sessions of one subject are limited: others are let in, and a lost one counts until it is forgotten", () => {
  const group = new GroupWorld({ limits: { sessionsPerSubject: 2 } });
  const as = (name: string, subject?: string) => {
    const peer = group.stranger(name);
    peer.access = { role: "contend", ...(subject !== undefined && { subject }) };
    peer.connect();
    peer.hello();
    return peer;
  };
  const [a, b, c, other, nobody] = [as("a", "s"), as("b", "s"), as("c", "s"), as("d", "other"), as("e")];
  expect([a, b, c, other, nobody].map(({ closeCode }) => closeCode)).toEqual([null, null, 4429, null, null]);
  b.resume();
  expect(b.last("welcome").resumed).toBe(true);
  b.drop();
  expect(as("f", "s").closeCode).toBe(4429);
  group.crash();
  expect(as("g", "s").closeCode).toBe(4429);
  group.advance(10_000);
  group.tick();
  expect(as("h", "s").closeCode).toBeNull();
});

test("a group has at most its limit of elections; the present ones take more contenders", () => {
  const group = new GroupWorld({ limits: { elections: 2 } });
  const dedicated = (component: string) => ({ component, election: "dedicated" }) as const;
  const a = group.join("a", { contenders: ["x", dedicated("d")] });
  expect(a.register(dedicated("e"))).toMatchObject([{ type: "error", code: "limit_exceeded", component: "e" }]);
  const b = group.join("b", { contenders: ["y", dedicated("d")] });
  expect(b.heard("error")).toEqual([]);
  a.bye();
  b.bye();
  expect(group.join("c", { contenders: [dedicated("e"), dedicated("f")] }).heard("error")).toEqual([]);
});

test("the leader of as many dedicated elections as it may have carries all its leases through hibernation", () => {
  const group = new GroupWorld();
  const contenders = names(256).map((component) => ({ component, election: "dedicated" }) as const);
  const a = group.join("a", { contenders });
  const ids = [...a.grants.values()].map(({ leaderSessionId }) => leaderSessionId);
  expect(a.renew(...ids)).toHaveLength(256);
  group.hibernate();
  expect(group.election("component:c255")).toMatchObject({ type: "leading", leaseUntil: group.now + 10_000 });
});

test("[S3] leases that do not fit the attachment of their socket wait for horizon + sigma after hibernation", () => {
  const group = new GroupWorld({ limits: { contenders: 400 } });
  const contenders = names(400).map((component) => ({ component, election: "dedicated" }) as const);
  const a = group.join("a", { contenders });
  a.renew(...[...a.grants.values()].map(({ leaderSessionId }) => leaderSessionId));
  const until = { exact: group.now + 10_000, loaded: group.now + 21_100 };
  group.hibernate("some leases are not carried");
  const ends = [...group.state.elections.values()].map(({ state }) => "leaseUntil" in state && state.leaseUntil);
  expect(ends.filter((end) => end === until.exact)).toHaveLength(256);
  expect(ends.filter((end) => end === until.loaded)).toHaveLength(144);
});

test("welcome carries the settings that the client must keep to", () => {
  const group = new GroupWorld({ leaseMs: 4_000, drainMs: 700, limits: { contenders: 5 } });
  const a = group.join("a");
  expect(a.last("welcome")).toEqual({
    type: "welcome",
    version: 1,
    deployment: "d",
    sessionId: a.sessionId,
    secret: a.secret,
    resumed: false,
    sentAt: 1,
    held: [],
    lease: { durationMs: 4_000, renewDeadlineMs: 3_200, renewEveryMs: 1_000 },
    pingEveryMs: 25_000,
    answerTimeoutMs: 1_100,
    checkEveryMs: 300_000,
    askTimeoutMs: 1_180,
    drainMs: 700,
    limits: {
      messageBytes: 131_072,
      messagesPerSecond: 100,
      contenders: 5,
      observed: 256,
      metadataBytes: 2_048,
      sessions: 10_000,
      observers: 5_000,
      sessionsPerSubject: 1_000,
      elections: 1_000,
      nameLength: 128,
      historyRows: 1_000,
      rows: 2_000,
      confirms: 512,
      jobs: 100,
      occurrences: 100,
      occurrenceMs: 2_592_000_000,
      helloTimeoutMs: 10_000,
    },
  });
});

test("an alarm is set only while somebody waits or watches, or an answer is owed", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  expect(group.alarm()).toBeNull();
  a.silent = true;
  a.refuse();
  expect(group.alarm()).toBe(group.now + group.policy.askTimeoutMs);
  a.renew();
  expect(group.alarm()).toBeNull();
  const b = group.join("b", { contenders: ["x"] });
  expect(group.alarm()).toBe(group.now + 20_100); // D + W: b speaks before
  b.bye();
  expect(group.alarm()).toBeNull();
  const observer = group.join("observer", { observe: ["x"] });
  expect(group.alarm()).toBe(group.now + 10_100);
  observer.bye();
  expect(group.alarm()).toBeNull();
  const all = group.join("all", { observe: true });
  expect(group.alarm()).toBe(group.now + 10_100);
  all.say({ type: "unobserve", components: true });
  expect(group.alarm()).toBeNull();
});

test("nothing that happens in vain makes a new state", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const before = group.state;
  group.tick();
  group.advance(5_000);
  group.tick();
  group.apply({ type: "disconnect", connection: "unknown" });
  group.apply({ type: "frame", connection: "unknown", frame: { type: "oversized" } });
  group.revoke("component:none");
  group.pause(false);
  group.cleanup();
  expect(group.state).toBe(before);
});

test("[S9] [O5] a list of observed names that is too long at a resume takes the place of those of before, as far as it fits", () => {
  const group = new GroupWorld({ limits: { observed: 2 } });
  const a = group.join("a", { contenders: ["x"] });
  const observer = group.join("observer", { observe: ["x", "y"] });
  observer.profile = { observe: ["u", "v", "w"] };
  observer.inbox.clear();
  observer.resume();
  expect(observer.heard("error")).toMatchObject([{ code: "limit_exceeded", observed: ["w"] }]);
  expect(group.state.sessions.get(observer.sessionId)?.watched).toEqual({ all: false, names: ["u", "v"] });
  a.accept();
  a.confirm("x");
  expect(observer.heard("leaders")).toMatchObject([{ leaders: [{ component: "u" }, { component: "v" }] }]);
});
