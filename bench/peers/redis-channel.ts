/**
 * A bare lock in Redis whose release is published: the best that a server with one key could do. It is no product: it has
 * no queue and no fencing token, and after a lost message everybody waits for the time-out.
 */
import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { elapsedSince, pause } from "../sockets.ts";
import { withRedisServer } from "./redis-server.ts";
import type { HandOver } from "./server.ts";

const [KEY, CHANNEL] = ["bench", "bench-released"];
const TTL_MS = 10_000;
const SETTLE_MS = 5;
const RELEASE = `if redis.call("get", KEYS[1]) == ARGV[1] then
  redis.call("del", KEYS[1]); redis.call("publish", ARGV[2], "1"); return 1
else return 0 end`;

/** From sending the release to the answer that gives the lock to the next contender. */
export const withRedisChannel = <T>(work: (handOver: HandOver) => Promise<T>): Promise<T> =>
  withRedisServer(async (open) => {
    let [leading, waiting] = [await contender(open), await contender(open)];
    await leading.lock();
    return work(async () => {
      const next = waiting.lock();
      await pause(SETTLE_MS);
      const startedAt = performance.now();
      const released = leading.release();
      await next;
      const ms = elapsedSince(startedAt);
      [leading, waiting] = [waiting, leading];
      await released;
      return ms;
    });
  });

/** One connection for commands, and one that listens. */
async function contender(open: () => Redis) {
  const [commands, listener, owner] = [open(), open(), randomUUID()];
  let attempt = (): void => undefined;
  listener.on("message", () => attempt());
  await listener.subscribe(CHANNEL);
  const isMine = async (): Promise<boolean> => (await commands.set(KEY, owner, "PX", TTL_MS, "NX")) === "OK";
  return {
    /** Tries at once, and again whenever a release is published. */
    lock: (): Promise<void> =>
      new Promise((resolve, reject) => {
        attempt = () => void isMine().then((mine) => mine && resolve(), reject);
        attempt();
      }),
    release(): Promise<unknown> {
      attempt = () => undefined;
      return commands.eval(RELEASE, 1, KEY, owner, CHANNEL);
    },
  };
}
