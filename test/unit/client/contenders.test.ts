import { describe, expect, test } from "vitest";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { E, join, Play, R, release } from "./play.ts";

const published = ({ phase }: Play["state"]["contenders"][number]): unknown =>
  phase.type === "granted" ? phase.publication : null;

const revoked = { type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 10_000 } as const;

describe("grant and revoke", () => {
  test("[G1] [C2] one acquisition has one id and one epoch for all components of the process", () => {
    const [play] = Play.leading(["x", "y", "z"]);
    const grants = play.effects.filter((effect) => effect.type === "grant");
    expect(grants.map(({ leaderSessionId, epoch }) => [leaderSessionId, epoch])).toEqual([
      ["L1", 1],
      ["L1", 1],
      ["L1", 1],
    ]);
  });

  test("[C1] [G2] the next grant waits until the revoke before it has settled", () => {
    const [play, x] = Play.leading(["x", "y"]);
    play.hears(revoked);
    play.settles(2);
    play.wait(10_000, true);
    play.grants("L2", 2, "x", "y");
    play.renewed();
    expect(play.called()).toEqual(["-x L1 revoked", "-y L1 revoked", "+y L2"]);
    play.settles(x);
    expect(play.called()).toEqual(["+x L2"]);
  });

  test("[C3] [G5] a component that registers while its process leads is granted when the server has named it", () => {
    const [play] = Play.leading(["x"]);
    play.contend("y");
    expect(play.says()).toEqual([{ type: "register", component: "y" }]);
    expect(play.called()).toEqual([]);
    play.hears(join("L1", 1, "y"));
    expect(play.called()).toEqual(["+y L1"]);
  });

  test("[G6] a registration that races a revoke gets neither a revoke without grant nor a grant of the old term", () => {
    const [play, x] = Play.leading(["x"]);
    play.contend("y");
    play.hears(revoked);
    play.hears(join("L1", 1, "y"));
    play.settles(x);
    play.hears(join("L1", 1, "y"));
    play.grants("L2", 2, "x", "y");
    play.renewed();
    expect(play.called()).toEqual(["-x L1 revoked", "+x L2", "+y L2"]);
    expect(play.effects.filter(({ type }) => type === "violation")).toEqual([]);
  });

  test("[C5] [G7] a callback that hangs harms only its own component: the term ends by the drain timer, the others go on", () => {
    const [play, , y] = Play.leading(["x", "y"]);
    play.hears(revoked);
    play.settles(y);
    play.wait(10_000, true);
    expect(play.says()).toContainEqual(release("L1"));
    play.grants("L2", 2, "x", "y");
    play.renewed();
    play.wait(60_000, true);
    expect(play.called()).toEqual(["-x L1 revoked", "-y L1 revoked", "+y L2"]);
  });

  test("[G3] a callback that hangs blocks no renewal", () => {
    const [play] = Play.leading(["x", "y"]);
    play.close(1);
    play.wait(R * 3, true);
    expect(play.isLeader(2, "L1")).toBe(true);
  });
});

describe("closing", () => {
  test("[C4] [X1] while leading: one revoke, siblings untouched, the process keeps the leadership", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.close(x);
    expect(play.called()).toEqual(["-x L1 closed"]);
    expect(play.says()).toEqual([]);
    play.settles(x);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
    expect(play.isLeader(y, "L1")).toBe(true);
  });

  test("[C4] [X3] [S2] the last one of the election gives it up, after it has stopped, and renews until then", () => {
    const [play, x] = Play.leading(["x"]);
    play.happens({ type: "observe", component: "x" });
    play.says();
    play.close(x);
    play.wait(E);
    expect(play.says()).toEqual([{ type: "renew", sentAt: 1_000 + E, held: ["L1"] }]);
    play.renewed();
    play.settles(x);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
    expect(play.state.terms).toEqual([]);
    expect(play.state.endedEpoch).toBe(1);
  });

  test("[S2] one that hangs leaves when the drain time is over, and never twice", () => {
    const [play, x] = Play.leading(["x", "y"], { drainMs: 1_000 });
    play.close(1);
    play.close(2);
    play.wait(1_000);
    expect(play.says()).toEqual([
      { type: "deregister", component: "x" },
      { type: "deregister", component: "y" },
      { type: "bye" },
    ]);
    play.settles(x);
    expect(play.says()).toEqual([]);
  });

  test("[X2] while a revoke is pending: one revoke in total; closing twice, or one that never led, does nothing more", () => {
    const [play, x] = Play.leading(["x", "y"]);
    play.hears(revoked);
    play.close(x);
    play.close(x);
    expect(play.called()).toEqual(["-x L1 revoked", "-y L1 revoked"]);
    play.settles(x);
    play.close(x);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
    const z = play.contend("z");
    play.close(z);
    play.close(z);
    expect(play.says()).toEqual([
      { type: "register", component: "z" },
      { type: "deregister", component: "z" },
    ]);
    expect(play.called()).toEqual([]);
  });

  test("[X2] after its term was over, before its revoke has settled: it leaves at once, and only once", () => {
    const [play, x] = Play.leading(["x", "y"]);
    play.hears(revoked);
    play.wait(10_000, true);
    play.says();
    play.close(x);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
    play.settles(x);
    expect(play.says()).toEqual([]);
  });

  test("[X4] [C8] registered again in the same leadership it is granted the current id, once the old one has left", () => {
    const [play, x] = Play.leading(["x", "y"]);
    play.close(x);
    const again = play.contend("x");
    expect(play.says()).toEqual([]);
    expect(play.called()).toEqual(["-x L1 closed"]);
    play.settles(x);
    expect(play.says()).toEqual([
      { type: "deregister", component: "x" },
      { type: "register", component: "x" },
    ]);
    expect(play.called()).toEqual([]);
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual(["+x L1"]);
    expect(play.isLeader(again, "L1")).toBe(true);
    expect(play.isLeader(x, "L1")).toBe(false);
  });

  test("[X4] a queued one is no reason to keep the leadership: the server does not know it yet", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.close(x);
    play.contend("x");
    play.close(y);
    play.settles(y);
    play.settles(x);
    expect(play.state.terms).toEqual([]);
    expect(play.says()).toEqual([
      { type: "deregister", component: "y" },
      { type: "deregister", component: "x" },
      { type: "register", component: "x" },
    ]);
  });

  test("[C8] after a loss it runs again by itself until it is closed", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears(revoked);
    play.settles(x);
    expect(play.state.contenders).toHaveLength(1);
    play.grants("L2", 2, "x");
    play.renewed();
    expect(play.called()).toEqual(["-x L1 revoked", "+x L2"]);
  });

  test("[C10] [X6] the client: everything ends and drains, and a bye is the last that is sent", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.happens({ type: "observe", component: true });
    play.says();
    play.happens({ type: "bye" });
    expect(play.called()).toEqual(["-x L1 closed", "-y L1 closed"]);
    play.settles(x);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
    expect(play.clientState()).toBe("connected");
    play.settles(y);
    expect(play.says()).toEqual([{ type: "bye" }]);
    expect(play.clientState()).toBe("closed");
  });

  test.each([
    ["each component", (play: Play, all: readonly number[]) => all.map((one) => play.close(one))],
    ["the client", (play: Play) => play.happens({ type: "bye" })],
  ])("[N3] %s: a term is given up though a sibling still stops in the term before", (_what, close) => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.wait(E);
    play.renewed([]); // the group has lost L1
    play.settles(y);
    play.grants("L2", 2, "x", "y");
    play.renewed();
    play.says();
    close(play, [x, y]);
    play.settles(y);
    expect(play.says()).toContainEqual(release("L2"));
    play.settles(x);
    expect(play.says()).not.toContainEqual(expect.objectContaining({ type: "release" }));
  });

  test("[N3] a term that the group has lost is not given up, though a sibling still stops in a later one", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.wait(E);
    play.renewed([]);
    play.settles(y);
    play.grants("L2", 2, "x", "y");
    play.renewed();
    play.says();
    play.happens({ type: "bye" });
    play.settles(x);
    play.settles(y);
    expect(play.says()).not.toContainEqual(expect.objectContaining({ type: "release" }));
  });

  test("[C10] [N3] the client: what has stopped is handed over at once, though another election still drains", () => {
    const play = new Play();
    const [x, y] = [play.contend("x", { election: "dedicated" }), play.contend("y", { election: "dedicated" })];
    play.connects();
    play.grantsAlone("L1", 1, "x");
    play.grantsAlone("L2", 2, "y");
    play.renewed();
    play.says();
    play.happens({ type: "bye" });
    play.settles(x);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
    play.settles(y);
    expect(play.says()).toEqual([{ type: "bye" }]);
  });

  test("[C10] the client while the connection is lost: it is named in the next hello until it has drained", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.happens({ type: "bye" });
    expect(play.clientState()).toBe("connecting");
    play.reconnects({ resumed: true, held: ["L1"] });
    expect(play.last("hello").held).toEqual(["L1"]);
    expect(play.last("hello").contenders).toEqual([{ component: "x" }]);
    play.settles(x);
    expect(play.says()).toEqual([{ type: "bye" }]);
    expect(play.clientState()).toBe("closed");
  });

  test("[X6] a client that never connected closes at once", () => {
    const play = new Play();
    play.happens({ type: "bye" });
    expect(play.clientState()).toBe("closed");
    expect(play.says()).toEqual([]);
  });
});

describe("confirm", () => {
  const confirm = { type: "confirm", id: "1", component: "x", leaderSessionId: "L1", address: "a" } as const;

  test("[K1] [K2] is sent for a component that leads by this id, and by no other", () => {
    const [play, x] = Play.leading(["x"]);
    play.happens({ ...confirm, leaderSessionId: "L0" });
    play.happens({ ...confirm, component: "y" });
    expect(play.says()).toEqual([]);
    play.happens(confirm);
    expect(play.says()).toEqual([confirm]);
    play.hears(revoked);
    play.happens(confirm);
    expect(play.says()).toEqual([]);
    play.settles(x);
  });

  test("[C7] [S9] a wanted record is confirmed again after every resume, and only the newest", () => {
    const [play] = Play.leading(["x", "y"]);
    play.happens(confirm);
    play.happens({ ...confirm, id: "2", address: "b" });
    play.says();
    play.loses();
    play.wait(300);
    const { sentAt } = play.opens();
    play.says();
    play.hears({
      ...play.session,
      sentAt,
      resumed: true,
      held: ["L1"],
    });
    expect(play.says()).toEqual([{ ...confirm, id: "2", address: "b" }]);
  });

  test("[K6] [C7] a sibling's confirm is its own: nothing is sent for a component that has confirmed nothing", () => {
    const [play] = Play.leading(["x", "y"]);
    play.happens(confirm);
    play.resumes(["L1"]);
    expect(play.state.contenders.map(published)).toEqual([confirm, null]);
  });

  test("[C7] nothing of an ended term is confirmed again in the next one", () => {
    const [play, x] = Play.leading(["x"]);
    play.happens(confirm);
    play.hears(revoked);
    play.settles(x);
    play.grants("L2", 2, "x");
    play.renewed();
    expect(play.state.contenders.map(published)).toEqual([null]);
  });
});

test("[C7] a confirm that was refused is not sent again after a reconnect, one that waits for its answer is", () => {
  const [play] = Play.leading(["x"]);
  const confirm = (id: string) => ({ type: "confirm", id, component: "x", leaderSessionId: "L1" }) as const;
  play.happens(confirm("1"));
  play.happens(confirm("2"));
  play.hears({ type: "error", code: "limit_exceeded", message: "m", id: "1", component: "x" });
  play.loses();
  play.wait(250);
  const { sentAt } = play.opens();
  play.says();
  play.hears({ ...welcome, sentAt, resumed: true, held: ["L1"] });
  expect(play.says()).toEqual([confirm("2")]);
  play.hears({ type: "error", code: "limit_exceeded", message: "m", id: "2", component: "x" });
  play.resumes(["L1"]);
  expect(play.effects.filter((effect) => effect.type === "send" && effect.message.type === "confirm")).toHaveLength(3);
});
