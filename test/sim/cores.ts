/**
 * What of the product runs in the simulator. The world takes it as a value, so that the same world runs the shipped
 * cores and every mutant of them.
 */
import { pessimistic } from "../../client/clock.ts";
import { nextDeadline as clientDeadline, heldTerms, initialState, remainingMs } from "../../client/session/state.ts";
import { transition as clientTransition } from "../../client/session/transition.ts";
import { createPolicy } from "../../worker/group/policy.ts";
import { emptyGroup, load, rowChanges, save } from "../../worker/group/rows.ts";
import { nextDeadline as groupDeadline, transition as groupTransition } from "../../worker/group/transition.ts";

export const shippedCores = {
  client: {
    initialState,
    nextDeadline: clientDeadline,
    transition: clientTransition,
    heldTerms,
    remainingMs,
    pessimistic,
  },
  group: {
    createPolicy,
    emptyGroup,
    load,
    save,
    rowChanges,
    nextDeadline: groupDeadline,
    transition: groupTransition,
  },
};

export type Cores = typeof shippedCores;
