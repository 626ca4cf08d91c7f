/** A try in the session: asked over an open connection, answered once, gone with its term. */
import { expect, test } from "vitest";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { D, giveBack, join, Play, R, release } from "./play.ts";

const attempt = (component: string) => ({ type: "register", component, try: true, sentAt: expect.any(Number) });
const leader = { sessionId: "S9", process: "other", leaderSessionId: "L9", epoch: 9 };
const registered = (component: string) => ({ type: "registered", component, try: true }) as const;

/** Connected, and the try of x is on its way. */
function trying(): [Play, number] {
  const play = new Play();
  const x = play.tries("x");
  play.connects();
  return [play, x];
}

test("[T1] a try connects, and asks once the session is open: by a statement of its own, not by the hello", () => {
  const play = new Play();
  play.tries("x");
  expect(play.opens().contenders).toEqual([]);
  play.hears({ ...welcome, sentAt: play.last("hello").sentAt });
  expect(play.says().slice(1)).toEqual([attempt("x")]);
});

test("[T1] what is free is led by the statement of the try", () => {
  const [play, x] = trying();
  play.sleeps(1_000);
  play.hears(registered("x"));
  play.grants("L1", 1, "x");
  expect(play.called()).toEqual(["+x L1"]);
  expect(play.leaseUntil).toBe(play.now - 1_000 + R);
  expect(play.isLeader(x, "L1")).toBe(true);
});

test("[T1] [T2] what is led by another is answered with who leads, and the session has nothing left to stay for", () => {
  const [play, x] = trying();
  const effects = play.hears({ type: "tried", component: "x", leader });
  expect(effects.slice(0, 2)).toEqual([
    { type: "tried", contender: x, leader },
    { type: "left", contender: x },
  ]);
  expect(play.says()).toEqual([{ type: "bye" }]);
  expect(play.state.contenders).toEqual([]);
});

test("[T4] an answer that is lost is asked for again over the next connection, which does not name the try", () => {
  const [play, x] = trying();
  play.loses();
  play.wait(1_000);
  expect(play.opens()).toMatchObject({ contenders: [], held: [] });
  play.hears({ ...play.session, resumed: true, sentAt: play.last("hello").sentAt });
  expect(play.says()).toContainEqual(attempt("x"));
  play.hears(registered("x"));
  play.grants("L2", 2, "x");
  expect(play.isLeader(x, "L2")).toBe(true);
});

test("[T4] the same where it was registered, and its grant was lost", () => {
  const [play] = trying();
  play.hears(registered("x"));
  play.loses();
  play.wait(1_000);
  expect(play.opens()).toMatchObject({ contenders: [], held: [] });
});

test("[T3] [S9] one that leads is named by the next hello, and goes on", () => {
  const [play, x] = trying();
  play.hears(registered("x"));
  play.grants("L1", 1, "x");
  play.resumes(["L1"]);
  expect(play.last("hello")).toMatchObject({ contenders: [{ component: "x" }], held: ["L1"] });
  expect(play.isLeader(x, "L1")).toBe(true);
});

test("[T3] a try leaves with its term, however that ends, and is not granted another one", () => {
  for (const end of ["revoked", "expired", "lost", "resigned"] as const) {
    const [play, x] = trying();
    play.hears(registered("x"));
    play.grants("L1", 1, "x");
    play.says();
    if (end === "revoked") play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: D });
    if (end === "expired") play.wait(R);
    if (end === "lost") play.renewed([]);
    if (end === "resigned") play.happens({ type: "resign", leaderSessionId: "L1" });
    expect(play.called()).toEqual(["+x L1", `-x L1 ${end}`]);
    play.settles(x);
    expect(play.state.contenders, end).toEqual([]);
    play.grants("L2", 2, "x");
    expect(play.called(), end).toEqual([]);
  }
});

test("[T3] a grant that comes while a try still stops is given back, and answers nothing", () => {
  const [play, x] = trying();
  play.hears(registered("x"));
  play.grants("L1", 1, "x");
  play.happens({ type: "resign", leaderSessionId: "L1" });
  const effects = play.grants("L2", 2, "x");
  expect(effects).not.toContainEqual(expect.objectContaining({ type: "tried", contender: x }));
  expect(play.says()).toContainEqual(giveBack("L2"));
});

test("[T3] beside a sibling that stays the term is released, and only the try leaves", () => {
  const [play, x] = Play.leading(["x"]);
  const y = play.tries("y");
  expect(play.says()).toEqual([attempt("y")]);
  play.hears(registered("y"));
  play.hears({ type: "grant", election: "process", leaderSessionId: "L1", epoch: 1, components: ["y"], joined: true });
  play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: D });
  play.settles(x, y);
  expect(play.says()).toEqual([release("L1"), { type: "deregister", component: "y" }]);
  expect(play.called()).toEqual(["+y L1", "-x L1 revoked", "-y L1 revoked"]);
});

test("[T2] a grant that comes too late to lead by it is given back, and the try leaves", () => {
  const [play, x] = trying();
  play.hears(registered("x"));
  play.sleeps(R);
  const effects = play.grants("L1", 1, "x");
  expect(effects).toContainEqual({ type: "tried", contender: x, leader: null });
  expect(play.says()).toContainEqual(giveBack("L1"));
  expect(play.state.contenders).toEqual([]);
  expect(play.called()).toEqual([]);
});

test("[T2] [S7] a term ends with the last component that the group counts: a try that is yet to ask keeps none", () => {
  const [play, y] = Play.leading(["y"]);
  play.tries("x");
  play.loses();
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  play.opens();
  play.close(y);
  play.settles(y);
  expect(play.last("deregister").component).toBe("y");
  play.hears({ ...play.session, resumed: true, sentAt: play.last("hello").sentAt, held: ["L1"] });
  play.hears({ type: "deregistered", component: "y" });
  play.hears(registered("x"));
  play.grants("L2", 2, "x");
  expect(play.last("renew").held).toEqual(["L2"]);
});

test("[N3] [T1] the last component leaves before one of the same name registers or tries that has waited for its leaving", () => {
  for (const again of ["contend", "tries"] as const) {
    const [play, x, w] = Play.leading(["x", "w"]);
    play.close(x);
    play[again]("x");
    const y = play.contend("y");
    play.hears(join("L1", 1, "y"));
    play.close(w);
    play.close(y);
    play.says();
    play.settles(x, w, y);
    const ends = play
      .says()
      .flatMap((said) => (said !== "ping" && "component" in said ? [`${said.type} ${said.component}`] : []));
    expect(ends).toEqual(["deregister x", "deregister w", "deregister y", "register x"]);
  }
});

test("[T2] [S11] a hello says nothing of a try that is yet to ask: it is busy where all else still stops", () => {
  const [play] = Play.leading(["y"], { drainMs: 20_000 });
  play.tries("x");
  play.loses();
  while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
  play.sleeps(R);
  expect(play.opens()).toMatchObject({ contenders: [{ component: "y" }], held: [], busy: ["process"] });
});

test("[T3] [S11] what ends a term is busy where a try still stops, whose `deregister` comes after it", () => {
  const [play] = Play.leading(["y"], { drainMs: 0 });
  play.tries("m", { election: "dedicated" });
  play.hears(registered("m"));
  play.grantsAlone("L2", 2, "m");
  play.sleeps(R);
  play.happens({ type: "tick" });
  expect(play.last("release")).toMatchObject({ leaderSessionId: "L1", busy: ["process", "component:m"] });
  expect(play.last("deregister").component).toBe("m");
});

test("[T5] a group that knows no tries would let it wait: it leaves, and says so", () => {
  const [play, x] = trying();
  const effects = play.hears({ type: "registered", component: "x" });
  expect(effects).toContainEqual(expect.objectContaining({ type: "refused", contender: x, code: "other_interface" }));
  expect(effects).toContainEqual({ type: "left", contender: x });
  expect(play.says()).toContainEqual({ type: "deregister", component: "x" });
});

test("[T2] a try that is closed before its answer leaves, whatever that is", () => {
  const [play, x] = trying();
  play.happens({ type: "observe", component: "q" });
  play.close(x);
  expect(play.says()).toContainEqual({ type: "deregister", component: "x" });
  play.hears(registered("x"));
  play.grants("L1", 1, "x");
  expect(play.called()).toEqual([]);
  expect(play.says()).toContainEqual(giveBack("L1"));
});

test("[T2] [S15] a grant that is about the contender before it answers no try", () => {
  const [play] = trying();
  play.happens({ type: "observe", component: "q" });
  play.close(1);
  const again = play.tries("x");
  play.hears(registered("x")); // what follows is about the first
  const effects = play.grants("L1", 1, "x");
  expect(effects).not.toContainEqual(expect.objectContaining({ type: "tried", contender: again }));
  play.hears({ type: "deregistered", component: "x" });
  play.hears(registered("x"));
  play.grants("L2", 2, "x");
  expect(play.called()).toEqual(["+x L2"]);
});

test("[T2] [E6] one that the group refuses is told, and does not ask again", () => {
  const [play, x] = trying();
  const effects = play.hears({ type: "error", code: "forbidden", message: "no", component: "x" });
  expect(effects).toContainEqual(expect.objectContaining({ type: "refused", contender: x, code: "forbidden" }));
  expect(play.state.contenders).toEqual([]);
});
