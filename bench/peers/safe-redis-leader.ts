/** safe-redis-leader: a key with a time-out that the leader renews; a waiting contender tries again after a while. */
import { elapsedSince, pause } from "../sockets.ts";
import { requireClient } from "./installed.ts";
import { pointsOf } from "./points.ts";
import { withRedisServer } from "./redis-server.ts";
import type { HandOver } from "./server.ts";

/** The values of its documentation. */
export const SAFE_REDIS_LEADER = { ttl: 1_500, wait: 3_000 } as const;

/** From the call of `stop` to the event of election in the next contender. */
export async function withSafeRedisLeader<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const { createSafeRedisLeader } = await requireClient("safe-redis-leader", () => import("safe-redis-leader"));
  return withRedisServer(async (open) => {
    const contender = () => createSafeRedisLeader({ asyncRedis: open(), key: "bench", ...SAFE_REDIS_LEADER });
    const points = pointsOf(SAFE_REDIS_LEADER.wait);
    let [leading, waiting] = [await contender(), await contender()];
    await leading.elect();
    try {
      return await work(async () => {
        const elected = new Promise<void>((resolve) => waiting.once("elected", resolve));
        await waiting.elect();
        await pause(points.next().value);
        const startedAt = performance.now();
        const stopped = leading.stop();
        await elected;
        const ms = elapsedSince(startedAt);
        [leading, waiting] = [waiting, leading];
        await stopped;
        return ms;
      });
    } finally {
      await leading.stop();
      await waiting.stop();
    }
  });
}
