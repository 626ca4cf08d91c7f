/** The dashboard, as an operator uses it: real processes' clients here in Node, a real backend, a real browser. */

import { createServer } from "node:http";
import type { Locator, Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { createElectionClient } from "../../client/node/index.ts";
import type { GroupStatus } from "../../shared/protocol/status.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { connectPeer } from "../../tools/harness/socket-peer.ts";
import { faintTexts } from "./faint-texts.ts";
import { setting } from "./setting.ts";

/** Long: nothing here waits for its end, and no leader is to lose it on a busy machine. */
const LEASE_MS = 10_000;
const CROWD = 200;
/** As many as a status lists of those who wait. */
const LISTED = 100;
/** More than the history route gives without a limit. */
const ENDED_TERMS = 104;
const world = setting({ leaseMs: LEASE_MS });

type Client = ReturnType<typeof createElectionClient>;
type Process = NonNullable<Parameters<typeof createElectionClient>[0]["process"]>;

const clients: Client[] = [];
const closeClients = () => Promise.all(clients.splice(0).map((client) => client.close()));
afterEach(closeClients);

interface RunOptions {
  readonly process: Process;
  readonly url?: string;
}

/** A process that runs for leadership, and publishes its address when it leads. */
function run(group: string, { process, url = world.backend.url }: RunOptions): Client {
  const client = createElectionClient({ url, group, process, signals: false });
  client.contend("dispatcher", { onGrant: (leadership) => leadership.confirm(), onError: () => undefined });
  clients.push(client);
  return client;
}

/** They queue up in this order. */
async function runInOrder(page: Page, group: string, names: readonly string[], url?: string): Promise<void> {
  for (const [index, name] of names.entries()) {
    run(group, { process: { name }, ...(url !== undefined && { url }) });
    if (index === 0) await leads(page, name);
    else
      await page
        .locator(".queue li")
        .nth(index - 1)
        .getByText(name, { exact: true })
        .waitFor();
  }
}

interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** What the browser has complained about: errors, and what the content policy forbids. */
  readonly complaints: readonly string[];
}

async function open(group: string, { width = 1_200, url = world.backend.url } = {}): Promise<Opened> {
  const page = await world.browser.context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  page.on("pageerror", (error) => void complaints.push(error.message));
  await page.setViewportSize({ width, height: 1_000 });
  await page.goto(`${url}/?group=${group}`);
  return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
}

const leads = (page: Page, name: string, card = page.locator(".card").first()): Promise<void> =>
  card.locator(".leader").getByText(name, { exact: true }).waitFor();

const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

const status = (group: string): Promise<GroupStatus> => statusOf(world.backend.url, group);

/** Reload, and this is gone. */
const mark = (page: Page): Promise<void> =>
  page.evaluate(() => document.documentElement.setAttribute("data-marked", "yes"));
const isMarked = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.hasAttribute("data-marked"));

test("[E15] a hand-over appears without a reload: card, queue, announcement, timeline and history", async () => {
  await using opened = await open("hand-over");
  const { page, complaints } = opened;
  await page.getByText("Nobody contends in this group").waitFor();
  await mark(page);
  const first = run("hand-over", { process: { name: "A", address: "10.0.0.1", metadata: { zone: "eu" } } });
  await leads(page, "A");
  const card = page.locator(".card");
  await card.getByText("10.0.0.1").waitFor();
  await expect.poll(() => card.locator(".metadata").textContent()).toMatch(/zone\s+eu/);
  run("hand-over", { process: { name: "B" } });
  await card.locator(".queue").getByText("B", { exact: true }).waitFor();

  await first.resign();
  await leads(page, "B");
  const { epoch, deployment } = await status("hand-over");
  await page.locator("#group-facts").getByText(`deployment ${deployment}`).waitFor();
  await page.locator("#news").getByText(`B leads the process election, epoch ${epoch}.`).waitFor();
  await card.locator(".queue").getByText("A", { exact: true }).waitFor();
  await page.locator("#terms tr").nth(1).getByText("resigned").waitFor();
  expect(await page.locator("#terms tr [data-part=process]").allInnerTexts()).toEqual(["B", "A"]);
  const kinds = () => page.locator(".bar").evaluateAll((bars) => bars.map((bar) => bar.getAttribute("data-kind")));
  await expect.poll(kinds).toEqual(["running", "resigned"]);
  expect(await isMarked(page)).toBe(true);
  expect(complaints).toEqual([]);
});

test("the lease is counted down between look-ups, and is full again when it was renewed", async () => {
  await using opened = await open("lease");
  const { page } = opened;
  run("lease", { process: { name: "A" } });
  await leads(page, "A");
  const values = await page.locator(".lease progress").evaluate(async (bar: HTMLProgressElement) => {
    const seen: number[] = [];
    const isThere = (): boolean => {
      const falls = seen.some((value, index) => value < (seen[index - 1] ?? 0));
      const rises = seen.some((value, index) => index > 0 && value > (seen[index - 1] ?? 0));
      return falls && rises;
    };
    while (!isThere()) {
      await new Promise(requestAnimationFrame);
      if (seen.at(-1) !== bar.value) seen.push(bar.value);
    }
    return seen;
  });
  expect(Math.max(...values)).toBeLessThanOrEqual(LEASE_MS);
});

test("a page that is not seen looks nothing up, and looks at once when it is seen again", async () => {
  await using hidden = await open("hidden");
  run("hidden", { process: { name: "A" } });
  await leads(hidden.page, "A");
  const see = (isSeen: boolean): Promise<void> =>
    hidden.page.evaluate((seen) => {
      Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isSeen);
  await see(false);
  await using seen = await open("hidden");
  await leads(seen.page, "A");
  let lookUps = 0;
  hidden.page.on("request", () => lookUps++);
  run("hidden", { process: { name: "B" } });
  await seen.page.locator(".queue").getByText("B", { exact: true }).waitFor();
  // Beside it, a page that is seen has looked some times: long enough for one that would look too.
  for (let times = 0; times < 3; times++) await seen.page.waitForResponse(/groups\/hidden$/);
  expect(lookUps).toBe(0);
  await expect.poll(() => hidden.page.locator(".queue li").count()).toBe(0);
  await see(true);
  await hidden.page.locator(".queue").getByText("B", { exact: true }).waitFor();
});

test("nothing of one group stays on the page of the next", async () => {
  await using opened = await open("one");
  const { page } = opened;
  run("one", { process: { name: "A" } });
  run("two", { process: { name: "B" } });
  await leads(page, "A");
  await page.getByRole("button", { name: "Step down, Process election" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Step down" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page
    .locator(".card .outcome")
    .getByText(/^A has stepped down/)
    .waitFor();
  await page.getByRole("link", { name: "Groups" }).click();
  await page.getByRole("textbox", { name: "Group" }).fill("two");
  await page.keyboard.press("Enter");
  await leads(page, "B");
  await expect.poll(() => page.locator(".card .outcome").textContent()).toBe("");
  await expect.poll(() => page.locator("#terms tr [data-part=process]").allTextContents()).toEqual(["B"]);
});

test("step down by keyboard alone: a question first, the outcome afterwards, and the focus back on the button", async () => {
  await using opened = await open("keyboard");
  const { page, complaints } = opened;
  await runInOrder(page, "keyboard", ["A", "B"]);
  const focused = (): Promise<string | null> =>
    page.evaluate(
      () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? null,
    );
  const tabTo = async (name: string): Promise<void> => {
    for (let tabs = 0; tabs < 30; tabs++) {
      if ((await focused())?.trim() === name) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab does not lead to ${name}`);
  };
  await tabTo("Step down, Process election");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Ask A to step down?" });
  await dialog.getByText("B is next.").waitFor();
  expect(await focused()).toBe("Cancel");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect((await status("keyboard")).elections[0]?.leader?.process).toBe("A");
  expect(await focused()).toBe("Step down, Process election");

  await page.keyboard.press("Enter");
  await dialog.waitFor();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type("by hand");
  await tabTo("Step down");
  await page.keyboard.press("Enter");
  await page
    .getByRole("dialog")
    .getByText(/^A handed over to B, which took over with epoch \d+, after /)
    .waitFor();
  expect(await focused()).toBe("Close");
  await page.keyboard.press("Enter");
  await leads(page, "B");
  expect(await focused()).toBe("Step down, Process election");
  await page
    .locator(".card .outcome")
    .getByText(/^A handed over to B/)
    .waitFor();
  const row = page.locator("#terms tr").nth(1);
  await row.getByText("revoked").waitFor();
  await expect.poll(() => row.locator("[data-part=note]").textContent()).toBe("by hand");
  expect(complaints).toEqual([]);
});

test("transfer: whom the operator chooses leads, past the queue", async () => {
  await using opened = await open("transfer");
  const { page } = opened;
  await runInOrder(page, "transfer", ["A", "B", "C"]);
  await page.getByRole("button", { name: "Transfer, Process election" }).click();
  const dialog = page.getByRole("dialog", { name: "Transfer the process election?" });
  const options = await dialog.getByLabel("Successor").locator("option").allInnerTexts();
  expect(options.map((option) => option.split(" ")[0])).toEqual(["B", "C"]);
  await dialog.getByLabel("Successor").selectOption({ label: options[1] ?? "" });
  await dialog.getByRole("button", { name: "Transfer" }).click();
  const done = page.getByRole("dialog", { name: "Transferred" });
  await done.getByText(/^A handed over to C/).waitFor();
  await done.getByRole("button", { name: "Close" }).click();
  await leads(page, "C");
  await page.locator("#terms").getByText("transferred").waitFor();
});

test("transfer: a chosen process that does not answer is passed over, and the page shows it", async () => {
  // The chosen process is granted the election by what it has stated, and takes it from the others for a lease.
  await using backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback", LEASE_MS: "4000" } });
  const { url } = backend;
  await using opened = await open("deaf", { url });
  const { page } = opened;
  await runInOrder(page, "deaf", ["A", "B"], url);
  const deaf = await connectPeer({ url, group: "deaf" });
  await deaf.hello({ process: { name: "deaf" } });
  deaf.send({ type: "register", component: "dispatcher" });
  await page.locator(".queue").getByText("deaf", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Transfer, Process election" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Successor").selectOption({ index: 1 });
  await dialog.getByRole("button", { name: "Transfer" }).click();
  await dialog.getByText(/^A handed over to B, .* deaf was passed over: it did not take over\.$/).waitFor();
  deaf.drop();
  await closeClients(); // before their backend goes
});

test("pause: the leader goes on, nobody takes over, and the page says why; resume grants at once", async () => {
  await using opened = await open("pause");
  const { page } = opened;
  const a = run("pause", { process: { name: "A" } });
  await leads(page, "A");
  await page.getByRole("button", { name: "Pause group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").getByText("You have paused the group.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.locator("#paused").waitFor();
  await leads(page, "A");
  run("pause", { process: { name: "B" } });
  await page.locator(".queue").getByText("B", { exact: true }).waitFor();
  await a.close();
  await page.getByText("The group is paused: nobody is granted it until it is resumed.").waitFor();
  await page.getByRole("button", { name: "Resume group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await leads(page, "B");
  await page.locator("#paused").waitFor({ state: "hidden" });
  // The time without a leader is there to be seen, and to be read.
  await page.locator(".gap").click();
  await page
    .locator("#timeline-detail")
    .getByText(/^Process election: nobody led for /)
    .waitFor();
});

test("200 sessions: the queue is folded, unfolds, and keeps its scroll and focus while it changes", async () => {
  await using opened = await open("crowd");
  const { page, complaints } = opened;
  run("crowd", { process: { name: "leader" } });
  await leads(page, "leader");
  const waiting = new Map<string, Client>();
  for (let index = 1; index < CROWD; index++) {
    waiting.set(`process ${index}`, run("crowd", { process: { name: `process ${index}` } }));
  }
  await page.getByText(`Queue: ${CROWD - 1} ready`).waitFor();
  const queue = page.locator(".queue");
  await expect.poll(() => queue.locator("li").count()).toBe(5);
  const more = page.locator(".card [data-part=more]");
  await expect.poll(() => more.textContent()).toBe(`Show the first ${LISTED}`);
  await more.click();
  await expect.poll(() => queue.locator("li").count()).toBe(LISTED);
  await queue.evaluate((list) => {
    list.scrollTop = 1_000;
    list.querySelectorAll("li")[40]?.setAttribute("data-kept", "yes");
  });
  const kept = queue.locator("li[data-kept]");
  const rowOfList = (): Promise<{ readonly top: number; readonly height: number }> =>
    kept.evaluate((item) => {
      const { top, height } = item.getBoundingClientRect();
      return { top: top - (item.parentElement?.getBoundingClientRect().top ?? 0), height };
    });
  const before = await rowOfList();
  // The first one leaves: what is read further down stays where it is, and is the same element.
  const first = (await queue.locator("li bdi").first().textContent()) ?? "";
  await waiting.get(first)?.close();
  await page.getByText(`Queue: ${CROWD - 2} ready`).waitFor();
  await expect.poll(() => queue.locator("li bdi").first().textContent()).not.toBe(first);
  expect(await queue.evaluate((list) => list.scrollTop)).toBeGreaterThan(0);
  // Where it was in the list: a row that leaves above it would have moved it by a row.
  await expect.poll(async () => Math.abs((await rowOfList()).top - before.top)).toBeLessThan(before.height / 2);
  expect(await more.evaluate((button) => button === document.activeElement)).toBe(true);
  await more.click();
  await expect.poll(() => queue.locator("li").count()).toBe(5);
  expect(complaints).toEqual([]);
});

test("of many elections the first page is shown, and a button adds the next", async () => {
  const contenders = Array.from({ length: 101 }, (_, index) => ({
    component: `c${index}`,
    election: "dedicated" as const,
  }));
  const peer = await connectPeer({ url: world.backend.url, group: "many" });
  await peer.hello({ contenders });
  await using opened = await open("many");
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
    await using opened = await open("lost", { url });
    const { page } = opened;
    const a = run("lost", { process: { name: "A" }, url });
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
    run("lost", { process: { name: "B" }, url });
    await page.locator(".queue").getByText("B", { exact: true }).waitFor();
    expect(epoch).toBeGreaterThan(0);
    expect(await isMarked(page)).toBe(true);
  } finally {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await backend.stop();
  }
});

test("hostile names and metadata are shown as text, and break neither the page nor its layout", async () => {
  const image = `<img src=x onerror="document.body.dataset.owned='yes'">`;
  await using opened = await open("hostile", { width: 360 });
  const { page, complaints } = opened;
  const metadata = { "<b>k</b>": "<script>document.body.dataset.owned='yes'</script>", long: "x".repeat(1_000) };
  run("hostile", { process: { name: image, address: "javascript:alert(1)", metadata } });
  await leads(page, image);
  const names = ["\u202egro.live", "W".repeat(128), "👩‍👩‍👧 ملف", "a\tb\nc", "\u2066\u2067open"];
  for (const name of names) run("hostile", { process: { name } });
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
    await using opened = await open(group, { width: 360 });
    const { page } = opened;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await runInOrder(page, group, ["A", "B"]);
    await fetch(`${world.backend.url}/v1/groups/${group}/elections/process/revoke`, { method: "POST" });
    await fetch(`${world.backend.url}/v1/groups/${group}/pause`, { method: "POST" });
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
    await page.goto(world.backend.url);
    await page.locator("#fleet").getByRole("link", { name: group }).waitFor();
    await check();
  },
);

test("beyond 12 elections each has a row, in natural order, which opens its card and closes it again", async () => {
  await using opened = await open("rows", { width: 390 });
  const { page, complaints } = opened;
  const client = run("rows", { process: { name: "A" } });
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
  for (const name of ["fleet-10", "fleet-2"]) run(name, { process: { name: `leader of ${name}` } });
  const muted = await connectPeer({ url: world.backend.url, group: "fleet-30" });
  await muted.hello({ contenders: [{ component: "dispatcher" }], busy: ["process"] });
  await using opened = await open("");
  const { page, complaints } = opened;
  await page.goto(world.backend.url);
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
  run("mounted", { process: { name: "A" } });
  const outside: string[] = [];
  await using proxy = await listen(
    createServer(async ({ url = "" }, response) => {
      if (!url.startsWith("/elections/")) outside.push(url);
      const answer = await fetch(world.backend.url + url.slice("/elections".length));
      response.writeHead(answer.status, { "Content-Type": answer.headers.get("Content-Type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    }),
  );
  await using opened = await open("");
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
  await using opened = await open(group);
  const { page } = opened;
  run(group, { process: { name: "A" } });
  await leads(page, "A");
  await fetch(`${world.backend.url}/v1/groups/${group}?force=true`, { method: "DELETE" });
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
  await using opened = await open("timeline");
  const { page } = opened;
  const a = run("timeline", { process: { name: "A" } });
  await leads(page, "A");
  run("timeline", { process: { name: "B" } });
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
  run(group, { process: { name: "A" } });
  const stepDown = `${world.backend.url}/v1/groups/${group}/elections/process/revoke`;
  for (let ended = 0; ended < ENDED_TERMS; ended++) {
    await expect.poll(async () => (await status(group)).elections[0]?.state, { interval: 5 }).toBe("leading");
    expect((await fetch(stepDown, { method: "POST" })).status).toBe(200);
  }
  await using opened = await open(group); // now, so that the first hundred are what it gets first
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
  await using opened = await open("first");
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
  await page.goto(`${world.backend.url}/?group=${"long-".repeat(25)}end`);
  const title = page.locator("#group-title");
  await title.getByText(/^long-/).waitFor();
  const lines = await title.evaluate(
    (head) => head.clientHeight / Number.parseFloat(getComputedStyle(head).lineHeight),
  );
  expect(Math.round(lines)).toBe(3);
  await page.goto(world.backend.url);
  await page.getByRole("button", { name: "Clear list" }).click();
  await page.locator("#recent-section").waitFor({ state: "hidden" });
  expect(await page.evaluate(() => localStorage.getItem("edge-election.groups"))).toBe("[]");
});
