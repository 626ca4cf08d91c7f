/** Around all browser tests: what their files share, which browser they run on, and afterwards what they measured. */
import type { TestProject } from "vitest/node";
import { controlChromium, findBrowser, type Launched, launchChromium } from "../../tools/harness/chromium.ts";
import { forget, table } from "./measured.ts";
import { type ServedSite, startSite } from "./site.ts";

declare module "vitest" {
  export interface ProvidedContext {
    readonly sitePort: number;
  }
}

let site: ServedSite | undefined;
let isTold = false;

async function launch(): Promise<Launched> {
  const binary = await findBrowser();
  const launched = await launchChromium(binary);
  if (isTold) return launched;
  isTold = true;
  const { product, isFull, browser } = await controlChromium(launched.address);
  await browser.close();
  const kind = isFull ? "" : ": it can't hide a tab, so those cases run on injected events and clocks";
  process.stdout.write(`Browser tests run on ${product} (${binary.path})${kind}.\n`);
  return launched;
}

export async function setup({ provide }: TestProject): Promise<void> {
  await forget();
  site = await startSite(launch);
  provide("sitePort", site.port);
}

export async function teardown(): Promise<void> {
  await site?.[Symbol.asyncDispose]();
  const lines = await table();
  if (lines.length > 0) process.stdout.write(`\nHand-overs, measured:\n${lines.join("\n")}\n\n`);
}
