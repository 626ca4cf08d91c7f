import { expect, test } from "vitest";
import { GroupWorld } from "./world.ts";

test("[S9] [N1] a short loss with resume keeps the term: same id, same epoch, extended from the hello", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId, epoch } = a.accept();
  a.drop();
  group.advance(7_000);
  a.resume();
  expect(a.last("welcome")).toMatchObject({ resumed: true, held: [leaderSessionId], sentAt: 3 });
  expect(group.election()).toMatchObject({ type: "leading", leaderSessionId, epoch, leaseUntil: group.now + 10_000 });
});

test("[S9] a term that a resumed session does not name is ended at once: it cannot hold it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  a.accept();
  a.resume({ held: [] });
  expect(a.last("welcome")).toMatchObject({ resumed: true, held: [] });
  expect(group.holder()).toBe("b");
  expect(group.history()).toMatchObject([{ reason: "lost" }]);
  b.accept();
});

test("[S9] (H4) a leadership named after its drain is over is left out and not freed before release or the lease", () => {
  const group = new GroupWorld({ drainMs: 2_000 });
  const a = group.join("a", { contenders: ["x"] });
  group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  a.drop();
  group.revoke("process");
  group.advance(3_000);
  a.resume({ held: [leaderSessionId] });
  expect(a.last("welcome")).toMatchObject({ resumed: true, held: [] });
  expect(group.holder()).toBe("a");
  a.release();
  expect(group.holder()).toBe("b");
});

test("[S9] (H4) a leadership named after its drain is over ends by its lease where no release comes", () => {
  const group = new GroupWorld({ drainMs: 2_000 });
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  a.drop();
  group.revoke("process");
  group.advance(3_000);
  a.resume({ held: [leaderSessionId] });
  group.advance(6_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  b.accept();
});

test("[S9] a revoke lost with the socket is sent again after the resume, with the time left, and the lease extended", () => {
  const group = new GroupWorld({ drainMs: 5_000 });
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  a.drop();
  group.revoke("process", { successor: "nobody" });
  group.advance(2_000);
  a.resume();
  expect(a.unread.slice(-2)).toMatchObject([
    { type: "welcome", held: [leaderSessionId] },
    { type: "revoke", leaderSessionId, reason: "transferred", drainMs: 3_000 },
  ]);
  expect(group.election()).toMatchObject({ type: "revoking", leaseUntil: group.now + 10_000 });
});

test("[S9] [N6] (H5) lost welcomes cost nothing: the previous secret resumes until a new one was presented", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  const { secret } = a;
  a.resume({ secret }); // its welcome is lost, so to speak
  a.resume({ secret }); // and so is the next one
  a.resume({ secret });
  expect(a.last("welcome")).toMatchObject({ resumed: true, held: [leaderSessionId] });
});

test("[S9] [N6] a secret that is neither the current nor the previous one begins a new session and leaves the old alone", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { secret: first } = a;
  const { leaderSessionId } = a.accept();
  a.resume();
  a.resume();
  const { sessionId: old } = a;
  const before = group.election();
  a.resume({ secret: first, held: [leaderSessionId] });
  expect(a.last("welcome")).toMatchObject({ resumed: false, held: [] });
  expect(a.sessionId).not.toBe(old);
  expect(group.election()).toBe(before);
  expect(group.state.sessions.get(old)?.link.type).toBe("connected");
});

test("[N6] a foreign secret does not resume, and an unknown session id begins a new session", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { sessionId } = a;
  for (const resume of [
    { sessionId, secret: "guess", attempt: 9 },
    { sessionId: "unknown", secret: a.secret, attempt: 9 },
  ]) {
    const stranger = group.stranger("stranger").connect();
    stranger.hello({ resume });
    expect(stranger.last("welcome")).toMatchObject({ resumed: false });
    expect(stranger.sessionId).not.toBe(sessionId);
  }
});

test("[S9] [N6] (H5) a hello whose attempt is not higher is closed with 4409 and changes nothing", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  const { secret, sessionId, wire } = a;
  a.resume({ attempt: 5 });
  const live = a.wire;
  const before = group.stored;
  for (const attempt of [5, 4, 0]) {
    const late = group.stranger("late").connect();
    late.hello({ resume: { sessionId, secret, attempt } });
    expect(late.closeCode).toBe(4409);
  }
  expect(group.stored).toEqual(before);
  expect(wire?.closed?.code).toBe(4409);
  expect(live?.open).toBe(true);
  expect(a.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test("[N6] a late attempt with a wrong secret is a fresh session, not a hint that the session exists", () => {
  const group = new GroupWorld();
  const a = group.join("a");
  const guesser = group.stranger("guesser").connect();
  guesser.hello({ resume: { sessionId: a.sessionId, secret: "wrong", attempt: 0 } });
  expect(guesser.last("welcome").resumed).toBe(false);
});

test("[S9] a newer connection supersedes an open one, which gets 4409", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const { wire } = a;
  a.resume();
  expect(wire?.closed?.code).toBe(4409);
  expect(group.status().sessions).toBe(1);
});

test("[S9] contenders and watched components of the hello replace what the session had", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", "y"], observe: ["p"], priority: 3 });
  a.accept();
  a.confirm("x");
  a.confirm("y");
  a.profile = { contenders: ["y", "z"], observe: ["q"], process: { name: "renamed" } };
  a.resume();
  expect(a.last("grant")).toMatchObject({ components: ["y", "z"], joined: true });
  const session = group.state.sessions.get(a.sessionId);
  expect([...(session?.contenders.keys() ?? [])]).toEqual(["y", "z"]);
  expect(session).toMatchObject({ watched: { all: false, names: ["q"] }, priority: 0, process: { name: "renamed" } });
  expect(group.state.components.get("x")).toBeUndefined();
  expect(group.state.components.get("y")?.record).not.toBeNull();
});

test("[S9] [S12] a leadership named without a contender of it is left out, and its session waits for it", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const b = group.join("b", { contenders: ["x"] });
  const { leaderSessionId } = a.accept();
  a.profile = { contenders: [{ component: "d", election: "dedicated" }] };
  a.resume({ held: [leaderSessionId] });
  expect(a.last("welcome").held).toEqual([]);
  expect(group.holder()).toBe("a");
  const before = group.election();
  group.hibernate();
  expect(group.election()).toEqual(before);
  a.drop();
  group.advance(9_999);
  expect(group.holder()).toBe("a");
  group.advance(1);
  group.tick();
  b.accept();
  expect(group.candidates()).toEqual([]);
});

test("[S9] [S2] a leadership named without a contender of it ends with its holder's release or bye", () => {
  for (const word of ["release", "bye"] as const) {
    const group = new GroupWorld();
    const a = group.join("a", { contenders: ["x"] });
    const b = group.join("b", { contenders: ["x"] });
    const { leaderSessionId } = a.accept();
    a.profile = {};
    a.resume({ held: [leaderSessionId] });
    if (word === "bye") a.bye();
    else a.release();
    b.accept();
    expect(group.candidates()).toEqual([]);
  }
});

test("[S9] a grant that is lost with its socket is over, and the hello brings a fresh one", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  const { leaderSessionId } = a.grant();
  a.resume({ held: [] });
  expect(a.last("welcome").held).toEqual([]);
  expect(a.last("grant")).toMatchObject({ joined: false });
  expect(a.last("grant").leaderSessionId).not.toBe(leaderSessionId);
  expect(a.renew(leaderSessionId)).toEqual([]);
  a.accept();
});
