/** Web Locks between two pages of one origin in Chromium: one browser, no network, no fencing token. */
import { findBrowser, startChromium } from "../../test/support/chromium.ts";
import { serve } from "../../test/support/serve.ts";
import type { HandOver } from "./server.ts";

/** From the release in one page to the callback in the other, by the browser's own clock. */
export async function withWebLocks<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  await using site = await serve(
    () => new Response("<title>lock</title>", { headers: { "content-type": "text/html" } }),
  );
  await using chromium = await startChromium(await findBrowser());
  let [leading, waiting] = [await chromium.context.newPage(), await chromium.context.newPage()];
  for (const page of [leading, waiting]) {
    await page.goto(site.url);
    await page.evaluate(INSTALL);
  }
  await leading.evaluate("request()");
  return await work(async () => {
    const granted = waiting.evaluate("request()") as Promise<number>;
    granted.catch(() => undefined); // awaited below, once the lock was released
    await waiting.evaluate("isQueued()");
    const releasedAt = (await leading.evaluate("release()")) as number;
    const ms = (await granted) - releasedAt;
    [leading, waiting] = [waiting, leading];
    return ms;
  });
}

const INSTALL = `
  const now = () => performance.timeOrigin + performance.now();
  let end;
  globalThis.request = () => new Promise((granted) => {
    void navigator.locks.request("bench", () => { granted(now()); return new Promise((done) => { end = done; }); });
  });
  globalThis.release = () => { const at = now(); end(); return at; };
  globalThis.isQueued = async () => {
    while ((await navigator.locks.query()).pending.length === 0) await new Promise((done) => setTimeout(done, 1));
  };
  undefined;
`;
