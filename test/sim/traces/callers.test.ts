import { test } from "vitest";
import { shippedCores } from "../cores.ts";
import {
  callsOfStaleObject,
  closedWhileGranted,
  drainThatACallCuts,
  expiredBeforeALongerDrain,
  hungSibling,
  inquiry,
  lateCall,
  lostAnswer,
  pausedWhileAway,
  refusedSibling,
  silentNext,
  sleepingCaller,
  unreadyRival,
} from "./callers.ts";

test("[S9] a drain inside its lease is not cut by a call that comes after the drain time", () =>
  drainThatACallCuts(shippedCores));
test("[S2] [S3] a replaced object that answers a caller is waited for, also after one call to the present one", () =>
  callsOfStaleObject(shippedCores));
test("[S5] a paused group grants nothing to callers", () => pausedWhileAway(shippedCores));
test("[S11] [Q2] nobody is preempted for a caller that could not start", () => unreadyRival(shippedCores));
test("[C1] a component whose onRevoke hangs is not granted with its sibling", () => hungSibling(shippedCores));
test("[X3] a component that the group refuses keeps no leadership from the next one", () =>
  refusedSibling(shippedCores));
test("[S9] [S7] a call that arrives after a later one ends nothing, and begins nothing", () => lateCall(shippedCores));
test("[S9] a term whose grant was lost with its answer is over with the next call", () => lostAnswer(shippedCores));
test("[N7] a caller that is next and calls no more costs one time-out", () => silentNext(shippedCores));
test("[S6] a caller that slept for longer than its lease has stopped when it wakes", () =>
  sleepingCaller(shippedCores));
test("[K7] an inquiry is answered by a call that was made after it, and at once", () => inquiry(shippedCores));
test("[X4] a component that has left is not granted by an answer of before", () => closedWhileGranted(shippedCores));
test("[S6] what has expired before an answer drains for as long as was known before it", () =>
  expiredBeforeALongerDrain(shippedCores));
