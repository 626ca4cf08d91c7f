/** safe-redis-leader: a key with a time-out that the leader renews; a waiting contender tries again after a while. */
import type { Connect } from "./contender.ts";
import { requireClient } from "./installed.ts";
import { connectionTo, withRedis } from "./redis-server.ts";

/** The values of its documentation. */
export const SAFE_REDIS_LEADER = { ttl: 1_500, wait: 3_000 } as const;

export const safeRedisLeaderLibrary = () => requireClient("safe-redis-leader", () => import("safe-redis-leader"));

export async function withSafeRedisLeader<T>(work: (address: string) => Promise<T>): Promise<T> {
  await safeRedisLeaderLibrary();
  return withRedis(work);
}

export const connectSafeRedisLeader: Connect = async (address, key) => {
  const { createSafeRedisLeader } = await safeRedisLeaderLibrary();
  const connection = await connectionTo(address);
  const leader = await createSafeRedisLeader({ asyncRedis: connection, key, ...SAFE_REDIS_LEADER });
  return {
    async stand(lead) {
      leader.once("elected", lead);
      await leader.elect();
    },
    resign: () => leader.stop(),
    async close() {
      await leader.stop();
      connection.disconnect();
    },
  };
};
