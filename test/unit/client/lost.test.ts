/** A term that the group no longer counts, while the client still stops in it. */
import { describe, expect, test } from "vitest";
import { drainMs } from "../../../shared/holder/state.ts";
import { DRAIN, E, Play } from "./play.ts";

const leftMs = (play: Play, contender: number): number =>
  drainMs(play.state, contender, "L1", { now: play.now, maxDrainMs: DRAIN });

describe("a term that an answer no longer names", () => {
  test("[C13] leaves its work no time, since another process may lead", () => {
    const [play, x] = Play.leading(["x"]);
    expect(leftMs(play, x)).toBeGreaterThan(0);
    play.wait(E);
    play.renewed([]);
    expect(play.called()).toEqual(["-x L1 lost"]);
    expect(leftMs(play, x)).toBe(0);
  });

  test("[C13] the same where it was stopping already; it has its time again once it is named", () => {
    const [play, x] = Play.leading(["x"]);
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: DRAIN });
    play.wait(E);
    play.renewed([]);
    expect(leftMs(play, x)).toBe(0);
    play.wait(E);
    play.renewed(["L1"]);
    expect(leftMs(play, x)).toBe(DRAIN - 2 * E);
  });
});
