/** What plays once-runs: as a value, so that the same play runs what ships and every mutant of it. */

import { once } from "../../../shared/once/run-once.ts";
import { Backend } from "../../../testing/group/backend.ts";
import { TestGroup } from "../../../testing/test-group.ts";
import { oncePorts } from "../../../worker/callers/once-ports.ts";

export const shippedKit = { Backend, TestGroup, once, oncePorts };

export type Kit = typeof shippedKit;
