/**
 * The production Worker with two limits of its own: sessions may send as fast as they like, since rows that repeat
 * something quickly would otherwise measure the limit; and all sessions of a group may watch. The class and binding have
 * the names that the local backend expects.
 */
import { policyFromEnv } from "../../worker/http/env-policy.ts";
import { createElectionApp, ElectionGroup } from "../../worker/index.ts";

export { ElectionGroup };

export default createElectionApp({
  policy: (group, env) => ({
    ...policyFromEnv(group, env),
    limits: { messagesPerSecond: 1_000_000, observers: 10_000, sessions: 20_100 },
  }),
});
