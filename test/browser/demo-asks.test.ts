/** The pages that take part, opened by a page of another site. */
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { setting } from "./setting.ts";

const world = setting({ leaseMs: 10_000 });
const pages: Page[] = [];
afterEach(() => Promise.all(pages.splice(0).map((page) => page.close())));

/** A page of another site: the backend's name is 127.0.0.1. */
async function openElsewhere(): Promise<Page> {
  const page = await world.browser.context.newPage();
  pages.push(page);
  await page.goto(world.site.url("elsewhere", {}, "localhost"));
  return page;
}

const sessionsOf = async (group: string): Promise<number> => (await statusOf(world.backend.url, group)).sessions;

test.each([
  ["/demo/contender", "Leads"],
  ["/demo", "leads"],
])("%s, to which another site sends a visitor, takes part only at the press of a button", async (path, sign) => {
  const group = `sent${path.replaceAll("/", "-")}`;
  const page = await openElsewhere();
  const address = `${world.backend.url}${path}?group=${group}&name=Ada#token=t`;
  let sockets = 0;
  page.on("websocket", () => sockets++);
  await Promise.all([page.waitForURL(address), page.evaluate((to) => location.assign(to), address)]);
  await page.getByRole("heading", { name: "Take part?" }).waitFor();
  await expect.poll(() => page.locator("#group").textContent()).toBe(group);
  // All of its scripts have run.
  expect(sockets).toBe(0);
  expect(await sessionsOf(group)).toBe(0);

  await page.getByRole("button", { name: "Take part" }).click();
  await page.getByText(sign).first().waitFor();
  expect(page.url()).toBe(address);
  await expect.poll(() => sessionsOf(group)).toBeGreaterThan(0);
});

test("a person who types the address, and a link of this site, are not asked", async () => {
  const page = await world.browser.context.newPage();
  pages.push(page);
  await page.goto(`${world.backend.url}/demo/contender?group=typed`);
  await page.getByText("Leads").waitFor();
  await page.goto(`${world.backend.url}/`);
  await page.getByRole("link", { name: "Demo", exact: true }).click();
  await page.getByRole("heading", { name: "One leader" }).waitFor();
});

test("a site that opens a page gets no hold on its window, and can't show it in a frame", async () => {
  const page = await openElsewhere();
  for (const path of ["/", "/demo", "/demo/contender"]) {
    const address = `${world.backend.url}${path}?group=held`;
    const [opened] = await Promise.all([
      world.browser.context.waitForEvent("page"),
      page.evaluate((to) => Reflect.set(window, "held", open(to)), address),
    ]);
    pages.push(opened);
    const heading = (await opened.getByRole("heading").first().textContent()) ?? "none";
    // The browser tells it once it has moved the page to a process of its own.
    await expect.poll(() => page.evaluate(() => Reflect.get(window, "held").closed), { message: path }).toBe(true);
    expect([path, await opened.evaluate(() => window.opener)]).toEqual([path, null]);

    await page.evaluate((to) => {
      const frame = document.createElement("iframe");
      frame.src = to;
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
      document.body.replaceChildren(frame);
      return loaded;
    }, address);
    // A browser may show a page of its own there, with a heading that says so.
    expect([path, await page.frames().at(-1)?.getByRole("heading", { name: heading }).count()]).toEqual([path, 0]);
  }
  expect((await statusOf(world.backend.url, "held")).elections).toEqual([]);
});
