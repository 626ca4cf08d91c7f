import { describe, expect, test } from "vitest";
import { CLOSE } from "../../../shared/protocol/close-codes.ts";
import type { Observe } from "../../../shared/protocol/messages.ts";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { ANSWER, CHECK, D, E, PING, Play, R, release, type Said } from "./play.ts";

const connects = (play: Play): number => play.effects.filter(({ type }) => type === "connect").length;

describe("opening", () => {
  test("[E1] nothing is opened before the first contender or observer", () => {
    const play = new Play();
    play.happens({ type: "tick" });
    expect(play.effects).toEqual([]);
    play.happens({ type: "observe", component: "x" });
    expect(play.effects).toEqual([{ type: "connect", connection: 0 }, { type: "started" }]);
  });

  test("[D3] one hello carries everything that the process wants", () => {
    const play = new Play({ process: { name: "p", address: "http://p" }, priority: 3 });
    play.contend("x");
    play.contend("y", { election: "dedicated", priority: 7 });
    play.happens({ type: "observe", component: "z" });
    expect(play.opens()).toEqual({
      type: "hello",
      process: { name: "p", address: "http://p" },
      priority: 3,
      contenders: [{ component: "x" }, { component: "y", election: "dedicated", priority: 7 }],
      observe: ["z"],
      held: [],
      sentAt: 1_000,
    });
    expect(connects(play)).toBe(1);
  });

  test("[S9] a connection that hangs is given up after ten seconds, and after the answer time-out while a lease runs", () => {
    const play = new Play();
    play.contend("x");
    play.wait(9_999);
    expect(play.clientState()).toBe("connecting");
    play.wait(1);
    expect(play.effects.at(-1)).toEqual({ type: "lost", code: CLOSE.timeout, opened: false, fatal: false });

    const [leader] = Play.leading(["x"]);
    leader.loses();
    leader.wait(125);
    leader.opens();
    leader.wait(ANSWER - 1);
    expect(leader.state.connection.type).toBe("greeting");
    leader.wait(1);
    expect(leader.state.connection.type).toBe("waiting");
  });

  test("[E1] the session is closed after the last one has left, with a bye, and opened again for the next", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.close(x);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }, { type: "bye" }]);
    expect(play.effects.slice(-2)).toEqual([{ type: "disconnect", connection: 0 }, { type: "idle" }]);
    expect(play.clientState()).toBe("idle");
    play.contend("x");
    expect(play.opens().resume).toBeUndefined();
  });

  test("[E1] with a linger time the session waits for the next one", () => {
    const play = new Play({ lingerMs: 1_000 });
    const x = play.contend("x");
    play.connects();
    play.close(x);
    play.wait(999);
    expect(play.clientState()).toBe("connected");
    const y = play.contend("y");
    play.wait(5_000);
    play.close(y);
    play.says();
    play.wait(1_000);
    expect(play.says()).toEqual([{ type: "bye" }]);
    expect(connects(play)).toBe(1);
  });
});

describe("keeping alive", () => {
  test("[S4] [N13] a leader renews; a waiting process and an observer ping, and show a sign of life now and then", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.wait(PING, true);
    expect(play.says()).toEqual(["ping"]);
    play.wait(CHECK, true);
    const signs = play.says().filter((said) => said !== "ping");
    expect(signs).toEqual([{ type: "renew", sentAt: expect.any(Number), held: [] }]);

    const observer = new Play();
    observer.happens({ type: "observe", component: "x" });
    observer.connects();
    observer.wait(PING, true);
    expect(observer.says()).toEqual(["ping"]);
    observer.wait(CHECK, true);
    expect(observer.says().filter((said) => said !== "ping")).toEqual(signs);
  });

  test("[S4] a pong extends no lease", () => {
    const [play, x] = Play.leading(["x"]);
    const before = play.state;
    play.happens({ type: "pong" });
    expect(play.state).toBe(before);
    expect(play.remaining(x, "L1")).toBe(R);
  });

  test("[S9] a renewal that is not answered in time may be on a dead path: another connection is opened at once", () => {
    const [play, x] = Play.leading(["x"]);
    play.wait(E + ANSWER - 1);
    expect(play.state.connection.type).toBe("open");
    play.wait(1);
    expect(play.effects.at(-1)).toEqual({ type: "lost", code: CLOSE.timeout, opened: true, fatal: false });
    expect(play.clientState()).toBe("suspended");
    play.reconnects({ resumed: true, held: ["L1"] });
    expect(play.effects).toContainEqual({ type: "disconnect", connection: 0 });
    expect(play.isLeader(x, "L1")).toBe(true);
    expect(play.called()).toEqual([]);
  });

  test("[S4] so does a ping without a pong", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.wait(PING + 10_000);
    expect(play.state.connection.type).toBe("waiting");
  });

  test("[S6] a frame that arrives with the time-out counts: its answer is read before the path is given up", () => {
    const [play] = Play.leading(["x"]);
    play.wait(E);
    play.sleeps(ANSWER);
    play.renewed();
    expect(play.state.connection.type).toBe("open");
  });

  test("[S7] every request has its own, growing name, however fast they follow each other", () => {
    const play = new Play();
    for (const name of ["a", "b", "c", "d"]) play.contend(name, { election: "dedicated" });
    play.connects();
    for (const [index, name] of ["a", "b", "c", "d"].entries()) {
      play.grantsAlone(`L${index}`, index + 1, name);
    }
    const names = play.says().map((said) => (said === "ping" || said.type !== "renew" ? 0 : said.sentAt));
    expect(names).toEqual([1_001, 1_002, 1_003, 1_004]);
  });
});

describe("losing the connection", () => {
  test("[N1] a short loss keeps the term: no callback, same epoch, lease counted from the hello", () => {
    const [play, x] = Play.leading(["x"]);
    play.wait(1_000);
    play.loses();
    expect(play.clientState()).toBe("suspended");
    play.wait(125);
    const hello = play.opens();
    expect(hello).toMatchObject({
      resume: { sessionId: "S1", secret: "secret-1", attempt: 1 },
      held: ["L1"],
      contenders: [{ component: "x" }],
    });
    play.wait(400);
    play.hears({ ...play.session, sentAt: hello.sentAt, resumed: true, held: ["L1"], secret: "secret-2" });
    expect(play.called()).toEqual([]);
    expect(play.remaining(x, "L1")).toBe(R - 400);
    play.loses();
    play.wait(250);
    expect(play.opens().resume).toEqual({ sessionId: "S1", secret: "secret-2", attempt: 2 });
  });

  test("[N1] with the policy `revoke` every term ends at once, drains, and is named until it has", () => {
    const [play, x] = Play.leading(["x"], { onDisconnect: "revoke" });
    play.loses();
    expect(play.called()).toEqual(["-x L1 disconnected"]);
    play.reconnects({ resumed: true, held: ["L1"] });
    expect(play.last("hello").held).toEqual(["L1"]);
    play.settles(x);
    expect(play.says()).toEqual([release("L1")]);
  });

  test("[S9] a term that has ended and drained meanwhile is not named, and so ended", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.happens({ type: "resign", leaderSessionId: "L1" });
    play.settles(x);
    play.wait(125);
    expect(play.opens().held).toEqual([]);
    expect(play.says()).toHaveLength(1);
  });

  test("[S9] named but refused: the term ends, and is released only after it has drained", () => {
    const [play, x] = Play.leading(["x"]);
    play.resumes([]);
    expect(play.called()).toEqual(["-x L1 lost"]);
    expect(play.says()).toEqual([]);
    play.settles(x);
    expect(play.says()).toEqual([release("L1")]);
  });

  test("[N6] a resume that is refused ends everything, and the process contends afresh", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.reconnects({ resumed: false, sessionId: "S2", held: [] });
    expect(play.called()).toEqual(["-x L1 lost"]);
    play.settles(x);
    play.grants("L2", 2, "x");
    play.renewed();
    expect(play.called()).toEqual(["+x L2"]);
  });

  test("[G10] [S7] frames of an older connection are dropped", () => {
    const [play] = Play.leading(["x"]);
    play.loses();
    const before = play.state;
    play.happens({ type: "renewed", sentAt: 1_001, held: [] }, 0);
    play.happens({ type: "lost", code: 4400 }, 0);
    play.happens({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 0 }, 0);
    expect(play.state).toBe(before);
    expect(play.called()).toEqual([]);
  });

  test("[S9] every attempt has a higher number than the one before", () => {
    const play = new Play();
    play.contend("x");
    for (let attempt = 0; attempt < 20; attempt++) {
      expect(play.effects.findLast(({ type }) => type === "connect")).toEqual({ type: "connect", connection: attempt });
      play.loses();
      play.wait(10_000);
    }
  });

  test("[S9] the back-off starts within 250 ms, doubles to ten seconds, and begins anew after a welcome", () => {
    const play = new Play();
    play.random = 1;
    play.contend("x");
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      play.loses();
      waits.push(play.dueAt - play.now);
      play.wait(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    play.connects({ lease: { durationMs: 2_000, renewDeadlineMs: 1_600, renewEveryMs: 500 } });
    play.loses();
    expect(play.dueAt - play.now).toBe(200);
  });
});

describe("a lost connection while a term runs", () => {
  test("[N9] is tried again at least every R / 8, however often it has failed before", () => {
    const play = new Play();
    play.random = 1;
    const x = play.contend("x");
    for (let failure = 0; failure < 10; failure++) {
      play.loses();
      play.wait(10_000);
    }
    play.connects();
    play.grants("L1", 1, "x");
    play.renewed();
    const waits: number[] = [];
    for (let failure = 0; failure < 7; failure++) {
      play.loses(failure % 2 === 0 ? 1006 : CLOSE.tooMany);
      waits.push(play.dueAt - play.now);
      play.wait(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([250, 500, 1_000, 1_000, 1_000, 1_000, 1_000]);
    expect(play.opens().held).toEqual(["L1"]);
    expect(play.isLeader(x, "L1")).toBe(true);
  });

  test("[N9] the same for one that drains", () => {
    const [play] = Play.leading(["x"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: D });
    play.random = 1;
    for (let failure = 0; failure < 6; failure++) {
      play.loses();
      expect(play.dueAt - play.now).toBeLessThanOrEqual(R / 8);
      play.wait(play.dueAt - play.now);
    }
    expect(play.opens().held).toEqual(["L1"]);
  });

  test("[N9] when its lease is over the back-off goes on from where it was, not from ten seconds", () => {
    const [play] = Play.leading(["x"]);
    play.random = 1;
    while (play.leaseUntil > play.now) {
      play.loses();
      play.wait(play.dueAt - play.now);
    }
    play.loses();
    expect(play.dueAt - play.now).toBeLessThanOrEqual(2_000);
  });
});

describe("stopping while the connection is away", () => {
  test("[N10] a process that leaves meanwhile keeps the session until the group knows: the hello does not name the term, then bye", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.close(x);
    play.settles(x);
    expect(play.clientState()).toBe("connecting");
    play.wait(125);
    expect(play.opens()).toMatchObject({ resume: { sessionId: "S1" }, held: [], contenders: [] });
    expect(play.clientState()).toBe("connecting");
    play.says();
    play.hears({ ...welcome, sentAt: play.last("hello").sentAt, resumed: true });
    expect(play.says()).toEqual([{ type: "bye" }]);
    expect(play.clientState()).toBe("idle");
  });

  test("[N10] [N9] it is tried at least every R / 8, and no longer than the group may count the lease", () => {
    const [play, x] = Play.leading(["x"]);
    const askedAt = play.now;
    play.loses();
    play.close(x);
    play.settles(x);
    play.random = 1;
    while (play.state.connection.type !== "idle") {
      expect(play.dueAt - play.now).toBeLessThanOrEqual(R / 8);
      play.wait(R / 8);
      if (play.state.connection.type === "opening") play.loses();
    }
    expect(play.now - askedAt).toBeGreaterThanOrEqual(D);
    expect(play.now - askedAt).toBeLessThanOrEqual(D + R / 8);
    const attempts = connects(play);
    play.wait(10 * D);
    expect(connects(play)).toBe(attempts);
  });

  test("[N10] [S2] a term that still drains is named, and its end reported when it has stopped", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.close(x);
    play.wait(125);
    expect(play.opens().held).toEqual(["L1"]);
    play.says();
    play.settles(x);
    // Whether the group counts `x` is not known yet.
    expect(play.says()).toEqual([release("L1", "process"), { type: "deregister", component: "x" }]);
    play.hears({ ...welcome, sentAt: play.last("hello").sentAt, resumed: true });
    expect(play.says()).toEqual([{ type: "bye" }]);
  });

  test("[N3] a term is given up as well where the group refuses those that leave", () => {
    const [play, x] = Play.leading(["x"]);
    play.happens({ type: "observe", component: "q" }); // the session stays
    play.loses();
    while (play.state.connection.type !== "opening") play.wait(play.dueAt - play.now);
    play.opens();
    play.close(x);
    play.says();
    play.settles(x);
    play.hears({ ...welcome, sentAt: play.last("hello").sentAt, resumed: true, held: [] });
    play.hears({ type: "error", code: "forbidden", message: "", component: "x" });
    play.hears({ type: "error", code: "unknown_component", message: "", component: "x" });
    expect(play.says()).toContainEqual(release("L1", "process"));
  });

  test("[N10] [E2] hello comes first, also when the drain is over in the moment in which the socket opens", () => {
    const [play, x] = Play.leading(["x"], { drainMs: 500 });
    play.loses();
    play.close(x);
    play.wait(125);
    play.sleeps(375);
    play.opens();
    expect(play.says()).toMatchObject([
      { type: "hello", held: [], contenders: [{ component: "x" }] },
      { type: "deregister", component: "x" },
    ]);
  });

  test("[N10] [C10] a client that closes meanwhile is closed once the group knows", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.happens({ type: "bye" });
    play.settles(x);
    expect(play.clientState()).toBe("connecting");
    play.reconnects({ resumed: true });
    expect(play.last("bye")).toEqual({ type: "bye" });
    expect(play.clientState()).toBe("closed");
  });

  test("[N10] [C10] or after ten seconds, however long the lease is", () => {
    const [play, x] = Play.leading(["x"]);
    play.wait(100);
    play.loses();
    play.happens({ type: "bye" });
    play.settles(x);
    play.wait(D - 101);
    expect(play.clientState()).toBe("connecting");
    play.wait(1);
    expect(play.clientState()).toBe("closed");

    const long = new Play();
    const y = long.contend("y");
    long.connects({ lease: { durationMs: 60_000, renewDeadlineMs: 48_000, renewEveryMs: 15_000 } });
    long.grants("L1", 1, "y");
    long.renewed();
    long.loses();
    long.happens({ type: "bye" });
    long.settles(y);
    long.wait(9_999);
    expect(long.clientState()).toBe("connecting");
    long.wait(1);
    expect(long.clientState()).toBe("closed");
  });

  test("[N10] [C10] where no lease runs it is closed at once", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.loses();
    play.happens({ type: "bye" });
    expect(play.clientState()).toBe("closed");
  });

  test("[N10] a term that was granted is a lease: a process that leaves before its first renewal is answered reports it", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.grants("L1", 1, "x");
    play.loses();
    play.close(x);
    play.settles(x);
    play.reconnects({ resumed: true });
    expect(play.last("hello").held).toEqual([]);
    expect(play.last("bye")).toEqual({ type: "bye" });
  });

  test("[N10] so does a process that was about to report it when the connection was lost", () => {
    const play = new Play();
    const names = Array.from({ length: 256 }, (_, index) => `d${index}`);
    const contenders = names.map((name) => play.contend(name, { election: "dedicated" }));
    play.happens({ type: "observe", component: "w" });
    play.connects();
    for (const [index, name] of names.entries()) play.grantsAlone(`L${index}`, index + 1, name);
    play.renewed();
    for (const contender of contenders) play.close(contender);
    play.settles(...contenders);
    expect(play.says().length).toBeLessThan(100);
    play.loses();
    play.happens({ type: "unobserve", component: "w" });
    play.reconnects({ resumed: true });
    expect(play.last("bye")).toEqual({ type: "bye" });
  });

  test("[N10] [S8] a page that is frozen without a connection reports its end when it returns", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.page("pagehide");
    play.settles(x);
    play.wait(3_000);
    play.page("pageshow");
    expect(play.opens()).toMatchObject({ resume: { sessionId: "S1" }, held: [], contenders: [{ component: "x" }] });
  });

  test("[N10] [S8] also when nobody contends any more by then", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.page("freeze");
    play.close(x);
    play.settles(x);
    play.page("resume");
    play.connects({ resumed: true });
    expect(play.last("bye")).toEqual({ type: "bye" });
    expect(play.clientState()).toBe("idle");
  });

  test("[N10] a session that was refused has nothing to report", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses(CLOSE.superseded);
    play.close(x);
    play.settles(x);
    expect(play.clientState()).toBe("idle");
  });
});

describe("patience", () => {
  const SLOW = 3_000; // a round trip longer than the answer time-out

  test("[N11] a process that waits, or only watches, has ten seconds for every answer: the path is slow, not dead", () => {
    const play = new Play();
    play.contend("x");
    play.happens({ type: "observe", component: "y" });
    play.connects();
    play.loses();
    play.wait(250);
    const { sentAt } = play.opens();
    play.wait(SLOW);
    play.hears({ ...welcome, sentAt, resumed: true });
    expect(play.state.connection.type).toBe("open");
    play.wait(PING);
    play.wait(SLOW);
    play.happens({ type: "pong" });
    play.page("visible");
    play.wait(SLOW);
    play.renewed([]);
    expect(play.state.connection.type).toBe("open");
    play.page("visible");
    play.wait(9_999);
    expect(play.state.connection.type).toBe("open");
    play.wait(1);
    expect(play.state.connection.type).toBe("waiting");
  });

  test("[N11] an answer that was slow extends a lease that still runs, from when its question left", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects();
    play.grants("L1", 1, "x");
    const { sentAt, held } = play.last("renew");
    play.wait(SLOW);
    play.hears({ type: "renewed", sentAt, held });
    expect(play.remaining(x, "L1")).toBe(R - SLOW);
  });

  test("[N11] a process whose lease runs gives a silent path up after the answer time-out", () => {
    const [play] = Play.leading(["x"]);
    play.wait(E + ANSWER);
    expect(play.state.connection.type).toBe("waiting");
  });
});

describe("close codes", () => {
  test.each([CLOSE.protocolViolation, CLOSE.forbidden, CLOSE.tooLarge, CLOSE.unsupportedVersion])(
    "[E2] %i is fatal: every term ends, and the client is closed for good",
    (code) => {
      const [play, x] = Play.leading(["x"]);
      play.loses(code);
      expect(play.called()).toEqual(["-x L1 lost"]);
      expect(play.effects).toContainEqual({ type: "lost", code, opened: true, fatal: true });
      expect(play.clientState()).toBe("closed");
      play.settles(x);
      play.wait(60_000);
      expect(connects(play)).toBe(1);
      expect(play.state.contenders).toEqual([]);
    },
  );

  test("[E3] 4401 asks for a new token, five times in a row, and a welcome forgives", () => {
    const play = new Play();
    play.contend("x");
    for (let refusal = 1; refusal <= 4; refusal++) {
      play.loses(CLOSE.unauthorized);
      play.wait(10_000);
    }
    play.connects();
    for (let refusal = 1; refusal <= 4; refusal++) {
      play.loses(CLOSE.unauthorized);
      expect(play.clientState()).toBe("connecting");
      play.wait(10_000);
    }
    play.loses(CLOSE.unauthorized);
    expect(play.clientState()).toBe("closed");
  });

  test("[E3] with a token that is asked for, 4401 never ends the client: it asks again, patiently, until it is let in", () => {
    const play = new Play({ asksForToken: true });
    play.random = 1;
    const x = play.contend("x");
    for (let refusal = 1; refusal <= 50; refusal++) {
      play.loses(CLOSE.unauthorized);
      expect(play.effects.at(-1)).toEqual(expect.objectContaining({ code: CLOSE.unauthorized, fatal: false }));
      expect(play.clientState()).toBe("connecting");
      play.wait(play.dueAt - play.now);
    }
    play.loses(CLOSE.unauthorized);
    expect(play.dueAt - play.now).toBe(20_000);
    play.reconnects({});
    play.grants("L1", 1, "x");
    play.renewed();
    expect(play.isLeader(x, "L1")).toBe(true);
  });

  test("[N6] 4409 on the current socket: the terms end, and the process comes back as a fresh session", () => {
    const [play, x] = Play.leading(["x"]);
    play.loses(CLOSE.superseded);
    expect(play.called()).toEqual(["-x L1 lost"]);
    play.settles(x);
    play.wait(250);
    const hello = play.opens();
    expect(hello.resume).toBeUndefined();
    expect(hello.held).toEqual([]);
  });

  test("[E2] 4429 is answered by patience", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.random = 0;
    play.loses(CLOSE.tooMany);
    expect(play.dueAt - play.now).toBe(10_000);
  });

  test.each([
    [0, 10_000],
    [0.5, 15_000],
    [1, 20_000],
  ])("[E9] those whom an overloaded group turns away come back spread over ten seconds (%f)", (random, waitMs) => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.random = random;
    play.loses(CLOSE.tryLater);
    expect(play.dueAt - play.now).toBe(waitMs);
  });

  test("[E9] [N9] a leader whom an overloaded group turns away comes back within its lease", () => {
    const [play, x] = Play.leading(["x"]);
    play.random = 1;
    play.loses(CLOSE.tryLater);
    expect(play.dueAt - play.now).toBeLessThanOrEqual(250);
    play.wait(250);
    expect(play.opens()).toMatchObject({ held: ["L1"] });
    expect(play.isLeader(x, "L1")).toBe(true);
  });

  test("[E2] [S9] a leader that is closed with 4429 comes back within its lease, and keeps its term", () => {
    const [play, x] = Play.leading(["x"]);
    play.random = 1;
    play.loses(CLOSE.tooMany);
    expect(play.dueAt - play.now).toBeLessThanOrEqual(250);
    play.wait(250);
    expect(play.opens()).toMatchObject({ held: ["L1"], resume: { sessionId: "S1" } });
    expect(play.isLeader(x, "L1")).toBe(true);
    expect(play.called()).toEqual([]);
  });
});

describe("the page", () => {
  test.each(["freeze", "pagehide"] as const)("[S8] %s ends everything within the turn, and sends bye", (event) => {
    const [play, x] = Play.leading(["x"]);
    play.page(event);
    expect(play.called()).toEqual(["-x L1 frozen"]);
    expect(play.isLeader(x, "L1")).toBe(false);
    expect(play.says()).toEqual([{ type: "bye" }]);
    expect(play.effects.slice(-2)).toEqual([
      { type: "disconnect", connection: 0 },
      { type: "ended", election: "process", leaderSessionId: "L1", epoch: 1 },
    ]);
    expect(play.state.terms).toEqual([]);
    play.wait(D * 10);
    expect(connects(play)).toBe(1);
  });

  test("[S8] on its return it contends afresh", () => {
    const [play, x] = Play.leading(["x"]);
    play.page("freeze");
    play.settles(x);
    play.page("resume");
    play.page("visible");
    expect(connects(play)).toBe(2);
    expect(play.opens()).toMatchObject({ held: [], contenders: [{ component: "x" }] });
    expect(play.last("hello").resume).toBeUndefined();
  });

  test("[S6] on its return the deadline is looked at first", () => {
    const [play] = Play.leading(["x"]);
    play.sleeps(R);
    play.page("visible");
    expect(play.called()).toEqual(["-x L1 expired"]);
  });

  test("[S9] `online` connects without back-off; `offline` is not trusted, but makes sure", () => {
    const [play] = Play.leading(["x"]);
    play.page("offline");
    expect(play.says()).toEqual([{ type: "renew", sentAt: 1_002, held: ["L1"] }]);
    play.loses();
    play.page("offline");
    expect(connects(play)).toBe(1);
    play.page("online");
    expect(connects(play)).toBe(2);
  });

  test("[N8] `online` while a session lingers that waits for its welcome opens it anew: it ends by `bye`", () => {
    const play = new Play({ lingerMs: 3_000 });
    const x = play.contend("x");
    play.opens();
    play.close(x);
    play.page("online");
    expect(connects(play)).toBe(2);
    play.connects();
    play.says();
    play.wait(3_000);
    expect(play.says()).toEqual([{ type: "bye" }]);
    expect(play.state.connection.type).toBe("idle");
  });

  test("[N8] so it does if the timer for that is late, and `online` comes first", () => {
    const play = new Play({ lingerMs: 3_000 });
    const x = play.contend("x");
    play.opens();
    play.close(x);
    play.says();
    play.sleeps(3_000);
    play.page("online");
    expect(play.says()).toEqual([{ type: "bye" }]);
  });

  test("[N8] `online` cuts no session short either that lingers and waits to connect again", () => {
    for (const event of ["online", "visible"] as const) {
      const play = new Play({ lingerMs: 3_000 });
      const x = play.contend("x");
      play.connects();
      play.close(x);
      play.loses();
      play.page(event);
      expect(connects(play)).toBe(2);
      play.connects({ resumed: true });
      play.wait(3_000);
      expect(play.says()).toEqual([{ type: "bye" }]);
    }
  });
});

describe("observing", () => {
  const isObserve = (message: Said): message is Observe & { readonly components: readonly string[] } =>
    message !== "ping" && message.type === "observe" && message.components !== true;

  test("[C12] [O2] [O6] watched names are sent once, again in every hello, and taken back in the end", () => {
    const play = new Play();
    play.happens({ type: "observe", component: "x" });
    play.happens({ type: "observe", component: "x" });
    play.connects();
    expect(play.last("hello").observe).toEqual(["x"]);
    play.happens({ type: "observe", component: "y" });
    play.happens({ type: "observe", component: "y" });
    play.happens({ type: "observe", component: true });
    play.happens({ type: "observe", component: "z" });
    expect(play.says()).toEqual([
      { type: "observe", components: ["y"] },
      { type: "observe", components: true },
    ]);
    play.loses();
    play.wait(250);
    play.connects();
    expect(play.last("hello").observe).toBe(true);
    play.happens({ type: "unobserve", component: "x" });
    play.happens({ type: "unobserve", component: "x" });
    play.happens({ type: "unobserve", component: true });
    expect(play.says()).toEqual([
      { type: "unobserve", components: ["x"] },
      { type: "unobserve", components: true },
      { type: "observe", components: ["y", "z"] },
    ]);
    play.happens({ type: "unobserve", component: "y" });
    play.happens({ type: "unobserve", component: "z" });
    expect(play.says().at(-1)).toEqual({ type: "bye" });
  });

  const names = Array.from({ length: 5_000 }, (_, index) => `n${index}`);

  test("[O5] more names than a frame takes are sent in several, also those watched before the connection", () => {
    const play = new Play();
    for (const component of names) play.happens({ type: "observe", component });
    const { sentAt, observe } = play.opens();
    expect(observe).toEqual(names.slice(0, 256));
    play.hears({ ...welcome, sentAt });
    const said = play.says().flatMap((message) => (isObserve(message) ? [message.components] : []));
    expect(Math.max(...said.map(({ length }) => length))).toBeLessThanOrEqual(256);
    expect(said.flat()).toEqual(names.slice(256));
  });

  test("[O5] a refused name is not in the next hello, and no name is refused that is watched with all others", () => {
    const play = new Play();
    for (const component of ["x", "y"]) play.happens({ type: "observe", component });
    play.connects();
    const refusal = { type: "error", code: "limit_exceeded", message: "m" } as const;
    expect(play.happens({ ...refusal, observed: ["y"] })).toContainEqual({ ...refusal, observed: ["y"] });
    play.loses();
    play.wait(250);
    play.connects();
    expect(play.last("hello").observe).toEqual(["x"]);
    play.happens({ type: "observe", component: true });
    expect(play.happens({ ...refusal, observed: ["x"] })).toEqual([]);
    play.says();
    play.happens({ type: "unobserve", component: true });
    expect(play.says()).toEqual([
      { type: "unobserve", components: true },
      { type: "observe", components: ["x"] },
    ]);
  });

  test("[O5] where all can't be watched, those that are watched by name are asked for", () => {
    const play = new Play();
    for (const component of ["x", true] as const) play.happens({ type: "observe", component });
    play.connects();
    play.happens({ type: "error", code: "limit_exceeded", message: "m", observed: true });
    expect(play.says()).toEqual([{ type: "observe", components: ["x"] }]);
  });

  test("[C12] the observer of one component goes on when the observer of all has left", () => {
    const play = new Play();
    play.happens({ type: "observe", component: "x" });
    play.happens({ type: "observe", component: true });
    play.connects();
    play.happens({ type: "unobserve", component: true });
    expect(play.says()).toEqual([
      { type: "unobserve", components: true },
      { type: "observe", components: ["x"] },
    ]);
  });
});

describe("thousands of observers", () => {
  test("[C12] a name with many observers is sent once in hello, in the order of the first", () => {
    const play = new Play();
    for (let count = 0; count < 4_097; count++) play.happens({ type: "observe", component: count % 2 ? "y" : "x" });
    expect(play.opens().observe).toEqual(["x", "y"]);
  });
});

describe("priority", () => {
  test("[Q2] is sent when it changes, and in every hello after that", () => {
    const play = new Play();
    play.contend("x", { election: "dedicated" });
    play.connects();
    play.happens({ type: "priority", priority: 5 });
    play.happens({ type: "priority", priority: 6, component: "x" });
    expect(play.says()).toEqual([
      { type: "priority", priority: 5 },
      { type: "priority", priority: 6, component: "x" },
    ]);
    play.loses();
    play.wait(250);
    expect(play.opens()).toMatchObject({ priority: 5, contenders: [{ component: "x", priority: 6 }] });
  });
});
