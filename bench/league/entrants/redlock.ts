/** redlock, extended at half of its time. It is held until it expires by the wall clock. It has no fencing token. */
import { connectionTo } from "../../peers/redis-server.ts";
import { FOR_EVER, redlockLibrary } from "../../peers/redlock.ts";
import { pause } from "../../sockets.ts";
import type { Stand } from "../term.ts";

export const stand: Stand = async ({ port, election, leaseMs }, lead) => {
  const { default: Redlock } = await redlockLibrary();
  const connection = await connectionTo(String(port));
  const waiting = new Redlock([connection], { retryCount: FOR_EVER });
  const extending = new Redlock([connection], { retryCount: 0 });
  for (;;) {
    const lock = await waiting.lock(election, leaseMs);
    let isHeld = true;
    lead({ holds: () => isHeld && lock.expiration > Date.now() });
    while (isHeld) {
      await pause(leaseMs / 2);
      isHeld = await extending.extend(lock, leaseMs).then(
        () => true,
        () => false,
      );
    }
    await lock.unlock().then(undefined, () => undefined); // it may have been another one's for a while
  }
};
