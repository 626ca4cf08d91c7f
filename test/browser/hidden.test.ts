/** Tabs that are hidden, and tabs that come to the front. A headless shell hides none: there they get the events of it. */
import { expect, test } from "vitest";
import { setting } from "./setting.ts";
import type { Tab, TabOptions } from "./tabs.ts";

/** They take longer than a lease of 10 s: a tab that is starved would have lost the lead before. */
const RENEWALS = 8;
/** As long as timers that the test delays. */
const LATE_RENEWALS = 5;
const COOLDOWN_MS = 1_000;

const world = setting({
  leaseMs: 10_000,
  bindings: { PREEMPT_COOLDOWN_MS: String(COOLDOWN_MS) },
  switches: [
    "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/5/grace_period_seconds_loaded/5",
    "--intensive-wake-up-throttling-policy=1",
  ],
});

/** In one window, where the browser can hide a tab behind another one. */
const inWindow = (query: Readonly<Record<string, string>> = {}): TabOptions =>
  world.browser.isFull ? { inFront: true, query } : { query: { ...query, injected: "" } };

async function bringToFront(tab: Tab, ...others: readonly Tab[]): Promise<void> {
  if (world.browser.isFull) return tab.page.bringToFront();
  for (const other of others) await other.page.evaluate(() => window.tab.show(false));
  await tab.page.evaluate(() => window.tab.show(true));
}

test("[S9] [N1] a leading tab that is hidden keeps the lead under intensive throttling", async () => {
  const tabs = world.group("hidden");
  const a = await tabs.open("a", inWindow());
  const { leads } = await tabs.leader();
  const b = await tabs.open("b", inWindow());
  await bringToFront(b, a);
  await a.cdp.send("Network.enable");
  let left = world.browser.isFull ? RENEWALS : LATE_RENEWALS;
  const enough = new Promise<void>((resolve) => {
    a.cdp.on("Network.webSocketFrameSent", ({ response }) => {
      if (response.payloadData.includes('"renew"') && --left === 0) resolve();
    });
  });
  const [from, ticksBefore] = [Date.now(), await a.page.evaluate(() => window.tab.ticks)];
  await enough;
  const [seconds, ticks] = [(Date.now() - from) / 1_000, (await a.page.evaluate(() => window.tab.ticks)) - ticksBefore];
  // A chain of timers was starved meanwhile, so the throttling was there.
  if (world.browser.isFull) expect(ticks).toBeLessThan(seconds / 2);
  expect(a.leads).toBe(leads);
  expect((await tabs.terms()).map(({ epoch }) => epoch)).toEqual([leads]);
  expect(await tabs.faults()).toEqual([]);
});

test("[Q2] the lead follows the visible tab, after the cool-down, and fast switching does not make it flap", async () => {
  const tabs = world.group("visible");
  const prefer = inWindow({ "prefer-visible": "" });
  const a = await tabs.open("a", prefer);
  const first = await tabs.leader();
  const b = await tabs.open("b", prefer);
  await bringToFront(b, a);
  const second = await tabs.leader(first.leads);
  expect(second.name).toBe("b");
  await bringToFront(a, b);
  const third = await tabs.leader(second.leads);
  expect(third.name).toBe("a");

  for (let switches = 0; switches < 10; switches++) {
    await bringToFront(b, a);
    await bringToFront(a, b);
  }
  await bringToFront(b, a);
  await tabs.until("b to lead", () => b.leads);
  const terms = await tabs.terms();
  expect(new Set(terms.slice(0, -1).map(({ reason }) => reason))).toEqual(new Set(["preempted"]));
  // The cool-down counts from the grant, which comes when the term before has ended.
  const ends = terms.flatMap(({ endedAt }) => (endedAt === null ? [] : [endedAt]));
  for (const [index, endedAt] of ends.slice(1).entries()) {
    expect(endedAt - (ends[index] ?? 0)).toBeGreaterThanOrEqual(COOLDOWN_MS);
  }
  expect(await tabs.faults()).toEqual([]);
});
