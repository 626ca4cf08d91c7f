/** Web Locks between two pages of one origin. */
import { withPages } from "./pages.ts";
import type { HandOver } from "./server.ts";

/** From the release in one page to the callback in the other. */
export const withWebLocks = <T>(work: (handOver: HandOver) => Promise<T>): Promise<T> => withPages(SCRIPT, work);

const SCRIPT = `
  let end;
  globalThis.request = () => new Promise((granted) => {
    void navigator.locks.request("bench", () => { granted(now()); return new Promise((done) => { end = done; }); });
  });
  globalThis.release = () => { const at = now(); end(); return at; };
  globalThis.isQueued = async () => {
    while ((await navigator.locks.query()).pending.length === 0) await new Promise((done) => setTimeout(done, 1));
  };
`;
