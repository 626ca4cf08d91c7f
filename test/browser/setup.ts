/** Around all browser tests: prints which browser they run on, and afterwards what they measured. */
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { forget, table } from "./measured.ts";

export async function setup(): Promise<void> {
  await forget();
  const binary = await findBrowser();
  await using browser = await startChromium(binary);
  const kind = browser.isFull ? "" : ": it can't hide a tab, so those cases run on injected events and clocks";
  process.stdout.write(`Browser tests run on ${browser.product} (${binary.path})${kind}.\n`);
}

export async function teardown(): Promise<void> {
  const lines = await table();
  if (lines.length > 0) process.stdout.write(`\nHand-overs, measured:\n${lines.join("\n")}\n\n`);
}
