/** redlock: a lock with a time-out; a waiting contender tries again after a while. */
import { elapsedSince, pause } from "../sockets.ts";
import { requireClient } from "./installed.ts";
import { pointsOf } from "./points.ts";
import { withRedisServer } from "./redis-server.ts";
import type { HandOver } from "./server.ts";

const TTL_MS = 10_000;
/** The default of redlock, plus or minus 100 ms. */
const RETRY_MS = 200;
const FOR_EVER = -1;

/** From the call of `unlock` to the lock of the next contender. */
export async function withRedlock<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const { default: Redlock } = await requireClient("redlock", () => import("redlock"));
  return withRedisServer(async (open) => {
    const contender = () => new Redlock([open()], { retryCount: FOR_EVER });
    const points = pointsOf(RETRY_MS);
    let [leading, waiting] = [contender(), contender()];
    let lock = await leading.lock("bench", TTL_MS);
    return work(async () => {
      const next = waiting.lock("bench", TTL_MS);
      await pause(points.next().value);
      const startedAt = performance.now();
      const unlocked = lock.unlock();
      lock = await next;
      const ms = elapsedSince(startedAt);
      [leading, waiting] = [waiting, leading];
      await unlocked;
      return ms;
    });
  });
}
