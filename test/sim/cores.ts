/**
 * What of the product runs in the simulator. The world takes it as a value, so that the same world runs the shipped
 * cores and every mutant of them.
 */
import { pessimistic } from "../../client/clock.ts";
import { Changes, Observers } from "../../client/observers.ts";
import { nextDeadline as clientDeadline } from "../../client/session/deadlines.ts";
import { heldTerms, initialState } from "../../client/session/state.ts";
import { transition as clientTransition } from "../../client/session/transition.ts";
import { remainingMs } from "../../shared/holder/state.ts";
import { groupCore } from "../../testing/group/core.ts";
import { contenderCore } from "../support/contender-core.ts";

export const shippedCores = {
  client: {
    initialState,
    nextDeadline: clientDeadline,
    transition: clientTransition,
    heldTerms,
    remainingMs,
    pessimistic,
    Observers,
    Changes,
  },
  group: groupCore,
  contender: contenderCore,
};

export type Cores = typeof shippedCores;
