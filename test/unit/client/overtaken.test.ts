/** An answer that is late: another connection is opened beside, and what comes first counts (N19). */
import { describe, expect, test } from "vitest";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { FakeGroup, settle } from "./fake-group.ts";
import { ANSWER, D, E, Play, R } from "./play.ts";

const OLD = 0;
const disconnects = (play: Play): readonly number[] =>
  play.effects.flatMap((effect) => (effect.type === "disconnect" ? [effect.connection] : []));

/** A leader whose renewal was not answered in time, and the name of that renewal. */
function overtaking(): readonly [Play, number, number] {
  const [play, x] = Play.leading(["x"]);
  play.wait(E);
  const { sentAt } = play.last("renew");
  play.wait(ANSWER);
  expect(play.clientState()).toBe("suspended");
  return [play, x, sentAt];
}

test("[N19] an answer that is late keeps the term, from when its renewal was sent", () => {
  const [play, x, sentAt] = overtaking();
  expect(disconnects(play)).toEqual([]);
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  expect(play.remaining(x, "L1")).toBe(R - ANSWER);
  play.wait(R - ANSWER);
  expect(play.called()).toEqual(["-x L1 expired"]);
});

test("[N19] [S1] the same answer counts once, and none counts to which no renewal was sent", () => {
  const [play, x, sentAt] = overtaking();
  const before = play.remaining(x, "L1");
  play.happens({ type: "renewed", sentAt: sentAt + 1, held: ["L1"] }, OLD);
  expect(play.remaining(x, "L1")).toBe(before);
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  const { state } = play;
  play.happens({ type: "renewed", sentAt, held: [] }, OLD);
  expect(play.state).toEqual(state);
});

test("[N19] a late answer without the term ends it", () => {
  const [play, , sentAt] = overtaking();
  play.happens({ type: "renewed", sentAt, held: [] }, OLD);
  expect(play.called()).toEqual(["-x L1 lost"]);
});

test("[N19] [S6] one that comes after the lease revives nothing", () => {
  const [play, x, sentAt] = overtaking();
  play.wait(R);
  expect(play.called()).toEqual(["-x L1 expired"]);
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  expect(play.isLeader(x, "L1")).toBe(false);
  expect(play.called()).toEqual([]);
});

test("[N19] [C6] a revoke that it says counts, too", () => {
  const [play, , sentAt] = overtaking();
  play.happens({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: D }, OLD);
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  expect(play.called()).toEqual(["-x L1 revoked"]);
});

test("[N19] an older answer that comes after a newer one counts for nothing", () => {
  const [play, x] = Play.leading(["x"]);
  play.wait(E);
  const { sentAt: first } = play.last("renew");
  play.wait(E);
  const { sentAt: second } = play.last("renew");
  play.wait(ANSWER - E);
  play.happens({ type: "renewed", sentAt: second, held: ["L1"] }, OLD);
  play.happens({ type: "renewed", sentAt: first, held: [] }, OLD);
  expect(play.isLeader(x, "L1")).toBe(true);
});

test("[N19] once all is answered, it is closed: the group grants by it no longer", () => {
  const [play, , sentAt] = overtaking();
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  expect(disconnects(play)).toEqual([]);
  play.happens({ type: "renewed", sentAt: play.last("renew").sentAt, held: ["L1"] }, OLD);
  expect(disconnects(play)).toEqual([OLD]);
  expect(play.state.overtaken).toEqual([]);
});

test("[N19] [E23] an answer between two attempts is no violation of its trace", () => {
  const [play, x, sentAt] = overtaking();
  const until = play.now - ANSWER + R;
  play.wait(play.dueAt - play.now);
  play.loses();
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  play.wait(until - 1 - play.now);
  expect(play.isLeader(x, "L1")).toBe(true);
  play.trace.leads("x", "L1", play.now);
});

test("[N19] nothing else that it says counts", () => {
  const [play] = overtaking();
  const before = play.state;
  play.happens({ type: "revoke", leaderSessionId: "L0", reason: "revoked", drainMs: D }, OLD);
  play.happens({ type: "next", inMs: 0 }, OLD);
  play.happens({ type: "pong" }, OLD);
  play.happens({ ...welcome, sentAt: 1 }, OLD);
  expect(play.state).toBe(before);
});

test("[N19] it is listened to until the new connection is welcomed", () => {
  const [play, x] = overtaking();
  play.wait(play.dueAt - play.now);
  const { sentAt: hello } = play.opens();
  expect(disconnects(play)).toEqual([]);
  play.hears({ ...welcome, sentAt: hello, resumed: true, held: ["L1"] });
  expect(disconnects(play)).toEqual([OLD]);
  expect(play.isLeader(x, "L1")).toBe(true);
  expect(play.called()).toEqual([]);
});

test("[N19] it is listened to while one attempt after the other is in vain", () => {
  const [play, x, sentAt] = overtaking();
  for (let attempt = 0; attempt < 2; attempt++) {
    play.wait(play.dueAt - play.now);
    play.loses();
  }
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  expect(play.remaining(x, "L1")).toBeGreaterThan(R - 2 * E);
});

test.each([1006, 4400, 4403, 4409])("[N19] [G10] when it is lost (%d), the new connection alone counts", (code) => {
  const [play, x, sentAt] = overtaking();
  play.wait(play.dueAt - play.now);
  play.happens({ type: "lost", code }, OLD);
  expect(play.state.overtaken).toEqual([]);
  const before = play.remaining(x, "L1");
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  expect(play.remaining(x, "L1")).toBe(before);
  play.connects({ resumed: true, held: ["L1"] });
  expect(play.isLeader(x, "L1")).toBe(true);
});

test("[N19] the connection that was opened in its place may be overtaken, too", () => {
  const [play, x] = overtaking();
  play.wait(play.dueAt - play.now);
  play.connects({ resumed: true, held: ["L1"] });
  play.wait(E);
  const { sentAt } = play.last("renew");
  play.wait(ANSWER);
  expect(disconnects(play)).toEqual([OLD]);
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, 1);
  expect(play.remaining(x, "L1")).toBe(R - ANSWER);
});

test("[N19] [S8] it is closed when its page is frozen", () => {
  const [play] = overtaking();
  play.page("freeze");
  expect(disconnects(play)).toContain(OLD);
});

describe("[N19] a leader whose connection was lost", () => {
  /** It connects, and nothing comes of it in time. */
  const returning = (): readonly [Play, number] => {
    const [play, x] = Play.leading(["x"]);
    play.loses();
    play.wait(play.dueAt - play.now);
    return [play, x];
  };
  const connects = (play: Play): readonly number[] =>
    play.effects.flatMap((effect) => (effect.type === "connect" ? [effect.connection] : []));

  test("is welcomed late, and keeps its term from when its hello was sent", () => {
    const [play, x] = returning();
    const { sentAt } = play.opens();
    play.wait(ANSWER);
    expect(play.clientState()).toBe("suspended");
    expect(disconnects(play)).toEqual([]);
    play.happens({ ...welcome, secret: "later", sentAt, resumed: true, held: ["L1"] }, 1);
    expect(play.remaining(x, "L1")).toBe(R - ANSWER);
    expect(disconnects(play)).toEqual([1]);
    play.wait(play.dueAt - play.now);
    play.connects({ resumed: true, held: ["L1"] });
    expect(play.last("hello").resume).toMatchObject({ secret: welcome.secret, attempt: 2 });
    expect(play.isLeader(x, "L1")).toBe(true);
    expect(play.called()).toEqual([]);
  });

  test("[S9] presents the secret that it has presented before: another hello may have come between", () => {
    const [play] = returning();
    const { sentAt } = play.opens();
    play.wait(ANSWER);
    play.wait(play.dueAt - play.now);
    play.opens();
    play.happens({ ...welcome, secret: "later", sentAt, resumed: true, held: ["L1"] }, 1);
    play.loses();
    play.wait(play.dueAt - play.now);
    expect(play.opens().resume).toMatchObject({ secret: welcome.secret, attempt: 3 });
  });

  test("[S9] presents it once more after a second late welcome: the first has made its own time-out no longer", () => {
    const [play] = returning();
    const welcomeLate = (connection: number, secret: string): void => {
      const { sentAt } = play.opens();
      play.wait(ANSWER);
      const answerTimeoutMs = 4 * ANSWER;
      play.happens({ ...welcome, answerTimeoutMs, secret, sentAt, resumed: true, held: ["L1"] }, connection);
      play.wait(play.dueAt - play.now);
    };
    welcomeLate(1, "later");
    welcomeLate(2, "latest");
    expect(play.opens().resume).toMatchObject({ secret: welcome.secret, attempt: 3 });
  });

  test("[S1] counts by the shorter lease where the late welcome names another one", () => {
    for (const [renewDeadlineMs, counted] of [
      [R - 50, R - 50],
      [R + 3_000, R],
    ] as const) {
      const [play, x] = returning();
      const { sentAt } = play.opens();
      const askedAt = play.now;
      play.wait(ANSWER);
      const lease = { ...welcome.lease, renewDeadlineMs };
      play.happens({ ...welcome, lease, sentAt, resumed: true, held: ["L1"] }, 1);
      expect(play.remaining(x, "L1")).toBe(askedAt + counted - play.now);
    }
  });

  test("takes no session from a late welcome: it presents the one that it has, which the group no longer knows", () => {
    for (const connectsBefore of [false, true]) {
      const [play] = returning();
      const { sentAt } = play.opens();
      play.wait(ANSWER);
      if (connectsBefore) play.wait(play.dueAt - play.now);
      play.happens({ ...welcome, sessionId: "S2", secret: "later", sentAt, resumed: false, held: [] }, 1);
      expect(play.called()).toEqual(["-x L1 lost"]);
      if (!connectsBefore) play.wait(play.dueAt - play.now);
      expect(play.opens()).toMatchObject({ resume: { sessionId: "S1", secret: welcome.secret, attempt: 2 }, held: [] });
    }
  });

  test("is told late that its term is over", () => {
    const [play] = returning();
    const { sentAt } = play.opens();
    play.wait(ANSWER);
    play.happens({ ...welcome, sentAt, resumed: true, held: [] }, 1);
    expect(play.called()).toEqual(["-x L1 lost"]);
  });

  test("goes on with the first attempt that opens, and gives the one beside it up", () => {
    const [play, x] = returning();
    play.wait(ANSWER);
    expect(disconnects(play)).toEqual([]);
    play.wait(play.dueAt - play.now);
    expect(connects(play)).toEqual([0, 1, 2]);
    play.happens({ type: "opened" }, 1);
    expect(disconnects(play)).toEqual([2]);
    expect(play.last("hello")).toMatchObject({ resume: { attempt: 2 }, held: ["L1"] });
    play.hears({ ...welcome, sentAt: play.last("hello").sentAt, resumed: true, held: ["L1"] });
    expect(play.remaining(x, "L1")).toBe(R);
    expect(play.state).toMatchObject({ attempt: 1, overtaken: [] });
  });

  test("goes on with an attempt that opens before there is another one", () => {
    const [play] = returning();
    play.wait(ANSWER);
    play.happens({ type: "opened" }, 1);
    expect(play.state.connection.type).toBe("greeting");
    expect(play.last("hello").resume?.attempt).toBe(2);
  });

  test("counts its attempts on from the highest: what still comes from one that was given up is dropped", () => {
    const [play] = returning();
    play.wait(ANSWER);
    play.wait(play.dueAt - play.now);
    play.happens({ type: "opened" }, 1);
    play.loses();
    play.wait(play.dueAt - play.now);
    expect(connects(play)).toEqual([0, 1, 2, 1, 3]);
    const { state } = play;
    play.happens({ type: "lost", code: 1006 }, 2);
    expect(play.state).toBe(state);
    expect(play.opens().resume?.attempt).toBe(3);
  });

  test("says nothing by an attempt that opens after another one has greeted, and closes it with the welcome", () => {
    const [play] = returning();
    play.wait(ANSWER);
    play.wait(play.dueAt - play.now);
    const { sentAt } = play.opens();
    play.says();
    play.happens({ type: "opened" }, 1);
    expect(play.says()).toEqual([]);
    expect(play.state.attempt).toBe(2);
    play.hears({ ...welcome, sentAt, resumed: true, held: ["L1"] });
    expect(disconnects(play)).toEqual([1]);
    expect(play.state.overtaken).toEqual([]);
  });

  test("[S9] greets by a higher attempt than any that has greeted, whichever opens", () => {
    const [play] = returning();
    play.wait(ANSWER);
    play.wait(play.dueAt - play.now);
    expect(play.opens().resume?.attempt).toBe(2); // and is not answered
    play.wait(ANSWER);
    play.happens({ type: "opened" }, 1);
    expect(play.last("hello").resume?.attempt).toBe(3);
  });

  test("waits for one that is refused no longer", () => {
    const [play] = returning();
    play.wait(ANSWER);
    play.happens({ type: "lost", code: 1006 }, 1);
    expect(play.state.overtaken).toEqual([]);
    expect(play.clientState()).toBe("suspended");
  });

  test("[N10] reports by the first attempt that opens, as long as the group may count its lease", () => {
    const [play, x] = returning();
    play.wait(R);
    expect(play.called()).toEqual(["-x L1 expired"]);
    play.settles(x);
    expect(disconnects(play)).toEqual([]);
    play.happens({ type: "opened" }, 1);
    expect(play.last("hello")).toMatchObject({ resume: { attempt: 3 }, held: [] });
  });

  test("waits for none of them once the group can't count its lease", () => {
    const [play, x] = returning();
    play.wait(R);
    play.settles(x);
    play.wait(2 * D);
    expect(disconnects(play)).toContain(1);
    expect(play.state.overtaken).toEqual([]);
  });
});

test("[N19] who leads by nothing waits for no late answer", () => {
  const waiting = new Play();
  waiting.contend("x");
  waiting.connects();
  waiting.wait(10 * D);
  expect(waiting.state.overtaken).toEqual([]);
  expect(disconnects(waiting)).toContain(OLD);
});

test("[N19] [N1] who is to stop when the connection is lost stops, whatever comes late", () => {
  const [play] = Play.leading(["x"], { onDisconnect: "revoke" });
  play.wait(E);
  const { sentAt } = play.last("renew");
  play.wait(ANSWER);
  expect(play.called()).toEqual(["-x L1 disconnected"]);
  play.happens({ type: "renewed", sentAt, held: ["L1"] }, OLD);
  expect(play.called()).toEqual([]);
});

test("[N19] a client that closes meanwhile leaves no socket open", async () => {
  const group = new FakeGroup();
  const client = group.client();
  client.contend("x");
  await settle();
  const [first] = group.sockets;
  group.reachable = false;
  await group.clock.advance(E + ANSWER);
  await group.clock.advance(E);
  expect(group.sockets.length).toBeGreaterThan(1);
  expect(first?.readyState).toBe(1);
  const closed = client.close();
  await group.clock.advance(2 * D);
  await closed;
  expect(group.sockets.map(({ readyState }) => readyState).filter((state) => state < 2)).toEqual([]);
  expect(group.clock.timers).toBe(0);
});

test("[N19] [S9] a path that is dead costs no term: the new connection resumes, and the old one is closed", async () => {
  const group = new FakeGroup();
  const client = group.client();
  const x = client.contend("x");
  await settle();
  const [first] = group.sockets;
  group.deadPath = first ?? null;
  await group.clock.advance(2 * D);
  expect(x.hasLeadership()).toBe(true);
  expect(first?.readyState).toBeGreaterThanOrEqual(2);
  expect(group.sockets).toHaveLength(2);
  await client.close();
});
