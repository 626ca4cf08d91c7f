import { describe, expect, test } from "vitest";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { DRAIN, E, giveBack, grant, join, Play, R, release, renew, resign } from "./play.ts";

describe("a grant", () => {
  test("[S1] [K4] leads at once, by the statement that it names, and the next renewal leaves in the same step", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.wait(400);
    const effects = play.hears(grant(1_000, "L1", 1, "x"));
    expect(effects.map(({ type }) => type)).toEqual(["grant", "send"]);
    expect(play.says()).toEqual([renew(1_400, "L1")]);
    expect(play.called()).toEqual(["+x L1"]);
    expect(play.remaining(x, "L1")).toBe(R - 400);
    play.wait(200);
    play.renewed();
    expect(play.remaining(x, "L1")).toBe(R - 200);
  });

  test("[S1] the lease counts from when the statement was sent by the earlier hand of the clock", () => {
    const play = new Play();
    const x = play.contend("x");
    play.behindMs = 300;
    play.opens();
    play.behindMs = 0;
    play.hears({ ...welcome, sentAt: play.now });
    play.hears(grant(play.now, "L1", 1, "x"));
    expect(play.remaining(x, "L1")).toBe(R - 300);
  });

  test("[S1] is taken as long as the lease would run, and then no longer", () => {
    for (const [ms, isTaken] of [
      [R - 1, true],
      [R, false],
    ] as const) {
      const play = new Play();
      play.contend("x");
      play.connects({ answerTimeoutMs: 60_000 });
      play.sleeps(ms);
      play.hears(grant(1_000, "L1", 1, "x"));
      expect(play.called()).toEqual(isTaken ? ["+x L1"] : []);
      expect(play.says()).toEqual([isTaken ? renew(1_000 + ms, "L1") : giveBack("L1")]);
    }
  });

  test("[S1] goes by any statement that no later answer has made needless, and by no other", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    for (let count = 0; count < 3; count++) play.hears({ type: "next", inMs: 0 });
    const { sentAt } = play.last("renew");
    play.hears({ type: "renewed", sentAt: sentAt - 1, held: [] });
    play.says();
    for (const [sentAtThen, isTaken] of [
      [1_000, false],
      [sentAt - 2, false],
      [sentAt + 1, false],
      [sentAt - 1, true],
    ] as const) {
      const id = `L${sentAtThen}`;
      play.hears(grant(sentAtThen, id, play.state.endedEpoch + 1, "x"));
      expect(play.says()).toEqual(isTaken ? [renew(sentAt + 1, id)] : [giveBack(id)]);
    }
  });

  test("[S1] [S9] by a hello is taken right after its welcome, before anything else has come (H11)", () => {
    const play = new Play();
    play.registers = false;
    const x = play.contend("x");
    const { sentAt } = play.opens();
    play.hears({ ...welcome, sentAt });
    play.hears(grant(sentAt, "L1", 1, "x"));
    expect(play.isLeader(x, "L1")).toBe(true);
  });

  test("[S15] by a hello counts for nothing where the hello was refused", () => {
    const play = new Play();
    play.contend("x");
    const { sentAt } = play.opens();
    play.hears({ ...welcome, sentAt });
    play.hears({ type: "error", code: "forbidden", message: "", component: "x" });
    play.says();
    play.hears(grant(sentAt, "L1", 1, "x"));
    expect(play.says()).toEqual([giveBack("L1")]);
  });

  test("[S1] [G10] by a statement of an earlier connection is not taken, whichever connection brings it", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.resumes([]);
    play.happens(grant(1_000, "L1", 1, "x"), 0);
    expect([play.says(), play.state.terms]).toEqual([[], []]);
    play.hears(grant(1_000, "L2", 2, "x"));
    expect(play.says()).toEqual([giveBack("L2")]);
    play.grants("L3", 3, "x");
    expect(play.isLeader(x, "L3")).toBe(true);
  });

  test("[S11] is given back while no component that it names could start: without a statement, which could be granted again (H12)", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 100 });
    play.wait(100);
    expect(play.says()).toEqual([release("L1", "process")]);
    const { stated } = play;
    play.grants("L2", 2, "x");
    expect(play.says()).toEqual([giveBack("L2")]);
    expect(play.stated).toBe(stated);
    play.settles(x);
    expect(play.says()).toEqual([renew(play.stated)]);
    play.grants("L3", 3, "x");
    expect(play.called()).toEqual(["-x L1 revoked", "+x L3"]);
  });

  test("[S7] that was given back is as good as ended: no join, no revoke and no older epoch counts after it", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.hears(grant(7, "L4", 4, "x"));
    expect(play.hears(join("L4", 4, "x"))).toEqual([]);
    expect(play.hears({ type: "revoke", leaderSessionId: "L4", reason: "revoked", drainMs: 0 })).toEqual([]);
    play.says();
    play.grants("L3", 3, "x");
    play.grants("L4", 4, "x");
    expect(play.says()).toEqual([giveBack("L3"), giveBack("L4")]);
    expect(play.called()).toEqual([]);
  });

  test("[N10] a process that leaves before it could give a term back reports it as soon as it can", () => {
    const play = new Play();
    play.sleeps(10 * R);
    const x = play.contend("x");
    play.connects();
    for (let count = 0; count < 300; count++) play.happens({ type: "observe", component: `w${count}` });
    for (let count = 0; count < 80; count++) play.hears({ type: "next", inMs: 0 }); // not even a renewal may leave now
    play.says();
    play.hears(grant(7, "L1", 1, "x"));
    expect(play.says()).toEqual([]);
    play.loses();
    for (let count = 0; count < 300; count++) play.happens({ type: "unobserve", component: `w${count}` });
    play.close(x);
    expect(play.clientState()).toBe("connecting");
    play.reconnects({ resumed: true });
    expect(play.last("bye")).toEqual({ type: "bye" });
  });

  test("[S11] is taken for a component that is ready while another still stops, which is granted afterwards", () => {
    const [play, x] = Play.leading(["x"]);
    const y = play.contend("y");
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 100 });
    play.wait(100);
    play.grants("L2", 2, "x", "y");
    expect(play.called()).toEqual(["-x L1 revoked", "+y L2"]);
    play.settles(x);
    expect(play.called()).toEqual(["+x L2"]);
    expect(play.isLeader(y, "L2")).toBe(true);
  });

  test("[G4] [G6] a component that registers after it joins by a grant of its own", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.grants("L1", 1, "x");
    play.contend("y");
    play.hears(join("L1", 1, "y"));
    expect(play.called()).toEqual(["+x L1", "+y L1"]);
  });

  test("[G4] a component that left before it came never gets it", () => {
    const play = new Play();
    play.contend("x");
    const y = play.contend("y");
    play.connects();
    play.close(y);
    play.grants("L1", 1, "x", "y");
    expect(play.called()).toEqual(["+x L1"]);
  });

  test("[S9] whose first renewal was not answered is named in the next hello, and goes on by its answer", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.grants("L1", 1, "x");
    play.resumes(["L1"]);
    expect(play.last("hello").held).toEqual(["L1"]);
    expect(play.isLeader(x, "L1")).toBe(true);
    expect(play.called()).toEqual(["+x L1"]);
  });

  test("[S7] [S16] of a term that has ended is never taken up again, nor is a join to it", () => {
    const [play, x] = Play.leading(["x"]);
    play.contend("y");
    play.happens({ type: "resign", leaderSessionId: "L1" });
    play.settles(x);
    play.says();
    play.called();
    play.hears(join("L1", 1, "y"));
    expect(play.says()).toEqual([]);
    play.grants("L1", 1, "x", "y");
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
    expect(play.says()).not.toContainEqual(expect.objectContaining({ type: "release" }));
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
    play.grants("L1", 1, "x");
    const first = play.last("renew");
    play.grantsAlone("L2", 2, "y");
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
    expect(play.says()).not.toContainEqual(expect.objectContaining({ type: "release" }));
    play.wait(1, true);
    expect(play.says()).toEqual([release("L1", "process")]);
    play.wait(60_000, true);
    expect(play.says().filter((said) => said !== "ping" && said.type === "renew" && said.held.length > 0)).toEqual([]);
  });

  test("[S10] a term whose drain time is over is named to nobody, even before the timer fires", () => {
    for (const comesBack of [true, false]) {
      const [play] = Play.leading(["x"], { drainMs: 3_000 });
      play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 3_000 });
      if (comesBack) play.loses();
      while (comesBack && play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
      play.says();
      play.sleeps(3_000);
      if (comesBack) play.opens();
      else play.hears({ type: "next", inMs: 0 });
      const named = play.says().flatMap((said) => (said !== "ping" && "held" in said ? said.held : []));
      expect(named).toEqual([]);
    }
  });

  test("[S10] that is sent again after a resume leaves the drain its time: it was begun with that time", () => {
    const [play] = Play.leading(["x"], { drainMs: 3_000 });
    const revokedAt = play.now;
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: DRAIN });
    play.resumes(["L1"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 500 });
    play.wait(revokedAt + 2_999 - play.now, true);
    expect(play.says()).not.toContainEqual(expect.objectContaining({ type: "release" }));
    play.wait(1, true);
    expect(play.says()).toContainEqual(release("L1", "process"));
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
    play.grants("L1", 1, "x");
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
    expect(play.says()).toEqual([resign("L1", "S2")]);
  });

  test("[N2] is followed by the next term, and the next, with growing epochs", () => {
    const [play, x] = Play.leading(["x"]);
    for (let epoch = 2; epoch < 50; epoch++) {
      play.wait(100);
      play.happens({ type: "resign", leaderSessionId: `L${epoch - 1}` });
      play.settles(x);
      play.grants(`L${epoch}`, epoch, "x");
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
      play.grants(`L${epoch}`, epoch, "x");
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
    play.grants("L1", 1, "x");
    play.grantsAlone("L2", 2, "y");
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
    play.grants("L1", 1, "x");
    expect(play.says()).toEqual([giveBack("L1")]);
  });
});
