/**
 * safe-redis-leader: led from `elected` to `demoted`, and asked by `isLeader` before each write. An error ends its renewals
 * without `demoted`, so it counts as that, and the member stands again. It has no fencing token.
 */
import { connectionTo } from "../../peers/redis-server.ts";
import { SAFE_REDIS_LEADER, safeRedisLeaderLibrary } from "../../peers/safe-redis-leader.ts";
import type { Stand } from "../term.ts";

const AGAIN_MS = 1_000;

export const stand: Stand = async ({ port, election, leaseMs }, lead) => {
  const { createSafeRedisLeader } = await safeRedisLeaderLibrary();
  const connection = await connectionTo(String(port));
  const { wait } = SAFE_REDIS_LEADER;
  const leader = await createSafeRedisLeader({ asyncRedis: connection, key: election, ttl: leaseMs, wait });
  let term = 0;
  let isLeading = false;
  leader.on("elected", () => {
    const mine = ++term;
    isLeading = true;
    lead({ holds: () => isLeading && mine === term, confirms: () => leader.isLeader() });
  });
  leader.on("demoted", () => {
    isLeading = false;
  });
  leader.on("error", () => {
    isLeading = false;
    setTimeout(() => void leader.elect(), AGAIN_MS);
  });
  await leader.elect();
};
