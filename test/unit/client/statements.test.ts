/** What the session states, and what it makes of a grant that crosses what it does: the scripts of the readiness design. */
import { describe, expect, test } from "vitest";
import { lineOf } from "../../../client/session/state.ts";
import type { ClientMessage } from "../../../shared/protocol/messages.ts";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { CHECK, DRAIN, E, giveBack, grant, join, PING, Play, R, release, renew, resign, type Said } from "./play.ts";

const revoked = (leaderSessionId: string, drainMs = DRAIN) =>
  ({ type: "revoke", leaderSessionId, reason: "revoked", drainMs }) as const;
const next = { type: "next", inMs: 0 } as const;
const deregister = (component: string): ClientMessage => ({ type: "deregister", component });
const register = (component: string): ClientMessage => ({ type: "register", component });
const without = (play: Play, type: ClientMessage["type"]): readonly Said[] =>
  play.says().filter((said) => said === "ping" || said.type !== type);

/** Connected, and waiting with these components; nothing was said since. */
function waiting(...components: readonly string[]): [Play, ...number[]] {
  const play = new Play({ lingerMs: 60_000 });
  const contenders = components.map((component) => play.contend(component));
  play.connects();
  return [play, ...contenders];
}

/** Nothing but renewals may leave for a while. */
function fill(play: Play): void {
  for (let count = 0; count < 300; count++) play.happens({ type: "observe", component: `watched${count}` });
  play.says();
}

describe("busy", () => {
  test("[S11] names the elections where everything stops, from the statement on that ends the term", () => {
    const [play, x] = Play.leading(["x", "y"]);
    play.hears(revoked("L1", 100));
    play.wait(100);
    expect(play.says()).toEqual([release("L1", "process")]);
    play.hears(next);
    expect(play.says()).toEqual([{ ...renew(play.stated), busy: ["process"] }]);
    play.settles(x);
    expect(play.says()).toEqual([renew(play.stated)]);
  });

  test("[S11] names no election that the process holds by the same frame, though it stops there", () => {
    const [play] = Play.leading(["x"]);
    play.hears(revoked("L1"));
    play.hears(next);
    expect(play.says()).toEqual([renew(play.stated, "L1")]);
  });

  test("[S11] names one whose lease has run out while it still stops", () => {
    const [play] = Play.leading(["x"], { drainMs: 60_000 });
    play.hears({ ...revoked("L1"), drainMs: 60_000 });
    play.sleeps(R);
    play.happens({ type: "tick" });
    play.resumes([]);
    expect(play.last("hello")).toMatchObject({ held: [], busy: ["process"] });
  });

  test("[S11] names one by one: another election of the process is not busy, nor one that waits for the group", () => {
    const play = new Play();
    const y = play.contend("y", { election: "dedicated" });
    play.contend("x");
    play.connects();
    play.grantsAlone("L1", 1, "y");
    play.hears(revoked("L1", 0));
    expect(without(play, "renew")).toEqual([release("L1", "component:y")]);
    play.settles(y);
    expect(play.says()).toEqual([renew(play.stated)]);
  });

  test("[S11] names one where a component waits for an older one of its name, and none that the group refuses", () => {
    const play = new Play();
    play.registers = false;
    const x = play.contend("x", { election: "dedicated" });
    play.contend("m");
    const { sentAt } = play.opens();
    play.hears({ ...welcome, sentAt });
    play.hears({ type: "error", code: "forbidden", message: "", component: "m" });
    play.grantsAlone("L1", 1, "x");
    play.close(x);
    play.contend("x");
    play.says();
    play.hears(revoked("L1"));
    play.hears(next);
    expect(play.says()).toEqual([{ ...renew(play.stated, "L1"), busy: ["process"] }]);
    play.settles(x);
    const last = { ...renew(play.stated), busy: ["component:x"] }; // the group still counts who has left
    expect(play.says()).toEqual([last, deregister("x"), register("x")]);
  });

  test("[S11] [Q7] names where the last one leaves, if a renewal overtakes its `deregister`", () => {
    const play = new Play();
    play.contend("y");
    const m = play.contend("m", { election: "dedicated", ready: false });
    play.connects();
    play.grants("L1", 1, "y");
    play.renewed();
    play.says();
    play.sleeps(E);
    play.close(m);
    expect(play.says()).toEqual([{ ...renew(play.stated, "L1"), busy: ["component:m"] }, deregister("m")]);
    play.renewed();
    play.sleeps(E);
    play.happens({ type: "tick" });
    expect(play.says()).toEqual([renew(play.stated, "L1")]);
  });

  test("[S11] [S15] names where one has stopped that stays for a sibling which the group refuses", () => {
    const play = new Play();
    const [x] = [play.contend("x"), play.contend("y")];
    play.connects({ drainMs: 60_000 });
    play.grants("L1", 1, "x", "y");
    play.loses();
    play.reconnects({ drainMs: 60_000, resumed: true, held: ["L1"] });
    play.close(x);
    play.settles(x);
    play.hears({ type: "error", code: "forbidden", message: "", component: "y" });
    play.says();
    play.sleeps(play.leaseUntil - play.now);
    play.hears(next);
    expect(play.says()).toContainEqual({ ...renew(play.stated), busy: ["process"] });
  });

  test("[S11] that something could start again is said at once, in whatever way it became so", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears(revoked("L1", 0));
    play.says();
    const y = play.contend("y");
    expect(play.says()).toEqual([renew(play.stated), register("y")]);
    play.close(y);
    play.hears(next);
    play.says();
    play.settles(x);
    expect(play.says()).toEqual([renew(play.stated)]);
    play.renewed();
    play.wait(CHECK / 2, true);
    expect(new Set(play.says())).toEqual(new Set(["ping"]));
  });

  test("[S11] that the group refuses is not said to be able to start: nothing is said again and again", () => {
    const [play] = Play.leading(["x"]);
    play.registers = false;
    play.contend("m");
    play.hears({ type: "error", code: "election_mismatch", message: "", component: "m" });
    play.hears(revoked("L1", 0));
    expect(without(play, "register")).toEqual([release("L1", "process")]);
    play.wait(5_000, true);
    expect(play.says()).toEqual(["ping"]);
  });

  test("[S11] where a grant was given back, nothing counts as able to start whose register still waits", () => {
    const [play] = Play.leading(["x"]);
    play.hears(revoked("L1", 0));
    for (let index = 0; index < 120; index++) play.contend(`z${index}`, { election: "dedicated" });
    play.contend("y");
    play.says();
    play.hears(grant(play.stated, "L2", 2, "x"));
    expect(play.says()).toEqual([giveBack("L2")]);
    play.hears(next);
    expect(play.last("renew").busy).toEqual(["process"]);
    play.wait(20_000, true);
    expect(play.last("renew").busy).toBeUndefined();
  });

  test("[S11] it is said when a connection is there again, where its hello still said busy", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears(revoked("L1", 0));
    play.loses();
    play.wait(1_000);
    const { sentAt, busy } = play.opens();
    expect(busy).toEqual(["process"]);
    play.settles(x);
    play.says();
    play.hears({ ...play.session, sentAt, resumed: true });
    expect(play.says()).toEqual([renew(play.stated)]);
  });
});

describe("a statement", () => {
  test("[N3] answers `next` at once, also where nothing is due for minutes", () => {
    const [play] = waiting("x");
    play.wait(PING, true);
    play.says();
    play.hears(next);
    expect(play.says()).toEqual([renew(play.now)]);
    play.wait(PING - 1, true);
    expect(play.says()).toEqual([]);
  });

  test("[N3] leaves before all that waits", () => {
    const [play] = waiting("x");
    fill(play);
    play.hears(next);
    expect(play.says()).toEqual([renew(play.stated)]);
  });

  test("[S1] that ends a term is named when it leaves, not when it was decided: renewals overtake it", () => {
    const [play, x] = Play.leading(["x"]);
    fill(play);
    for (let count = 0; count < 15; count++) play.hears(next);
    play.says();
    play.happens({ type: "resign", leaderSessionId: "L1" });
    play.settles(x);
    expect(play.says()).toEqual([]);
    play.hears(next);
    expect(play.says()).toEqual([renew(play.stated)]);
    play.wait(200);
    expect(play.says()).toContainEqual(resign("L1"));
    expect(play.last("resign").sentAt).toBeGreaterThan(play.last("renew").sentAt);
  });

  test("[S1] by the end of a term: the group may grant another election by it", () => {
    const play = new Play();
    const x = play.contend("x");
    const y = play.contend("y", { election: "dedicated" });
    play.connects();
    play.grants("L1", 1, "x");
    play.wait(2_000);
    play.happens({ type: "resign", leaderSessionId: "L1" });
    play.settles(x);
    const { sentAt = 0 } = play.last("resign");
    play.wait(500);
    play.hears({ ...grant(sentAt, "L2", 2, "y"), election: "component:y" });
    expect(play.remaining(y, "L2")).toBe(R - 500);
  });

  test("[N3] goes before a `register` where the newest one is older than E / 2, and only there", () => {
    const [play] = waiting("x");
    play.wait(E / 2);
    play.contend("y");
    expect(play.says()).toEqual([register("y")]);
    play.wait(1);
    play.contend("z");
    play.contend("z2");
    expect(play.says()).toEqual([renew(play.stated), register("z"), register("z2")]);
    const effects = play.grants("L1", 1, "x", "y", "z");
    expect(effects.filter(({ type }) => type === "grant")).toHaveLength(3);
  });

  test("[N3] a process that only watches, and then contends, is granted in the turn of its `register`", () => {
    const play = new Play();
    play.happens({ type: "observe", component: "w" });
    play.connects();
    play.wait(CHECK, true);
    play.says();
    const x = play.contend("x");
    const { stated } = play;
    expect(play.says()).toEqual([renew(stated), register("x")]);
    play.hears(grant(stated, "L1", 1, "x"));
    expect(play.remaining(x, "L1")).toBe(R);
  });

  test("[S9] none is kept longer than a later one is unanswered, nor a departure that no grant can be older than", () => {
    const [play] = waiting("x");
    const kept = () => [lineOf(play.state)?.statements.length, lineOf(play.state)?.departures.length];
    for (let count = 0; count < 20; count++) {
      play.close(play.contend(`c${count}`));
      play.hears(next);
      play.wait(200);
    }
    expect(kept()).toEqual([expect.any(Number), 20]);
    play.renewed();
    expect(kept()).toEqual([1, 0]);
  });
});

describe("a component that leaves and comes back", () => {
  test("[S7] [S15] a grant that crosses it reaches no other contender of the same name (H1)", () => {
    const [play, x = 0] = waiting("x");
    play.registers = false;
    const { stated } = play;
    play.close(x);
    play.contend("x");
    expect(play.says()).toEqual([deregister("x"), register("x")]);
    play.hears(grant(stated, "L1", 1, "x"));
    expect(play.says()).toEqual([giveBack("L1")]);
    play.hears({ type: "deregistered", component: "x" });
    play.hears({ type: "registered", component: "x" });
    play.hears(grant(stated, "L2", 2, "x"));
    expect(play.says()).toEqual([giveBack("L2")]);
    play.hears({ type: "deregistered", component: "x" });
    play.hears({ type: "registered", component: "x" });
    play.hears(next);
    play.grants("L3", 3, "x");
    expect(play.called()).toEqual(["+x L3"]);
  });

  test("[S7] is judged by itself, not by its election: a sibling may count for the client alone (H2a)", () => {
    const [play, x = 0] = waiting("x");
    play.registers = false;
    const { stated } = play;
    play.contend("y"); // the group refuses it, and the answer is under way
    play.close(x);
    play.contend("x");
    play.says();
    play.hears(grant(stated, "L1", 1, "x"));
    expect(play.says()).toEqual([giveBack("L1")]);
    play.hears({ type: "error", code: "election_mismatch", message: "", component: "y" });
    play.hears({ type: "deregistered", component: "x" });
    play.hears({ type: "registered", component: "x" });
    play.hears(grant(stated, "L2", 2, "x"));
    expect(play.says()).toEqual([giveBack("L2")]);
    expect(play.called()).toEqual([]);
  });

  test("[S7] has left when its `deregister` leaves the socket: a renewal that overtakes it does not cover it (H2b)", () => {
    const [play, x = 0] = waiting("x", "y");
    for (let count = 0; count < 100; count++) play.happens({ type: "observe", component: `watched${count}` });
    play.close(x); // y stays: so it waits behind the rest
    play.contend("x");
    play.says();
    play.hears(next);
    const overtaking = play.stated;
    expect(play.says()).toEqual([renew(overtaking)]);
    play.hears({ type: "registered", component: "x" }); // which nobody has asked for yet
    play.hears(grant(overtaking, "L1", 1, "x"));
    expect(play.says()).toEqual([giveBack("L1")]);
    play.renewed();
    play.wait(1_000);
    expect(play.says().slice(-2)).toEqual([deregister("x"), register("x")]);
    play.hears(grant(overtaking, "L2", 2, "x"));
    expect(play.says()).toEqual([giveBack("L2")]);
    play.hears({ type: "deregistered", component: "x" });
    play.hears({ type: "registered", component: "x" });
    play.hears(next);
    play.grants("L3", 3, "x");
    expect(play.called()).toEqual(["+x L3"]);
  });

  test("[S7] the others that the grant names take it, and it leads with them: the group counts it again", () => {
    const [play, x = 0, y = 0] = waiting("x", "y");
    const { stated } = play;
    play.close(x);
    const again = play.contend("x");
    play.hears(grant(stated, "L1", 1, "x", "y"));
    expect(play.called()).toEqual(["+y L1", "+x L1"]);
    expect([play.isLeader(y, "L1"), play.isLeader(again, "L1")]).toEqual([true, true]);
  });

  test("[S7] that it has left counts on its connection alone: a hello states what stands", () => {
    const [play, x = 0] = waiting("x");
    play.close(x);
    const again = play.contend("x");
    play.resumes([]);
    play.grants("L1", 1, "x");
    expect(play.isLeader(again, "L1")).toBe(true);
  });
});

describe("two leaders that were found", () => {
  test("[S15] a join names no contender whose `register` waits: the one before it was meant (B1)", () => {
    const play = new Play({ lingerMs: 60_000 });
    play.registers = false;
    const x = play.contend("x");
    play.contend("m");
    const { sentAt } = play.opens();
    play.hears({ ...welcome, sentAt });
    play.hears({ type: "error", code: "election_mismatch", message: "", component: "m" });
    play.hears(grant(sentAt, "L1", 1, "x"));
    play.close(x);
    play.contend("x"); // queued: the old one still stops
    play.loses();
    play.reconnects({ resumed: true, held: [] });
    play.hears({ type: "error", code: "election_mismatch", message: "", component: "m" });
    play.hears(join("L1", 1, "x"));
    play.says();
    play.settles(x);
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual(["+x L1", "-x L1 closed"]);
    expect(without(play, "renew")).toEqual([deregister("x"), register("x")]);
  });

  test("[S7] [S16] a term that ended while a grant of it was under way is not begun by that (B2)", () => {
    const [play, x = 0] = waiting("x");
    play.registers = false;
    const y = play.contend("y");
    const { stated } = play;
    play.hears(grant(stated, "L1", 1, "x"));
    play.close(x);
    play.close(y);
    play.settles(x);
    const again = play.contend("y");
    play.hears({ type: "registered", component: "y" });
    play.hears({ type: "deregistered", component: "y" });
    play.hears({ type: "registered", component: "y" });
    play.says();
    play.hears(join("L1", 1, "y"));
    play.hears({ type: "renewed", sentAt: play.last("renew").sentAt, held: ["L1"] });
    expect(play.says()).toEqual([]);
    play.hears(grant(play.stated, "L1", 1, "y"));
    expect(play.says()).toEqual([giveBack("L1")]);
    expect(play.called()).toEqual(["+x L1", "-x L1 closed"]);
    expect(play.isLeader(again, "L1")).toBe(false);
  });
});

test("[N3] [S11] a session that has no contender left answers `next` all the same", () => {
  const play = new Play();
  const x = play.contend("x");
  play.happens({ type: "observe", component: "x" });
  play.connects();
  play.close(x);
  play.says();
  play.hears(next);
  expect(play.says()).toEqual([renew(play.stated)]);
});
