import { test } from "vitest";
import { shippedCores } from "../cores.ts";
import {
  callersCheckAfterComputing,
  checkAfterComputing,
  floodAroundDepartures,
  floodGetsThrough,
  floodOfLeader,
  floodOnHeldPath,
  floodWithClockSetForward,
  lateReader,
} from "./tenants.ts";

test("[N20] whatever waits gets through", () => floodGetsThrough(shippedCores));
test("[N20] [S1] a leader that says much renews in time", () => floodOfLeader(shippedCores));
test("[N20] [G6] a component that leaves, comes back and leaves while frames wait has left", () =>
  floodAroundDepartures(shippedCores));
test("[C12] [O4] whoever reads late reads that nobody has led meanwhile, and then who leads now", () =>
  lateReader(shippedCores));
test("[N20] no more is under way than the group takes at once", () => floodOnHeldPath(shippedCores));
test("[N20] a wall clock that is set forward allows nothing", () => floodWithClockSetForward(shippedCores));
test("[K7] [S6] `check` sees time pass for code during which clocks stand still", () =>
  checkAfterComputing(shippedCores));
test("[K7] [S6] so it does without a socket", () => callersCheckAfterComputing(shippedCores));
