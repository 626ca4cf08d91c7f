/** redlock: a lock with a time-out; a waiting contender tries again after a while. */
import type { Connect } from "./contender.ts";
import { requireClient } from "./installed.ts";
import { connectionTo, withRedis } from "./redis-server.ts";

const TTL_MS = 10_000;
/** The default of redlock, plus or minus 100 ms. */
export const REDLOCK_RETRY_MS = 200;
export const FOR_EVER = -1;

export const redlockLibrary = () => requireClient("redlock", () => import("redlock"));

export async function withRedlock<T>(work: (address: string) => Promise<T>): Promise<T> {
  await redlockLibrary();
  return withRedis(work);
}

export const connectRedlock: Connect = async (address, election) => {
  const { default: Redlock } = await redlockLibrary();
  const connection = await connectionTo(address);
  const redlock = new Redlock([connection], { retryCount: FOR_EVER });
  let unlock = async (): Promise<void> => undefined;
  return {
    async stand(lead) {
      void redlock.lock(election, TTL_MS).then((lock) => {
        unlock = async () => lock.unlock();
        lead();
      });
    },
    resign: () => unlock(),
    close: () => connection.disconnect(),
  };
};
