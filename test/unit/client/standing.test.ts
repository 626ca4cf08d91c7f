/** Client and group may disagree about who stands in an election, and about what still runs: for a while, or for good. */
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../../shared/protocol/messages.ts";
import { DRAIN, E, giveBack, join, Play, R, release, renew, resign } from "./play.ts";

const refusal = (component: string, code: ErrorCode = "election_mismatch") =>
  ({ type: "error", code, message: "", component }) as const;
const answer = (type: "registered" | "deregistered", component: string) => ({ type, component }) as const;

describe("what still drains", () => {
  test("[S14] is named after a renewal that was refused, until it has stopped", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: DRAIN });
    play.wait(E);
    play.renewed([]); // its drain time at the group is over: the group waits for `release`, or for the end of the lease
    expect(play.says()).toEqual([renew(1_000 + E, "L1")]);
    play.wait(E);
    expect(play.says()).toEqual([renew(1_000 + 2 * E, "L1")]);
    play.loses();
    play.wait(1_000);
    expect(play.opens().held).toEqual(["L1"]);
    play.says();
    play.settles(x);
    expect(play.says()).toEqual([release("L1")]);
    expect(play.called()).toEqual(["-x L1 revoked"]);
  });

  test("[S14] is named after a resume that was refused", () => {
    const [play] = Play.leading(["x"]);
    play.resumes([]);
    expect(play.called()).toEqual(["-x L1 lost"]);
    play.loses();
    play.wait(1_000);
    expect(play.opens().held).toEqual(["L1"]);
  });

  test("[S14] keeps its drain time, also when a welcome names another in between", () => {
    const [play] = Play.leading(["x"], { drainMs: 3_000 });
    play.happens({ type: "resign", leaderSessionId: "L1" });
    const resignedAt = play.now;
    play.loses();
    play.reconnects({ resumed: true, held: ["L1"], drainMs: 0 });
    play.wait(resignedAt + 2_999 - play.now, true);
    expect(play.says()).not.toContainEqual(expect.objectContaining({ type: "resign" }));
    play.wait(1, true);
    expect(play.says()).toContainEqual({ ...resign("L1"), busy: ["process"] });
  });

  test("[S14] is named no longer than its lease runs by the last renewal that was answered", () => {
    const [play] = Play.leading(["x"]);
    play.wait(E);
    play.renewed([]);
    play.random = 0; // it connects again at once
    play.sleeps(R - E - 1);
    play.loses();
    play.wait(0);
    expect(play.opens().held).toEqual(["L1"]);
    play.loses();
    play.wait(1);
    expect(play.opens().held).toEqual([]);
  });

  test("[S14] is not named to another session: it can neither go on nor end there", () => {
    for (const code of [1006, 4409]) {
      const [play] = Play.leading(["x"]);
      play.loses(code);
      play.reconnects({ resumed: false, sessionId: "S2" });
      play.loses();
      play.wait(1_000);
      expect(play.opens().held).toEqual([]);
    }
  });
});

describe("a contender that the group has refused", () => {
  test("[S15] is no sibling: the term ends with the last one that the group counts", () => {
    const [play, x] = Play.leading(["x"]);
    play.registers = false;
    play.contend("m");
    play.hears(refusal("m"));
    play.close(x);
    expect(play.called()).toEqual(["-x L1 closed"]);
    play.contend("x");
    play.hears(join("L1", 1, "x"));
    play.settles(x);
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual([]);
    expect(play.says().slice(1)).toEqual([
      { type: "deregister", component: "x" },
      { type: "register", component: "x" },
    ]);
  });

  test("[S15] is asked for again by the next hello, and counts if that names no error", () => {
    const [play] = Play.leading(["x"]);
    play.registers = false;
    play.contend("m");
    play.hears(refusal("m", "limit_exceeded"));
    play.resumes(["L1"]);
    expect(play.last("hello").contenders).toEqual([{ component: "x" }, { component: "m" }]);
    play.hears(join("L1", 1, "x", "m"));
    expect(play.called()).toEqual(["+m L1"]);
  });

  test("[S15] [C2] ends the term if it leads, for its siblings as well", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.resumes(["L1"]);
    play.hears(refusal("y", "forbidden"));
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual(["-x L1 lost", "-y L1 lost"]);
    play.settles(x);
    expect(play.says()).toEqual([]);
    play.settles(y);
    expect(play.says()).toEqual([release("L1")]);
  });

  test("[S15] keeps a sibling from leaving while it still runs: the group would take the term for given up", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.loses();
    play.wait(1_000);
    const { sentAt } = play.opens();
    play.says();
    play.close(x);
    play.settles(x);
    expect(play.says()).toEqual([]); // the hello may be refused for y
    play.hears({
      ...play.session,
      sentAt,
      resumed: true,
      held: ["L1"],
    });
    expect(play.says()).toEqual([]);
    play.hears(refusal("y", "forbidden"));
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual(["-x L1 closed", "-y L1 lost"]);
    expect(play.says()).toEqual([]);
    play.settles(y);
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
  });

  test("[S15] lets a sibling leave as soon as it is known to be counted", () => {
    const [play, x, y] = Play.leading(["x", "y"]);
    play.resumes(["L1"]);
    play.close(x);
    play.settles(x);
    expect(play.says()).toEqual([]);
    play.hears(join("L1", 1, "x", "y"));
    expect(play.says()).toEqual([{ type: "deregister", component: "x" }]);
    expect(play.isLeader(y, "L1")).toBe(true);
  });

  test("[S15] gives the term up by its id if it was the last one: the group has nobody left to deregister", () => {
    const [play, x] = Play.leading(["x"]);
    play.resumes([]);
    play.hears(refusal("x", "forbidden"));
    play.settles(x);
    expect(play.says()).toEqual([release("L1")]);
  });
});

describe("a component that has left and come back", () => {
  test("[S15] is not meant by a grant that crosses it: only by one that follows the answer to its own `register`", () => {
    const [play, x] = Play.leading(["x", "y"]);
    play.registers = false;
    play.close(x);
    play.settles(x);
    play.contend("x");
    play.hears(join("L1", 1, "x", "y"));
    expect(play.called()).toEqual(["-x L1 closed"]);
    play.hears(answer("deregistered", "x"));
    play.hears(join("L1", 1, "x", "y"));
    expect(play.called()).toEqual([]);
    play.hears(answer("registered", "x"));
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual(["+x L1"]);
  });

  test("[S15] is told apart from the ones before it, however often it does so", () => {
    const [play] = Play.leading(["y"]);
    play.registers = false;
    for (let times = 0; times < 2; times++) play.close(play.contend("x"));
    play.contend("x");
    for (let times = 0; times < 2; times++) {
      play.hears(answer("registered", "x"));
      play.hears(join("L1", 1, "x"));
      play.hears(answer("deregistered", "x"));
      expect(play.called()).toEqual([]);
    }
    play.hears(answer("registered", "x"));
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual(["+x L1"]);
  });

  test("[S15] is not refused by an error about the one in the hello", () => {
    const play = new Play({ lingerMs: 1_000 });
    play.registers = false;
    const x = play.contend("x");
    play.connects();
    play.close(x);
    play.contend("x");
    play.hears(refusal("x", "limit_exceeded"));
    play.hears(refusal("x", "unknown_component"));
    play.hears(answer("registered", "x"));
    play.hears({ type: "next", inMs: 0 });
    play.grants("L1", 1, "x");
    expect(play.called()).toEqual(["+x L1"]);
  });

  test("[S15] counts for nothing where the group takes it for a duplicate", () => {
    const [play] = Play.leading(["y"]);
    play.registers = false;
    play.contend("x");
    play.hears(refusal("x", "duplicate_component"));
    play.hears(join("L1", 1, "x"));
    expect(play.called()).toEqual([]);
  });

  test("[N20] by turns with another one, a hundred times: at most three frames of each wait", () => {
    const [play, ...ids] = Play.leading(["x", "y"]);
    const contenders = ["x", "y"].map((component, index) => ({ component, id: ids[index] ?? 0 }));
    for (let round = 0; round < 100; round++) {
      for (const one of contenders) {
        play.close(one.id);
        play.settles(one.id);
        one.id = play.contend(one.component);
      }
    }
    const { connection } = play.state;
    const waiting = connection.type === "open" ? connection.outbox : [];
    for (const component of ["x", "y"]) {
      const own = waiting.filter((message) => "component" in message && message.component === component);
      expect(own.length).toBeLessThanOrEqual(3);
      expect(own.at(-1)?.type).toBe("register");
    }
  });

  test("[S16] does not go on with the term that ended when it left", () => {
    const play = new Play({ lingerMs: 1_000 });
    const x = play.contend("x");
    play.connects();
    play.grants("L1", 1, "x");
    play.close(x);
    play.settles(x);
    play.contend("x");
    play.says();
    play.renewed(["L1"]);
    play.hears(join("L1", 1, "x"));
    expect(play.says()).toEqual([]);
    play.grants("L1", 1, "x");
    expect(play.says()).toEqual([giveBack("L1")]);
    expect(play.called()).toEqual(["+x L1", "-x L1 closed"]);
    expect(play.state.terms).toEqual([]);
  });
});
