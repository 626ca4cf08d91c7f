/** The demo page, as a speaker uses it in a talk. */

import type { FrameLocator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { endingsOf } from "../../tools/harness/backend-answers.ts";
import { faintTexts } from "./faint-texts.ts";
import { setting } from "./setting.ts";

const LEASE_MS = 3_000;
/** Two leases: the next one leads before the first one wakes, on a busy machine too. */
const FREEZE_SECONDS = "6";
const world = setting({ leaseMs: LEASE_MS });

interface Demo extends AsyncDisposable {
  readonly page: Page;
  /** What the browser has complained about: errors, and what the content policy forbids. */
  readonly complaints: readonly string[];
  /** The name of the leader, once it is another one than before. */
  leader(before?: string): Promise<string>;
  card(name: string): FrameLocator;
}

async function open(group: string, width = 1_200): Promise<Demo> {
  const page = await world.browser.context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  page.on("pageerror", (error) => void complaints.push(error.message));
  await page.setViewportSize({ width, height: 1_000 });
  await page.goto(`${world.backend.url}/demo?group=${group}`);
  const card = (name: string): FrameLocator => page.frameLocator(`iframe[title="Contender ${name}"]`);
  return {
    page,
    complaints,
    card,
    async leader(before = "Nobody") {
      const other = new RegExp(`^(?!${before} |Nobody )\\w+ leads$`);
      const name = (await page.locator("#leader").filter({ hasText: other }).textContent())?.split(" ")[0] ?? "";
      await card(name).getByRole("img", { name: "Leader" }).waitFor();
      return name;
    },
    [Symbol.asyncDispose]: () => page.close(),
  };
}

const crowns = async ({ page }: Demo): Promise<number> => {
  const found = page.frames().map((frame) => frame.getByRole("img", { name: "Leader" }).count());
  return (await Promise.all(found)).reduce((sum, count) => sum + count, 0);
};

test("one contender wears the crown; who resigns hands it over, by keyboard too", async () => {
  await using demo = await open("resign");
  const { page, card, complaints } = demo;
  const first = await demo.leader();
  expect(await crowns(demo)).toBe(1);
  await expect.poll(() => page.locator("#epoch").textContent()).toMatch(/^epoch \d+$/);
  await expect.poll(() => card(first).locator("#lease").textContent()).toMatch(/^\d\.\d s$/);

  await card(first).getByRole("button", { name: "Resign" }).focus();
  await page.keyboard.press("Enter");
  await demo.leader(first);
  expect(await crowns(demo)).toBe(1);
  await page.getByRole("log").getByText(`${first} no longer leads: resigned`).waitFor();
  expect(complaints).toEqual([]);
});

test("a dropped socket changes nothing; a frame that is closed, and a contender that goes offline, are succeeded", async () => {
  await using demo = await open("break");
  const { page, card } = demo;
  const first = await demo.leader();
  const epoch = await page.locator("#epoch").textContent();
  await card(first).getByRole("button", { name: "Drop socket" }).click();
  await page.getByRole("log").getByText(`${first} drops its socket`).waitFor();
  await card(first).getByText("Leads", { exact: true }).waitFor();
  await expect.poll(() => page.locator("#epoch").textContent()).toBe(epoch);

  await card(first).getByRole("button", { name: "Go offline" }).click();
  const second = await demo.leader(first);
  await page.getByRole("log").getByText(`${first} no longer leads: expired`).waitFor();
  await card(first).getByRole("button", { name: "Go offline", pressed: true }).click();
  await card(first).getByText("Waits").waitFor();

  await card(second).getByRole("button", { name: "Close" }).click();
  await demo.leader(second);
  await expect.poll(() => page.locator(`iframe[title="Contender ${second}"]`).count()).toBe(0);
  expect(await endingsOf(world.backend.url, "break")).toEqual([null, "closed", "expired"]);
});

test("[S6] a leader that freezes its event loop is succeeded, and its first question on waking is answered with no", async () => {
  await using demo = await open("freeze");
  const { page, card } = demo;
  const first = await demo.leader();
  // Frames of one host share their event loop: the one beside it is of the other host.
  await card(first).getByLabel("Seconds to freeze").fill(FREEZE_SECONDS);
  await card(first).getByRole("button", { name: "Freeze" }).click({ noWaitAfter: true });
  const thaws = `${first} thaws: its first call, isLeader(), returns false`;
  await page.getByRole("log").getByText(thaws).waitFor();
  const next = await demo.leader(first);
  // In order of time, the newest first: the next one led while the first one was still frozen.
  const lines = await page.getByRole("log").getByRole("listitem").allInnerTexts();
  const order = [thaws, `${next} leads`, `${first} freezes`].map((text) =>
    lines.findIndex((line) => line.includes(text)),
  );
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});

test("a contender in a tab of its own takes part, and more can be added", async () => {
  await using demo = await open("tabs");
  const { page } = demo;
  await demo.leader();
  const [tab] = await Promise.all([
    world.browser.context.waitForEvent("page"),
    page.getByRole("link", { name: "Open one in a new tab" }).click(),
  ]);
  await tab.getByText("Waits").waitFor();
  await page.bringToFront();
  await page.getByRole("button", { name: "Add a contender" }).click();
  await page.locator("iframe").last().contentFrame().getByText("Waits").waitFor();
  for (const title of await page
    .locator("iframe")
    .evaluateAll((all) => all.map((frame) => frame.getAttribute("title")))) {
    await page.frameLocator(`iframe[title="${title}"]`).getByRole("button", { name: "Close" }).click();
  }
  await tab.getByText("Leads").waitFor();
  await tab.bringToFront();
  await tab.getByRole("button", { name: "Close" }).click();
  await page.locator("#leader").getByText("Nobody leads").waitFor();
});

test.each(["light", "dark"] as const)(
  "every text of the page stands out in the %s scheme, and fits 380 pixels",
  async (colorScheme) => {
    await using demo = await open(`looks-${colorScheme}`, 380);
    const { page } = demo;
    // Without motion there are no colors in between.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await demo.leader();
    for (const frame of page.frames()) {
      expect(await frame.evaluate(faintTexts)).toEqual([]);
      expect(await frame.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    }
  },
);

test("the pages run no inline code, and what is not there is not found", async () => {
  const page = await fetch(`${world.backend.url}/demo`);
  expect(page.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("Content-Security-Policy")).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self';/,
  );
  expect(page.headers.get("Content-Security-Policy")).not.toContain("unsafe");
  expect((await fetch(`${world.backend.url}/demo/nothing.js`)).status).toBe(404);
});
