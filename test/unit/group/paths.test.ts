/** Peers that have vanished: their sockets stay open, and no event tells of it. */
import { describe, expect, test } from "vitest";
import { vanishedAfterMs } from "../../../worker/group/paths.ts";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

const HOUR_MS = 3_600_000;

/** Nothing arrives any longer, in either direction, and neither side is told. */
function vanish(...peers: readonly PeerProcess[]): void {
  for (const peer of peers) {
    if (peer.wire) Object.assign(peer.wire, { deaf: true, silentSince: peer.world.clock });
    Object.assign(peer, { silent: true, speaksAt: Infinity });
  }
}

const afterMs = (group: GroupWorld): number => vanishedAfterMs(group.policy);
const codes = (peers: readonly PeerProcess[]) => peers.map(({ wire }) => wire?.closed?.code ?? null);
const joinAll = (group: GroupWorld, count: number, contenders = ["x"]): PeerProcess[] =>
  Array.from({ length: count }, (_, index) => group.join(`p${index}`, { contenders }));

describe("[N16] where there is no room", () => {
  test("the dead give way to a newcomer once three pings are missing, and not before", () => {
    const group = new GroupWorld({ limits: { sessions: 5 } });
    const dead = joinAll(group, 5);
    vanish(...dead);
    group.now += afterMs(group) - 1;
    expect(group.join("early", { contenders: ["x"] }).closeCode).toBe(4429);
    expect(codes(dead)).toEqual([null, null, null, null, null]);
    group.now += 1;
    const newcomer = group.join("newcomer", { contenders: ["x"] });
    expect(newcomer.closeCode).toBeNull();
    expect(codes(dead)).toEqual([4408, 4408, 4408, 4408, 4408]);
    expect(group.holder()).toBe("newcomer");
  });

  test("those of a subject give way to others of it, whoever else has vanished", () => {
    const group = new GroupWorld({ leaseMs: 200_000, limits: { sessionsPerSubject: 2 } });
    const join = (name: string, subject: string): PeerProcess => {
      const peer = group.stranger(name, { observe: true });
      peer.access = { role: "contend", subject };
      peer.connect().hello();
      return peer;
    };
    const dead = [join("a", "s1"), join("other", "s2"), join("b", "s1")];
    vanish(...dead);
    expect(join("early", "s1").closeCode).toBe(4429);
    group.now += afterMs(group);
    expect(join("c", "s1").closeCode).toBeNull();
    expect(group.state.sessions.has(dead[1]?.sessionId ?? "")).toBe(true);
  });

  test("observers that have vanished give way to others who only look", () => {
    const group = new GroupWorld({ limits: { sessions: 4 } });
    const dead = [group.join("o1", { observe: true }), group.join("o2", { observe: true })];
    vanish(...dead);
    group.now += afterMs(group);
    expect(group.join("o3", { observe: true }).closeCode).toBeNull();
    expect(codes(dead)).toEqual([4408, 4408]);
  });

  test("a call finds room as well", () => {
    const group = new GroupWorld({ limits: { sessions: 1 } });
    vanish(...joinAll(group, 1));
    const [early, late] = [group.poller("early"), group.poller("late")];
    early.poll();
    expect(early.answer).toMatchObject({ type: "refused", code: "limit_exceeded" });
    group.now += afterMs(group);
    late.poll();
    expect(late.answer).toMatchObject({ type: "polled" });
  });
});

describe("[N16] a socket whose peer has vanished", () => {
  test("is closed at a sign of life of anybody else; that sets no alarm and writes no row", () => {
    const group = new GroupWorld();
    const [a, b] = joinAll(group, 2, []);
    if (!a || !b) throw new Error("two have joined");
    vanish(a);
    group.now += afterMs(group);
    const alarm = group.platform.alarmAt;
    const steps = group.during(() => b.say({ type: "observe", components: ["x"] }));
    expect(codes([a, b])).toEqual([4408, null]);
    expect(steps.find(({ event }) => event.type === "look")?.rows).toEqual([]);
    expect(group.platform.alarmAt).toBe(alarm);
  });

  test("is closed when the object wakes up, and its session is forgotten once D is over", () => {
    const group = new GroupWorld();
    const dead = joinAll(group, 3, []);
    vanish(...dead);
    group.now += afterMs(group);
    group.hibernate();
    expect(codes(dead)).toEqual([4408, 4408, 4408]);
    expect(group.state.sessions.size).toBe(3);
    group.now += HOUR_MS;
    group.tick();
    expect(group.stored.rows.sessions).toEqual([]);
  });

  test("is gone at once where it vanished long ago, however seldom the object wakes", () => {
    const group = new GroupWorld();
    const dead = joinAll(group, 3, []);
    vanish(...dead);
    group.now += HOUR_MS;
    group.hibernate();
    group.tick();
    expect(group.stored.rows.sessions).toEqual([]);
  });

  test("resumes if it lives: its session is kept for D, with its place", () => {
    const group = new GroupWorld();
    const [leader, a] = [group.join("leader", { contenders: ["x"] }), group.join("a", { contenders: ["x"] })];
    group.join("b", { contenders: ["x"] });
    leader.accept();
    vanish(a);
    group.run(afterMs(group) + 1, leader);
    expect(codes([a])).toEqual([4408]);
    a.resume();
    expect(a.last("welcome").resumed).toBe(true);
    expect(group.candidates()).toEqual(["a", "b"]);
  });

  test("costs no questions again and again: neither awake nor after hibernation", () => {
    const group = new GroupWorld();
    const leader = group.join("leader", { contenders: ["x"] });
    const ghosts = joinAll(group, 3);
    leader.accept();
    vanish(...ghosts);
    const asked = group.during(() => {
      for (let wake = 0; wake < 20; wake++) {
        group.run(10_000, leader);
        group.hibernate();
      }
    });
    const questions = asked
      .flatMap(({ effects }) => effects)
      .filter((effect) => effect.type === "send" && effect.message.type === "next" && effect.message.inMs === 0);
    expect(questions.length).toBeLessThanOrEqual(ghosts.length);
    expect(codes(ghosts)).toEqual([4408, 4408, 4408]);
    expect(group.holder()).toBe("leader");
  });
});

describe("[N16] what lives is never closed", () => {
  test("one that only pings, for an hour of hibernation, and then at the limit", () => {
    const group = new GroupWorld({ limits: { sessions: 4 } }); // half of them for those who do not contend
    const idle = joinAll(group, 2, []);
    group.now += HOUR_MS;
    group.hibernate();
    expect(group.join("newcomer").closeCode).toBe(4429);
    expect(codes(idle)).toEqual([null, null]);
  });

  test("a hidden page whose timers its browser holds to one a minute", () => {
    const group = new GroupWorld({ limits: { sessions: 2 } });
    const page = group.join("page");
    const other = group.join("other");
    for (let minute = 0; minute < 60; minute++) {
      if (page.wire) page.wire.silentSince = group.clock;
      group.now += 64_000; // a minute, and what a busy browser adds
      if (minute % 2 > 0) group.hibernate();
      other.renew();
    }
    expect(codes([page])).toEqual([null]);
  });

  test("one that speaks, whenever it was last heard of", () => {
    const group = new GroupWorld();
    const a = group.join("a");
    vanish(a);
    group.now += afterMs(group);
    a.renew();
    expect(codes([a])).toEqual([null]);
    group.now += afterMs(group) - 1;
    group.join("b");
    expect(codes([a])).toEqual([null]);
  });

  test("a leader whose lease asks for no more than a renewal in a while", () => {
    const group = new GroupWorld({ leaseMs: HOUR_MS });
    const [leader, other] = [group.join("leader", { contenders: ["x"] }), group.join("other", { contenders: ["x"] })];
    leader.accept();
    if (leader.wire) leader.wire.silentSince = group.clock; // it never pings
    for (let minute = 0; minute < 14; minute++) {
      group.now += 60_000;
      other.renew();
      if (minute % 3 === 0) group.hibernate();
    }
    expect(codes([leader])).toEqual([null]);
    expect(leader.renewHeld()).toHaveLength(1);
  });

  test("one whose term has just ended without a word of it", () => {
    const group = new GroupWorld({ leaseMs: 2_000 });
    const a = group.join("a", { contenders: ["x"] });
    a.accept();
    if (a.wire) a.wire.silentSince = group.clock; // it never pings: it renews
    group.run(600_000, a);
    group.now += 10_000; // its lease is over, and its statement is taken back
    group.tick();
    group.hibernate();
    expect(codes([a])).toEqual([null]);
  });
});
