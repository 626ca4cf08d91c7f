/** Web Locks between two pages of one origin in Chromium: one browser, no network, no fencing token. */
import { findBrowser, startChromium } from "../../test/support/chromium.ts";
import { serve } from "../../test/support/serve.ts";

const WARM_UP = 10;

/** From the release in one page to the callback in the other, by the browser's own clock. */
export async function webLocksHandOvers(count: number): Promise<number[]> {
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
  const samples: number[] = [];
  for (let index = 0; index < WARM_UP + count; index++) {
    const granted = waiting.evaluate("request()") as Promise<number>;
    await waiting.evaluate("isQueued()");
    const releasedAt = (await leading.evaluate("release()")) as number;
    const ms = (await granted) - releasedAt;
    if (index >= WARM_UP) samples.push(ms);
    [leading, waiting] = [waiting, leading];
  }
  return samples;
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
