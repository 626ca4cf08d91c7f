/** What of the group runs in memory, as a value: the simulator puts mutants in its place. */
import { createPolicy } from "../../worker/group/policy.ts";
import { emptyGroup, load, rowChanges, save } from "../../worker/group/rows.ts";
import { readRows } from "../../worker/group/stored-rows.ts";
import { nextDeadline, transition } from "../../worker/group/transition.ts";
import { Host } from "../../worker/host/host.ts";

export const groupCore = { Host, createPolicy, emptyGroup, load, readRows, save, rowChanges, nextDeadline, transition };

export type GroupCore = typeof groupCore;
