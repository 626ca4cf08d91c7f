/** A page as a member of the league. */
import type { Stand } from "../term.ts";
import { type MemberConfig, Worker } from "../work.ts";

/** The clock on the wall when the page began, and from then on the monotonic one: the same for all pages of a browser. */
const now = (): number => performance.timeOrigin + performance.now();

/** The league calls `enter(CONFIG)`, `stand()` and `look()` in the page. */
export function enterBy(stand: Stand): void {
  const enter = (config: MemberConfig): void => {
    const worker = new Worker(config, stand, now);
    Object.assign(globalThis, { stand: () => worker.stand(), look: () => worker.look() });
  };
  Object.assign(globalThis, { enter });
}
