/** Who stands without being ready, and who stays out for a while. */
import { describe, expect, test } from "vitest";
import { DRAIN, E, giveBack, grant, PING, Play, renew, resign } from "./play.ts";

const unready = { type: "ready", ready: false } as const;
const ready = { type: "ready", ready: true } as const;
const register = (component: string) => ({ type: "register", component });
const stands = (play: Play, component: string, isReady: boolean, election: "process" | "dedicated" = "process") =>
  play.happens({ type: "register", contender: 100, info: { component, election }, ready: isReady });

describe("not ready", () => {
  test("[Q7] a process that waits says at once where it is not ready, and once that it is again", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    play.happens(unready);
    expect(play.says()).toEqual([{ ...renew(play.stated), busy: ["process"] }]);
    play.renewed();
    play.wait(PING / 2, true);
    expect(play.says()).toEqual([]);
    play.happens(ready);
    expect(play.says()).toEqual([renew(play.stated)]);
  });

  test("[Q7] what stands without being ready is told before it stands, by register and by hello", () => {
    const play = new Play({ lingerMs: 60_000 });
    play.contend("x");
    play.connects();
    stands(play, "z", false, "dedicated");
    expect(play.says()).toEqual([
      { ...renew(play.stated), busy: ["component:z"] },
      { ...register("z"), election: "dedicated" },
    ]);
    play.loses();
    play.wait(1_000);
    expect(play.opens()).toMatchObject({ busy: ["component:z"] });
  });

  test("[Q7] a leader that becomes unready stops, and tells its end with where it is busy", () => {
    const [play, x] = Play.leading(["x"]);
    play.happens(unready);
    expect(play.called()).toEqual(["-x L1 resigned"]);
    expect(play.isLeader(x, "L1")).toBe(false);
    expect(play.says()).toEqual([]);
    play.settles(x);
    expect(play.says()).toEqual([{ ...resign("L1"), busy: ["process"] }]);
    play.happens(ready);
    expect(play.says()).toEqual([renew(play.stated)]);
  });

  test("[Q7] the process election moves as one: one component that is not ready is enough, until it is closed", () => {
    const play = new Play();
    play.contend("x");
    const y = play.contend("y");
    play.connects();
    play.happens({ ...unready, component: "y" });
    play.says();
    play.grants("L1", 1, "x", "y");
    expect(play.called()).toEqual([]);
    expect(play.says()).toContainEqual(giveBack("L1"));
    play.close(y);
    expect(play.says()).toContainEqual(renew(play.stated));
    play.grants("L2", 2, "x");
    expect(play.called()).toEqual(["+x L2"]);
    stands(play, "m", false);
    expect(play.called()).toEqual(["-x L2 resigned"]);
  });

  test("[Q7] a dedicated election that is not ready leaves the others alone", () => {
    const [play, x] = Play.leading(["x"]);
    play.contend("z", { election: "dedicated" });
    play.happens({ ...unready, component: "z" });
    expect(play.isLeader(x, "L1")).toBe(true);
    expect(play.last("renew")).toMatchObject({ held: ["L1"], busy: ["component:z"] });
  });

  test("[Q7] a grant by what was stated before is given back, and what has become ready again is led by a new one", () => {
    const play = new Play();
    play.contend("x");
    play.connects();
    const before = play.stated;
    play.happens(unready);
    play.hears(grant(before, "L1", 1, "x"));
    expect(play.says()).toContainEqual(giveBack("L1"));
    expect(play.called()).toEqual([]);
    play.happens(ready);
    play.grants("L2", 2, "x");
    expect(play.called()).toEqual(["+x L2"]);
  });
});

describe("staying out", () => {
  const leave = { type: "resign", leaderSessionId: "L1", stayOutMs: 60_000 } as const;

  test("[Q7] who stays out is busy for that time, and says by itself when it is over", () => {
    const [play, x] = Play.leading(["x"]);
    play.happens(leave);
    play.settles(x);
    expect(play.says()).toEqual([{ ...resign("L1"), busy: ["process"] }]);
    play.wait(59_999, true);
    expect(play.says().filter((said) => said !== "ping")).toEqual([]);
    play.wait(1);
    expect(play.says()).toEqual([renew(play.stated)]);
    play.renewed();
    play.grants("L2", 2, "x");
    expect(play.called()).toEqual(["-x L1 resigned", "+x L2"]);
  });

  test("[Q7] it counts from the call, is not said to the group, and outlasts its connection", () => {
    const [play] = Play.leading(["x"], { drainMs: DRAIN });
    play.happens(leave);
    play.wait(DRAIN, true);
    expect(play.says().at(-1)).toEqual({ ...resign("L1"), busy: ["process"] });
    play.loses();
    play.wait(E);
    expect(play.opens()).toMatchObject({ busy: ["process"] });
  });

  test("[Q7] an election that nobody stands in wakes nobody up", () => {
    const [play, x] = Play.leading(["x"]);
    play.happens(leave);
    play.close(x);
    play.settles(x);
    play.wait(120_000);
    expect(play.clientState()).toBe("idle");
  });
});
