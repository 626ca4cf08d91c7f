/** The dashboard's lists, timeline and history, what it looks like, and what it survives. */
import { createServer } from "node:http";
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { connectPeer } from "../../tools/harness/socket-peer.ts";
import { type Client, Dashboards, isMarked, LEASE_MS, leads, mark } from "./dashboards.ts";
import { faintTexts } from "./faint-texts.ts";

/** More than the history route gives without a limit. */
const ENDED_TERMS = 104;
const dashboards = new Dashboards();

const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test("of many elections the first page is shown, and a button adds the next", async () => {
  const contenders = Array.from({ length: 101 }, (_, index) => ({
    component: `c${index}`,
    election: "dedicated" as const,
  }));
  const peer = await connectPeer({ url: dashboards.world.backend.url, group: "many" });
  await peer.hello({ contenders });
  await using opened = await dashboards.open("many");
  const { page, complaints } = opened;
  await page.getByText("101 elections ·").waitFor();
  const rows = page.locator("#rows > li");
  await expect.poll(() => rows.count()).toBe(100);
  await page.getByRole("button", { name: "Show more than 100 of 101 elections" }).click();
  await expect.poll(() => rows.count()).toBe(101);
  await page.locator("#more-elections").waitFor({ state: "hidden" });
  expect(complaints).toEqual([]);
  peer.drop();
});

test("after a lost connection the page says so, recovers by itself, and says so", async () => {
  await using folder = await temporaryFolder();
  const settings = { dataDir: folder.path, bindings: { OPEN_MODE: "loopback", LEASE_MS: String(LEASE_MS) } };
  let backend: LocalBackend = await startLocalBackend(settings);
  const { url, port } = backend;
  try {
    await using opened = await dashboards.open("lost", { url });
    const { page } = opened;
    const a = dashboards.run("lost", { process: { name: "A" }, url });
    await leads(page, "A");
    await page.locator("#connection").getByText("Live").waitFor();
    await mark(page);
    await backend.kill();
    await page
      .getByRole("status")
      .getByText(/^Connection lost. What you see is from /)
      .waitFor();
    // What is not known can't be ordered, and the page says so.
    await page.getByRole("button", { name: "Step down, Process election" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Step down" }).click();
    await page
      .getByRole("dialog")
      .getByText(/^The backend could not be reached/)
      .waitFor();
    await page.keyboard.press("Escape");

    backend = await startLocalBackend({ ...settings, port });
    await page
      .getByRole("status")
      .getByText(/^Connected again after /)
      .waitFor();
    await page.locator("#connection").getByText("Live").waitFor();
    // The first to come leads: B is to queue up behind A, which comes back in its own time.
    const isBack = ({ status, leads: led }: ReturnType<Client["health"]>): boolean => status === "ok" && led.length > 0;
    await expect.poll(() => isBack(a.health())).toBe(true);
    const { epoch } = await statusOf(url, "lost");
    dashboards.run("lost", { process: { name: "B" }, url });
    await page.locator(".queue").getByText("B", { exact: true }).waitFor();
    expect(epoch).toBeGreaterThan(0);
    expect(await isMarked(page)).toBe(true);
  } finally {
    await dashboards.closeClients();
    await backend.stop();
  }
});

test("hostile names and metadata are shown as text, and break neither the page nor its layout", async () => {
  const image = `<img src=x onerror="document.body.dataset.owned='yes'">`;
  await using opened = await dashboards.open("hostile", { width: 360 });
  const { page, complaints } = opened;
  const metadata = { "<b>k</b>": "<script>document.body.dataset.owned='yes'</script>", long: "x".repeat(1_000) };
  dashboards.run("hostile", { process: { name: image, address: "javascript:alert(1)", metadata } });
  await leads(page, image);
  const names = ["\u202egro.live", "W".repeat(128), "👩‍👩‍👧 ملف", "a\tb\nc", "\u2066\u2067open"];
  for (const name of names) dashboards.run("hostile", { process: { name } });
  await page.getByText(`Queue: ${names.length} ready`).waitFor();
  await page.locator(".published").getByText("javascript:alert(1)").waitFor();
  const shown = await page.locator(".queue li bdi").allTextContents();
  expect(shown.toSorted()).toEqual(
    ["‹U+202E›gro.live", "W".repeat(128), "👩‍👩‍👧 ملف", "a‹U+0009›b‹U+000A›c", "‹U+2066›‹U+2067›open"].toSorted(),
  );
  await page.getByRole("button", { name: "Step down, Process election" }).click();
  await page.getByRole("dialog", { name: `Ask ${image} to step down?` }).waitFor();
  for (const width of [360, 1_200]) {
    await page.setViewportSize({ width, height: 1_000 });
    expect(await sideways(page)).toBeLessThanOrEqual(0);
  }
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect.poll(() => page.locator(".card img, .card script, .card a, table img, .lane img").count()).toBe(1); // the crown
  expect(await page.evaluate(() => document.body.dataset["owned"])).toBeUndefined();
  expect(complaints).toEqual([]);
});

test.each(["light", "dark"] as const)(
  "every text stands out in the %s scheme, and fits 360 pixels, dialogs and banners included",
  async (colorScheme) => {
    const group = `looks-${colorScheme}`;
    await using opened = await dashboards.open(group, { width: 360 });
    const { page } = opened;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await dashboards.runInOrder(page, group, ["A", "B"]);
    await fetch(`${dashboards.world.backend.url}/v1/groups/${group}/elections/process/revoke`, { method: "POST" });
    await fetch(`${dashboards.world.backend.url}/v1/groups/${group}/pause`, { method: "POST" });
    await page.locator("#terms tr").nth(1).getByText("revoked").waitFor();
    await page.locator("#paused").waitFor();
    const check = async (): Promise<void> => {
      expect(await page.evaluate(faintTexts)).toEqual([]);
      expect(await sideways(page)).toBeLessThanOrEqual(0);
    };
    await check();
    await page.getByRole("button", { name: "Step down, Process election" }).click();
    await page.getByRole("dialog").waitFor();
    await check();
    await page.keyboard.press("Escape");
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper).toBe(colorScheme === "light" ? "rgb(251, 250, 247)" : "rgb(20, 19, 17)");
    await page.goto(dashboards.world.backend.url);
    await page.locator("#fleet").getByRole("link", { name: group }).waitFor();
    await check();
  },
);

test("beyond 12 elections each has a row, in natural order, which opens its card and closes it again", async () => {
  await using opened = await dashboards.open("rows", { width: 390 });
  const { page, complaints } = opened;
  const client = dashboards.run("rows", { process: { name: "A" } });
  const jobs = Array.from({ length: 12 }, (_, index) => `job${index + 1}`);
  for (const job of jobs.slice(0, 11)) client.contend(job, {}, { election: "dedicated" });
  await expect.poll(() => page.locator("#elections .card").count()).toBe(12);
  client.contend("job12", {}, { election: "dedicated" });
  await page.locator("#compact").waitFor();
  await expect.poll(() => page.locator("#rows .row-title").allTextContents()).toEqual(["Process election", ...jobs]);
  await expect.poll(() => page.locator("#elections .card").count()).toBe(0);
  const row = page.locator("#rows > li").nth(11);
  await row.locator("[data-part=leader]").getByText("A", { exact: true }).waitFor();
  await row.getByRole("button").first().click();
  await leads(page, "A", row.locator(".card"));
  await row.getByRole("button", { name: "Step down, job11" }).waitFor();
  expect(await sideways(page)).toBeLessThanOrEqual(0);
  const lines = page.locator(".facts .whole").evaluateAll((all) => all.map((one) => one.getClientRects().length));
  expect(await lines).toEqual([1, 1, 1, 1]);
  await row.getByRole("button").first().click();
  await row.locator(".card").waitFor({ state: "hidden" });
  expect(complaints).toEqual([]);
});

test("[I3] all groups are listed at `/`, those without a leader first; the filter and the links work", async () => {
  for (const name of ["fleet-10", "fleet-2"]) dashboards.run(name, { process: { name: `leader of ${name}` } });
  const muted = await connectPeer({ url: dashboards.world.backend.url, group: "fleet-30" });
  await muted.hello({ contenders: [{ component: "dispatcher" }], busy: ["process"] });
  await using opened = await dashboards.open("");
  const { page, complaints } = opened;
  await page.goto(dashboards.world.backend.url);
  await page.getByRole("searchbox", { name: "Filter by name" }).fill("FLEET-");
  const names = page.locator("#fleet-list .row-title");
  await page.locator("#fleet-facts").getByText("3 groups · 1 without a leader").waitFor();
  await expect.poll(() => names.allTextContents()).toEqual(["fleet-30", "fleet-2", "fleet-10"]);
  await page.locator("#fleet-list").getByText("leader of fleet-10", { exact: true }).waitFor();
  await page.getByRole("searchbox", { name: "Filter by name" }).fill("nobody has such a name");
  await page.getByText("No group has such a name.").waitFor();
  await page.getByRole("searchbox", { name: "Filter by name" }).fill("fleet-2");
  await page
    .locator("#fleet-list")
    .getByRole("link", { name: /^fleet-2 / })
    .click();
  await leads(page, "leader of fleet-2");
  muted.drop();
  expect(complaints).toEqual([]);
});

test("[E19] under a path, here one that a proxy cuts off, the list and a group are asked for below that path", async () => {
  dashboards.run("mounted", { process: { name: "A" } });
  const outside: string[] = [];
  await using proxy = await listen(
    createServer(async ({ url = "" }, response) => {
      if (!url.startsWith("/elections/")) outside.push(url);
      const answer = await fetch(dashboards.world.backend.url + url.slice("/elections".length));
      response.writeHead(answer.status, { "Content-Type": answer.headers.get("Content-Type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    }),
  );
  await using opened = await dashboards.open("");
  const { page } = opened;
  await page.goto(`${proxy.url}/elections/`);
  await page.getByRole("searchbox", { name: "Filter by name" }).fill("mounted");
  await page
    .locator("#fleet-list")
    .getByRole("link", { name: /^mounted / })
    .click();
  await leads(page, "A");
  expect(new URL(page.url()).pathname).toBe("/elections/");
  await page.getByRole("link", { name: "Groups" }).click();
  await page.locator("#start").waitFor();
  expect(outside.filter((url) => url !== "/favicon.ico")).toEqual([]);
});

test("[O11] a group that holds off says for how long", async () => {
  const group = "holding-off";
  await using opened = await dashboards.open(group);
  const { page } = opened;
  dashboards.run(group, { process: { name: "A" } });
  await leads(page, "A");
  await fetch(`${dashboards.world.backend.url}/v1/groups/${group}?force=true`, { method: "DELETE" });
  await page
    .locator("#holding-off")
    .getByText(/^Holds off for \d+\.\d\ss\./)
    .waitFor();
  await page.locator(".card .chip").getByText("on hold").waitFor();
  const shown = (): Promise<string | null> => page.locator("#holding-off-for").textContent();
  const first = await shown();
  await expect.poll(shown).not.toBe(first);
});

test("the timeline zooms by keys, buttons and wheel, and its terms can be read one after the other", async () => {
  await using opened = await dashboards.open("timeline");
  const { page } = opened;
  const a = dashboards.run("timeline", { process: { name: "A" } });
  await leads(page, "A");
  dashboards.run("timeline", { process: { name: "B" } });
  await page.locator(".queue").getByText("B", { exact: true }).waitFor();
  await a.resign();
  await leads(page, "B");
  const old = page.locator(".bar[data-kind=resigned]");
  await old.waitFor();
  const detail = page.locator("#timeline-detail");
  const timeline = page.getByRole("application", { name: /^Terms/ });
  await timeline.focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => detail.textContent()).toMatch(/B leads now$/);
  // Zoomed to the end of time, what is over is out of view, until it is asked for.
  for (let presses = 0; presses < 12; presses++) await page.keyboard.press("+");
  await expect.poll(() => old.count()).toBe(0);
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => detail.textContent()).toMatch(/A led for .*, resigned$/);
  await old.waitFor();
  await page.keyboard.press("0");
  const width = async (): Promise<number> => (await old.boundingBox())?.width ?? 0;
  const whole = await width();
  await old.hover();
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -200);
  await page.keyboard.up("Control");
  await expect.poll(width).toBeGreaterThan(whole);

  const button = (name: string): Locator => page.getByRole("button", { name, exact: true });
  const pressUntilDone = async (name: string): Promise<void> => {
    for (let presses = 0; presses < 20; presses++) {
      if ((await button(name).getAttribute("aria-disabled")) === "true") return;
      await button(name).click();
    }
    throw new Error(`${name} comes to no end`);
  };
  await button("All").click();
  await button("Zoom in").click();
  await expect.poll(() => button("All").getAttribute("aria-disabled")).toBe("false");
  await pressUntilDone("Earlier");
  await pressUntilDone("Later");
  // Time goes on: what was all of it may be a part by now.
  await expect
    .poll(async () => {
      await button("Zoom out").click();
      return button("All").getAttribute("aria-disabled");
    })
    .toBe("true");
});

test("the history is shown a page at a time; terms before the first hundred are asked for", async () => {
  const group = "long";
  dashboards.run(group, { process: { name: "A" } });
  const stepDown = `${dashboards.world.backend.url}/v1/groups/${group}/elections/process/revoke`;
  for (let ended = 0; ended < ENDED_TERMS; ended++) {
    await expect
      .poll(async () => (await dashboards.status(group)).elections[0]?.state, { interval: 5 })
      .toBe("leading");
    expect((await fetch(stepDown, { method: "POST" })).status).toBe(200);
  }
  await using opened = await dashboards.open(group); // now, so that the first hundred are what it gets first
  const { page } = opened;
  const rows = page.locator("#terms tr");
  const more = page.locator("#more-terms");
  await more.waitFor();
  await expect.poll(() => rows.count()).toBe(10);
  await more.click();
  await expect.poll(() => rows.count()).toBe(60);
  // They are asked for while an earlier answer is still under way.
  const [asked, passes] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await page.route("**/history", async (route) => {
    asked.resolve();
    await passes.promise;
    await route.continue();
  });
  expect((await fetch(stepDown, { method: "POST" })).status).toBe(200);
  await asked.promise;
  await more.click();
  passes.resolve();
  await expect.poll(() => rows.count()).toBe(ENDED_TERMS + 2);
  await more.waitFor({ state: "hidden" });
});

test("groups are opened by name; the address and this browser keep names, and neither keeps a token", async () => {
  await using opened = await dashboards.open("first");
  const { page } = opened;
  await page.getByRole("link", { name: "Groups" }).click();
  const field = page.getByRole("textbox", { name: "Group" });
  await field.fill("not a name");
  await field.press("Enter");
  await page.getByText(/^A group's name is 1-128 characters/).waitFor();
  await field.fill("team/second");
  await field.press("Enter");
  await page.getByRole("heading", { name: "team/second" }).waitFor();
  expect(new URL(page.url()).searchParams.get("group")).toBe("team/second");
  await page.goBack();
  await page.locator("#recent").getByRole("link", { name: "team/second" }).waitFor();
  expect(await page.locator("#recent a").allInnerTexts()).toEqual(expect.arrayContaining(["team/second", "first"]));
  // The longest name there is does not push everything else off the screen.
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`${dashboards.world.backend.url}/?group=${"long-".repeat(25)}end`);
  const title = page.locator("#group-title");
  await title.getByText(/^long-/).waitFor();
  const lines = await title.evaluate(
    (head) => head.clientHeight / Number.parseFloat(getComputedStyle(head).lineHeight),
  );
  expect(Math.round(lines)).toBe(3);
  await page.goto(dashboards.world.backend.url);
  await page.getByRole("button", { name: "Clear list" }).click();
  await page.locator("#recent-section").waitFor({ state: "hidden" });
  expect(await page.evaluate(() => localStorage.getItem("edge-election.groups"))).toBe("[]");
});
