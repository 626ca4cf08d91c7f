import { describe, expect, test } from "vitest";
import { healthOf } from "../../../client/health.ts";
import { CLOSE } from "../../../shared/protocol/close-codes.ts";
import { CHECK, D, E, Play, R } from "./play.ts";

const SPREAD = 30_000;

/** One of a large group, who waits. */
function waiting(spreadMs = SPREAD): Play {
  const play = new Play();
  play.contend("x");
  play.connects({ spreadMs });
  return play;
}

const waitMs = (play: Play): number => play.dueAt - play.now;

describe("one of a crowd", () => {
  test.each([1000, 1001, 1005, 1006, 1011, 1012, CLOSE.timeout])(
    "[N15] that was closed with %d comes back at a random time within the spread",
    (code) => {
      const waits = [0.1, 0.5, 1].map((random) => {
        const play = waiting();
        play.random = random;
        play.loses(code);
        return waitMs(play);
      });
      expect(waits).toEqual([SPREAD / 10, SPREAD / 2, SPREAD]);
    },
  );

  test("[N15] [E9] that an overloaded group has turned away waits ten seconds more", () => {
    for (const code of [CLOSE.tryLater, CLOSE.tooMany]) {
      const play = waiting();
      play.random = 1;
      play.loses(code);
      expect(waitMs(play)).toBe(10_000 + SPREAD);
    }
  });

  test.each([
    { says: 60_000, from: 60_000, to: 120_000 },
    { says: 1_000, from: 1_000, to: 1_000 + SPREAD },
    { says: 86_400_000, from: 300_000, to: 600_000 },
  ])("[E9] that was told to come back after $says ms does not come earlier, nor hours later", ({ says, from, to }) => {
    const waits = [0, 1].map((random) => {
      const play = waiting();
      play.random = random;
      play.loses(CLOSE.tryLater, says);
      return waitMs(play);
    });
    expect(waits).toEqual([from, to]);
  });

  test("[E9] that is told to come back at once, again and again, still backs off", () => {
    const play = waiting(0);
    play.random = 1;
    const waits: number[] = [];
    for (let failure = 0; failure < 4; failure++) {
      play.loses(CLOSE.tryLater, 0);
      waits.push(waitMs(play));
      play.wait(waitMs(play));
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
  });

  test("[N9] [E9] that leads asks again within R / 8, whatever it is told", () => {
    const [play] = Play.leading(["x"]);
    play.random = 1;
    play.loses(CLOSE.tryLater, 60_000);
    expect(waitMs(play)).toBeLessThanOrEqual(R / 8);
  });

  test("[N15] that was in vain comes back after half the spread at least, and the whole of it at most", () => {
    for (const [random, ms] of [
      [0, SPREAD / 2],
      [1, SPREAD],
    ] as const) {
      const play = waiting();
      for (let failure = 0; failure < 10; failure++) {
        play.random = failure === 0 ? 0.5 : random;
        play.loses();
        if (failure > 0) expect(waitMs(play)).toBe(ms);
        play.wait(waitMs(play));
      }
    }
  });

  test("[N15] waits for the ordinary back-off where that is longer", () => {
    const play = waiting(1_000);
    play.random = 1;
    const waits: number[] = [];
    for (let failure = 0; failure < 5; failure++) {
      play.loses();
      waits.push(waitMs(play));
      play.wait(waitMs(play));
    }
    expect(waits).toEqual([1_000, 1_000, 1_000, 2_000, 4_000]);
  });

  test("[N15] knows the spread from the last answer, and has none where that names none", () => {
    const play = waiting(300);
    play.random = 1;
    play.wait(CHECK + E, true);
    play.loses();
    expect(waitMs(play)).toBe(250);
    play.reconnects({ resumed: true });
    play.happens({ type: "next", inMs: 0 });
    play.hears({ type: "renewed", sentAt: play.last("renew").sentAt, held: [], spreadMs: SPREAD });
    play.wait(D + 1);
    play.loses();
    expect(waitMs(play)).toBe(SPREAD);
  });

  test("[N15] is no failing process before a lease and the spread are over", () => {
    const play = waiting();
    play.loses();
    const trouble = { downAt: play.now, failures: 1, lastError: undefined };
    const statusAfter = (ms: number) => healthOf(play.state, play.now + ms, trouble).status;
    expect([D + SPREAD, D + SPREAD + 1].map(statusAfter)).toEqual(["degraded", "failing"]);
  });

  test("[N15] that only observes waits as well", () => {
    const play = new Play();
    play.happens({ type: "observe", component: "x" });
    play.connects({ spreadMs: SPREAD });
    play.loses();
    expect(waitMs(play)).toBe(SPREAD / 2);
  });
});

describe("at once comes back", () => {
  test("[N15] [N9] whoever leads, whatever failed before; and as one of many once the group can't count its lease", () => {
    const [play] = Play.leading(["x"]);
    play.hears({ type: "renewed", sentAt: play.last("renew").sentAt, held: ["L1"], spreadMs: SPREAD });
    play.random = 1;
    for (const until = play.now + D; play.now < until; ) {
      play.loses(CLOSE.restart);
      expect(waitMs(play)).toBeLessThanOrEqual(R / 8);
      play.wait(waitMs(play));
    }
    play.loses(CLOSE.restart);
    expect(waitMs(play)).toBe(SPREAD);
  });

  test("[N15] [N10] whoever has ended a term that the group may still count", () => {
    const [play, x] = Play.leading(["x"], { onDisconnect: "revoke" });
    play.hears({ type: "renewed", sentAt: play.last("renew").sentAt, held: ["L1"], spreadMs: SPREAD });
    play.random = 1;
    play.loses();
    play.settles(x);
    expect(waitMs(play)).toBeLessThanOrEqual(250);
  });

  test("[N15] whoever is next, until D after it was to answer", () => {
    const play = waiting();
    play.random = 1;
    play.hears({ type: "next", inMs: E });
    for (const bound of [250, 500, 1_000, 2_000, 4_000]) {
      play.loses();
      expect(waitMs(play)).toBe(bound);
      play.wait(bound);
    }
    play.wait(E + D);
    play.loses();
    expect(waitMs(play)).toBe(SPREAD);
  });

  test.each([CLOSE.unauthorized, CLOSE.superseded])("[N15] whom %d is about alone", (code) => {
    const play = waiting();
    play.random = 1;
    play.loses(code);
    expect(waitMs(play)).toBe(250);
  });

  test.each(["visible", "online", "resume"] as const)("[N15] a page whose user is back: %s", (event) => {
    const play = waiting();
    play.loses();
    play.page(event);
    expect(play.state.connection.type).toBe("opening");
  });

  test("[N15] a session that is new: what it was told as another one does not count", () => {
    const play = new Play();
    const x = play.contend("x");
    play.connects({ spreadMs: SPREAD });
    play.close(x);
    play.random = 1;
    play.contend("y");
    expect(play.state.connection.type).toBe("opening");
    play.loses();
    expect(waitMs(play)).toBe(250);
  });
});
