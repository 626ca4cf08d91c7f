/** What a leadership by RPC tells of the time that its work may take to stop (C13). */
import { expect, test } from "vitest";
import { drainMs } from "../../../worker/callers/core/state.ts";
import type { Poller } from "../group/poller.ts";
import { GroupWorld } from "../group/world.ts";

const R = 8_000;
const DRAIN = 3_000;
const POLL = 2_500;

const left = (asker: Poller<GroupWorld>): number =>
  drainMs(asker.state, "x", asker.last().leaderSessionId, asker.clock);

function leading(): Poller<GroupWorld> {
  const asker = new GroupWorld().poller("asker");
  asker.start();
  asker.flow();
  return asker;
}

test("[C13] from the end of its term on, the drain time runs down; when its work has stopped, nothing is left", () => {
  const asker = leading();
  expect(left(asker)).toBe(DRAIN);
  asker.dispatch({ type: "close" });
  expect(left(asker)).toBe(DRAIN);
  asker.world.advance(1_000);
  expect(left(asker)).toBe(DRAIN - 1_000);
  asker.stop("x");
  expect(left(asker)).toBe(0);
});

test("[C13] it is never longer than the lease, and over with it", () => {
  const asker = leading();
  asker.world.advance(R - 1_000);
  expect(left(asker)).toBe(1_000);
  asker.world.advance(1_000);
  asker.dispatch({ type: "tick" });
  expect(asker.last().is).toBe("revoke");
  expect(left(asker)).toBe(0);
});

test("[C13] none is left where the group no longer knows the session, or has begun another one", () => {
  for (const code of ["unknown_session", "superseded"] as const) {
    const asker = leading();
    asker.world.advance(POLL);
    asker.dispatch({ type: "tick" });
    const attempt = asker.state.call?.attempt ?? 0;
    asker.dispatch({ type: "answered", attempt, answer: { type: "refused", code, message: "" } });
    expect(asker.last()).toMatchObject({ is: "revoke" });
    expect(left(asker)).toBe(0);
  }
});
