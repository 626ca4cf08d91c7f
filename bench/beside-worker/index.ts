/**
 * The production Worker, with a lease of 2 s in one group: the smallest that there is, beside others that have the
 * default. The class and binding have the names that the local backend expects.
 */
import { policyFromEnv } from "../../worker/http/env-policy.ts";
import { createElectionApp, ElectionGroup } from "../../worker/index.ts";

/** The group that is not abused. */
const NEIGHBOUR = "neighbour";
const SMALLEST_LEASE_MS = 2_000;

const app = createElectionApp({
  policy: (group, env) => ({
    ...policyFromEnv(group, env),
    ...(group === NEIGHBOUR && { leaseMs: SMALLEST_LEASE_MS }),
  }),
});

export { ElectionGroup };
export default app;
