import { describe, expect, test } from "vitest";
import { DRAIN, dedicated, E, join, offer, Play, R, release, renew } from "./play.ts";

describe("an offer", () => {
  test("[S1] [K4] is answered at once, and leads only when the answer to that very renewal has come", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.hears(offer("L1", 1, "x"));
    expect(play.says()).toEqual([renew(1_001, "L1")]);
    expect(play.called()).toEqual([]);
    expect(play.isLeader(x, "L1")).toBe(false);

    play.wait(100);
    play.renewed();
    expect(play.called()).toEqual(["+x L1"]);
    expect(play.isLeader(x, "L1")).toBe(true);
  });

  test("[S1] the lease counts from when the renewal was sent, never from when its answer came", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.hears(offer("L1", 1, "x"));
    play.wait(2_000);
    play.renewed();
    expect(play.remaining(x, "L1")).toBe(R - 2_000);
  });

  test("[S1] an answer that comes after the lease is over leads to nothing but a release", () => {
    const play = new Play();
    play.contend("x");
    play.connects({ answerTimeoutMs: 60_000 });
    play.hears(offer("L1", 1, "x"));
    play.says();
    const { sentAt } = play.last("renew");
    play.sleeps(R);
    play.hears({ type: "renewed", sentAt, held: ["L1"] });
    expect(play.called()).toEqual([]);
    expect(play.says()).toContainEqual(release("L1"));
    expect(play.state.terms).toEqual([]);
  });

  test("[S11] is declined while no component that it names is ready, and the session speaks up when one is", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 100 });
    play.wait(100);
    expect(play.says()).toEqual([release("L1")]);
    play.hears(offer("L2", 2, "x"));
    expect(play.says()).toEqual([release("L2")]);
    play.settles(x);
    expect(play.says()).toEqual([{ type: "renew", sentAt: expect.any(Number), held: [] }]);
    play.hears(offer("L3", 3, "x"));
    play.renewed();
    expect(play.called()).toEqual(["-x L1 revoked", "+x L3"]);
  });

  test("[S11] is accepted for a component that is ready while another still stops, which is granted afterwards", () => {
    const [play, x] = Play.leading(["x"]);
    const y = play.contend("y");
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 100 });
    play.wait(100);
    play.hears(offer("L2", 2, "x", "y"));
    play.renewed();
    expect(play.called()).toEqual(["-x L1 revoked", "+y L2"]);
    play.settles(x);
    expect(play.called()).toEqual(["+x L2"]);
    expect(play.isLeader(y, "L2")).toBe(true);
  });

  test("[G4] [G6] is widened by a component that registers before it was answered", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.hears(offer("L1", 1, "x"));
    play.contend("y");
    play.hears(offer("L1", 1, "y"));
    play.renewed();
    expect(play.called()).toEqual(["+x L1", "+y L1"]);
  });

  test("[G4] a component that left before the grant was processed never gets it", () => {
    const play = new Play();
    play.contend("x");
    const y = play.contend("y");
    play.connects();
    play.hears(offer("L1", 1, "x", "y"));
    play.close(y);
    play.renewed();
    expect(play.called()).toEqual(["+x L1"]);
  });

  test("[S9] that was never answered is forgotten with the socket, and not named in the next hello", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.hears(offer("L1", 1, "x"));
    play.loses();
    play.wait(1_000);
    expect(play.opens().held).toEqual([]);
  });

  test("[S16] that was dropped is not taken up again by the grant that widens it, nor by the answer to its renewal", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.registers = false;
    const y = play.contend("y");
    play.hears(offer("L1", 1, "x")); // made before the group knows of y
    const { sentAt } = play.last("renew");
    play.close(x);
    play.close(y);
    play.contend("y");
    play.says();
    play.hears({ type: "registered", component: "y" });
    play.hears(offer("L1", 1, "y"));
    play.hears({ type: "renewed", sentAt, held: ["L1"] });
    expect(play.called()).toEqual([]);
    expect(play.says()).toEqual([]);
    expect(play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 0 })).toEqual([]);
  });

  test("[S7] of a term that has ended is never taken up again, nor is a join to it", () => {
    const [play, x] = Play.leading(["x"]);
    play.contend("y");
    play.happens({ type: "resign", leaderSessionId: "L1" });
    play.settles(x);
    play.says();
    play.called();
    play.hears(join("L1", 1, "y"));
    play.hears(offer("L1", 1, "x", "y"));
    expect(play.says()).toEqual([]);
    play.hears({ type: "renewed", sentAt: play.last("renew").sentAt, held: ["L1"] });
    expect(play.called()).toEqual([]);
    expect(play.state.terms).toEqual([]);
  });
});

describe("a lease", () => {
  test("[S6] [K4] is over at its deadline, whether or not anybody has looked", () => {
    const [play, x] = Play.leading(["x"]);
    play.sleeps(R - 1);
    expect(play.isLeader(x, "L1")).toBe(true);
    play.sleeps(1);
    expect(play.isLeader(x, "L1")).toBe(false);
    expect(play.called()).toEqual([]);
  });

  test("[S6] that has run out is ended before the message that woke us, and no late answer revives it", () => {
    const [play, x] = Play.leading(["x"]);
    play.wait(E);
    const { sentAt } = play.last("renew");
    play.says();
    play.sleeps(R - E);
    play.hears({ type: "renewed", sentAt, held: ["L1"] });
    expect(play.called()).toEqual(["-x L1 expired"]);
    expect(play.isLeader(x, "L1")).toBe(false);
    expect(play.says()).not.toContainEqual(release("L1"));
    play.happens({ type: "pong" });
    play.wait(2 * E, true);
    expect(play.says()).not.toContainEqual(expect.objectContaining({ held: ["L1"] }));
    play.settles(x);
    expect(play.says()).toContainEqual(release("L1"));
    expect(play.called()).toEqual([]);
  });

  test("[S1] is extended from each answered renewal, and never shortened by an older answer", () => {
    const [play, x] = Play.leading(["x"]);
    play.wait(E);
    expect(play.says()).toEqual([renew(1_000 + E, "L1")]);
    play.wait(500);
    play.renewed();
    expect(play.remaining(x, "L1")).toBe(R - 500);
    play.hears({ type: "renewed", sentAt: 1_001, held: ["L1"] });
    expect(play.remaining(x, "L1")).toBe(R - 500);
  });

  test("[S7] an answer is judged by the request that it echoes: an id that was not asked for yet is not lost", () => {
    const play = new Play();
    play.contend("x");
    play.contend("y", { election: "dedicated" });
    play.connects();
    play.hears(offer("L1", 1, "x"));
    const first = play.last("renew");
    play.hears(dedicated("L2", 2, "y"));
    const second = play.last("renew");
    expect(second.sentAt).toBeGreaterThan(first.sentAt);
    play.hears({ type: "renewed", sentAt: first.sentAt, held: ["L1"] });
    play.hears({ type: "renewed", sentAt: second.sentAt, held: ["L1", "L2"] });
    expect(play.called()).toEqual(["+x L1", "+y L2"]);
  });

  test("[S7] an id that was asked for and is missing in the answer is lost", () => {
    const [play, x] = Play.leading(["x"]);
    play.wait(E);
    play.renewed([]);
    expect(play.called()).toEqual(["-x L1 lost"]);
    play.says();
    play.settles(x);
    expect(play.says()).toEqual([release("L1")]);
  });

  test("[S1] renewals go on while everything is well, for hours, without a callback", () => {
    const [play, x] = Play.leading(["x"]);
    play.wait(3_600_000, true);
    expect(play.called()).toEqual([]);
    expect(play.isLeader(x, "L1")).toBe(true);
  });
});

describe("a revoke", () => {
  test("[C6] [S10] takes the leadership at once, keeps the lease by renewals while it drains, and then releases", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "preempted", drainMs: DRAIN });
    expect(play.called()).toEqual(["-x L1 preempted"]);
    expect(play.isLeader(x, "L1")).toBe(false);
    expect(play.says()).toEqual([]);
    play.wait(E);
    expect(play.says()).toEqual([renew(1_000 + E, "L1")]);
    play.renewed();
    play.settles(x);
    expect(play.says()).toEqual([release("L1")]);
  });

  test("[S10] the term ends by the client's own drain timer too, and is not renewed afterwards", () => {
    const [play] = Play.leading(["x"], { drainMs: 3_000 });
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: DRAIN });
    play.wait(2_999, true);
    expect(play.says()).not.toContainEqual(release("L1"));
    play.wait(1, true);
    expect(play.says()).toEqual([release("L1")]);
    play.wait(60_000, true);
    expect(play.says().filter((said) => said !== "ping" && said.type === "renew" && said.held.length > 0)).toEqual([]);
  });

  test("[S10] that is sent again after a resume leaves the drain its time: it was begun with that time", () => {
    const [play] = Play.leading(["x"], { drainMs: 3_000 });
    const revokedAt = play.now;
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: DRAIN });
    play.resumes(["L1"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 500 });
    play.wait(revokedAt + 2_999 - play.now, true);
    expect(play.says()).not.toContainEqual(release("L1"));
    play.wait(1, true);
    expect(play.says()).toContainEqual(release("L1"));
    expect(play.called()).toEqual(["-x L1 revoked"]);
  });

  test("[G9] of an unknown id, and a join to one, are ignored and reported once", () => {
    const [play, x] = Play.leading(["x"]);
    const before = play.state;
    const revoke = { type: "revoke", leaderSessionId: "L9", reason: "revoked", drainMs: 0 } as const;
    expect(play.hears(revoke)).toEqual([{ type: "violation", message: revoke }]);
    expect(play.hears(join("L8", 8, "x"))).toEqual([{ type: "violation", message: join("L8", 8, "x") }]);
    expect(play.state).toEqual(before);
    expect(play.isLeader(x, "L1")).toBe(true);
  });

  test("[G9] [G2] a grant that is repeated reaches nobody twice", () => {
    const [play] = Play.leading(["x"]);
    play.hears(join("L1", 1, "x"));
    play.hears(offer("L1", 1, "x"));
    expect(play.called()).toEqual([]);
    expect(play.says()).toEqual([]);
    expect(play.effects.filter(({ type }) => type === "violation")).toHaveLength(1);
  });
});

describe("a resignation", () => {
  test("[S2] is reported only after everything has stopped, and the lease is kept until then", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.happens({ type: "resign", leaderSessionId: "L1", successor: "S2" });
    expect(play.called()).toEqual(["-x L1 resigned", "-y L1 resigned"]);
    play.settles(x);
    play.wait(E);
    expect(play.says()).toEqual([renew(1_000 + E, "L1")]);
    play.renewed();
    play.settles(y);
    expect(play.says()).toEqual([{ type: "resign", leaderSessionId: "L1", successor: "S2" }]);
  });

  test("[N2] is followed by the next term, and the next, with growing epochs", () => {
    const [play, x] = Play.leading(["x"]);
    for (let epoch = 2; epoch < 50; epoch++) {
      play.wait(100);
      play.happens({ type: "resign", leaderSessionId: `L${epoch - 1}` });
      play.settles(x);
      play.hears(offer(`L${epoch}`, epoch, "x"));
      play.renewed();
      expect(play.called()).toEqual([`-x L${epoch - 1} resigned`, `+x L${epoch}`]);
    }
  });

  test("[N2] a term that expired is followed by the next one, many times in a row", () => {
    const [play, x] = Play.leading(["x"]);
    for (let epoch = 2; epoch < 20; epoch++) {
      play.sleeps(R);
      play.happens({ type: "tick" });
      play.settles(x);
      play.resumes([]);
      play.hears(offer(`L${epoch}`, epoch, "x"));
      play.renewed();
      expect(play.called()).toEqual([`-x L${epoch - 1} expired`, `+x L${epoch}`]);
    }
  });
});

describe("dedicated elections", () => {
  test("[D3] share the connection, and losing one does not touch another", () => {
    const play = new Play();
    const x = play.contend("x");
    const y = play.contend("y", { election: "dedicated" });
    play.connects();
    play.hears(offer("L1", 1, "x"));
    play.hears(dedicated("L2", 2, "y"));
    play.renewed();
    play.hears({ type: "revoke", leaderSessionId: "L2", reason: "revoked", drainMs: DRAIN });
    expect(play.called()).toEqual(["+x L1", "+y L2", "-y L2 revoked"]);
    expect([play.isLeader(x, "L1"), play.isLeader(y, "L2")]).toEqual([true, false]);
    expect(play.effects.filter(({ type }) => type === "connect")).toHaveLength(1);
  });

  test("[D1] a grant of one election reaches no component that runs in another", () => {
    const play = new Play();
    play.contend("x", { election: "dedicated" });
    play.connects();
    play.says();
    play.hears(offer("L1", 1, "x"));
    expect(play.says()).toEqual([release("L1")]);
  });
});
