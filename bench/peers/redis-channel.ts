/**
 * A bare lock in Redis whose release is published: the best that a server with one key could do. It is no product: it has
 * no queue and no fencing token, and after a lost message everybody waits for the time-out.
 */
import { randomUUID } from "node:crypto";
import type { Connect } from "./contender.ts";
import { connectionTo } from "./redis-server.ts";

const TTL_MS = 600_000;
const RELEASE = `if redis.call("get", KEYS[1]) == ARGV[1] then
  redis.call("del", KEYS[1]); redis.call("publish", ARGV[2], "1"); return 1
else return 0 end`;

/** One connection for commands, and one that listens. */
export const connectRedisChannel: Connect = async (address, key) => {
  const [commands, listener, owner] = [await connectionTo(address), await connectionTo(address), randomUUID()];
  const channel = `${key}-released`;
  let attempt = async (): Promise<void> => undefined;
  listener.on("message", () => void attempt());
  await listener.subscribe(channel);
  return {
    /** Tries at once, and again whenever a release is published. */
    async stand(lead) {
      attempt = async () => {
        if ((await commands.set(key, owner, "PX", TTL_MS, "NX")) === "OK") lead();
      };
      await attempt();
    },
    resign(): Promise<unknown> {
      attempt = async () => undefined;
      return commands.eval(RELEASE, 1, key, owner, channel);
    },
    close() {
      commands.disconnect();
      listener.disconnect();
    },
  };
};
