/** What of contenders without a socket runs in the tests, as a value: the simulator puts mutants in its place. */
import {
  initialState,
  isWorthStoring,
  load,
  nextDeadline,
  remainingMs,
  save,
} from "../../worker/callers/core/state.ts";
import { Turns } from "../../worker/callers/turns.ts";

export const contenderCore = { Turns, initialState, isWorthStoring, load, nextDeadline, remainingMs, save };

export type ContenderCore = typeof contenderCore;
