/** A leading tab goes away, in every way that tabs do; the other one leads, and never both. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { type Pair, setting } from "./setting.ts";

const world = setting({ leaseMs: 4_000 });

const goAway = (page: Page): Promise<unknown> => page.goto(world.site.url("elsewhere"));

const happens = (page: Page, event: string): Promise<unknown> =>
  page.evaluate((type) => window.dispatchEvent(new PageTransitionEvent(type, { persisted: true })), event);

/** A headless shell keeps no pages: there, a page only gets the event that it is kept. */
const leaveForLater = (page: Page): Promise<unknown> =>
  world.browser.isFull ? goAway(page) : happens(page, "pagehide");
const goBack = (page: Page): Promise<unknown> =>
  world.browser.isFull ? page.goBack({ waitUntil: "commit" }) : happens(page, "pageshow");

/** `a` comes back and is a candidate: it leads again as soon as `b` resigns. */
async function returns({ tabs, a, b }: Pair, how: () => Promise<unknown>): Promise<void> {
  const before = a.told.length;
  await how();
  expect(await a.page.evaluate(() => window.tab.isLeader())).toBe(false);
  await tabs.told(a, "its return", (told) => told.type === "state" && told.state === "connected", before);
  const { leads: epoch } = await tabs.leader();
  await b.page.evaluate(() => window.tab.client.resign());
  expect((await tabs.leader(epoch)).name).toBe("a");
  expect(await tabs.faults()).toEqual([]);
}

test("[S8] [N3] a leading tab that is closed hands over without waiting for its lease", async () => {
  const pair = await world.pair("close");
  expect(await world.breaks("tab closed", pair, () => pair.a.page.close({ runBeforeUnload: true }))).toBe("closed");
});

test("[S8] [N3] so does one that navigates away", async () => {
  const pair = await world.pair("navigate");
  expect(await world.breaks("navigated away", pair, () => goAway(pair.a.page))).toBe("closed");
});

test("[S2] a leading tab that crashes is succeeded when its lease is over, and never before", async () => {
  const pair = await world.pair("crash", {}, { host: "localhost" });
  const crash = (): void => void pair.a.cdp.send("Page.crash").catch(() => undefined);
  expect(await world.breaks("tab crashed", pair, crash)).toBe("expired");
});

test("[S2] so is one whose browser is killed", async () => {
  await using other = await startChromium(await findBrowser());
  const pair = await world.pair("kill", { browser: other });
  expect(await world.breaks("browser killed", pair, () => other.kill())).toBe("expired");
});

test("[S8] [C8] a frozen tab hands over at once, and contends again when it is resumed", async () => {
  // In one window: only a tab that is hidden freezes.
  const pair = await world.pair("freeze", {}, { inFront: true });
  const { a } = pair;
  const become = (state: "frozen" | "active") => a.cdp.send("Page.setWebLifecycleState", { state });
  expect(await world.breaks("tab frozen", pair, () => become("frozen"))).toBe("closed");
  // The reports of two pages arrive in any order.
  const end = await pair.tabs.told(a, "its end", ({ type }) => type === "revoke");
  expect(end).toMatchObject({ reason: "frozen" });
  await returns(pair, () => become("active"));
});

test("[S8] [C8] a tab in the back/forward cache leads nothing, and contends again when somebody goes back to it", async () => {
  const pair = await world.pair("back-forward");
  const { a } = pair;
  expect(await world.breaks("into the back/forward cache", pair, () => leaveForLater(a.page))).toBe("closed");
  await returns(pair, () => goBack(a.page));
  const shown = a.told.filter((told) => told.type === "page" && told.event === "pageshow");
  expect(shown.at(-1)).toMatchObject({ persisted: true });
});
