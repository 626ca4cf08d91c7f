/** Two pages of one origin in one Chromium that take turns: no network, nothing stored, no fencing token. */
import type { Page } from "playwright-core";
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { serve } from "../../tools/harness/serve.ts";
import type { HandOver } from "./server.ts";

/**
 * The script defines `request()`, which resolves with the time when the page leads; `isQueued()`, which resolves when the
 * request stands behind the leader's; and `release()`, which gives up the lead and returns the time right before. Times
 * are those of `now()`, by the browser's own clock.
 */
export async function withPages<T>(script: string, work: (handOver: HandOver) => Promise<T>): Promise<T> {
  await using site = await serve(
    () => new Response("<title>lock</title>", { headers: { "content-type": "text/html" } }),
  );
  await using chromium = await startChromium(await findBrowser());
  let [leading, waiting] = [await chromium.context.newPage(), await chromium.context.newPage()];
  for (const page of [leading, waiting]) {
    await page.goto(site.url);
    await page.evaluate(`${CLOCK}\n${script}\nundefined;`);
  }
  await timeOf(leading, "request()");
  return await work(async () => {
    const granted = timeOf(waiting, "request()");
    granted.catch(() => undefined); // awaited below, once the lock was released
    await waiting.evaluate("isQueued()");
    const releasedAt = await timeOf(leading, "release()");
    const ms = (await granted) - releasedAt;
    [leading, waiting] = [waiting, leading];
    return ms;
  });
}

const CLOCK = "globalThis.now = () => performance.timeOrigin + performance.now();";

async function timeOf(page: Page, expression: string): Promise<number> {
  const time: unknown = await page.evaluate(expression);
  if (typeof time === "number") return time;
  throw new TypeError(`${expression} is no time`);
}
