/** The dashboard of one group, as an operator uses it: real processes' clients here in Node, a real backend, a real browser. */
import { expect, test } from "vitest";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { connectPeer } from "../../tools/harness/socket-peer.ts";
import { type Client, Dashboards, isMarked, LEASE_MS, leads, mark } from "./dashboards.ts";

const CROWD = 200;
/** As many as a status lists of those who wait. */
const LISTED = 100;
const dashboards = new Dashboards();

test("[E15] a hand-over appears without a reload: card, queue, announcement, timeline and history", async () => {
  await using opened = await dashboards.open("hand-over");
  const { page, complaints } = opened;
  await page.getByText("Nobody contends in this group").waitFor();
  await mark(page);
  const first = dashboards.run("hand-over", { process: { name: "A", address: "10.0.0.1", metadata: { zone: "eu" } } });
  await leads(page, "A");
  const card = page.locator(".card");
  await card.getByText("10.0.0.1").waitFor();
  await expect.poll(() => card.locator(".metadata").textContent()).toMatch(/zone\s+eu/);
  dashboards.run("hand-over", { process: { name: "B" } });
  await card.locator(".queue").getByText("B", { exact: true }).waitFor();

  await first.resign();
  await leads(page, "B");
  const { epoch, deployment } = await dashboards.status("hand-over");
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
  await using opened = await dashboards.open("lease");
  const { page } = opened;
  dashboards.run("lease", { process: { name: "A" } });
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
  await using hidden = await dashboards.open("hidden");
  dashboards.run("hidden", { process: { name: "A" } });
  await leads(hidden.page, "A");
  const see = (isSeen: boolean): Promise<void> =>
    hidden.page.evaluate((seen) => {
      Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isSeen);
  await see(false);
  await using seen = await dashboards.open("hidden");
  await leads(seen.page, "A");
  let lookUps = 0;
  hidden.page.on("request", () => lookUps++);
  dashboards.run("hidden", { process: { name: "B" } });
  await seen.page.locator(".queue").getByText("B", { exact: true }).waitFor();
  // Beside it, a page that is seen has looked some times: long enough for one that would look too.
  for (let times = 0; times < 3; times++) await seen.page.waitForResponse(/groups\/hidden$/);
  expect(lookUps).toBe(0);
  await expect.poll(() => hidden.page.locator(".queue li").count()).toBe(0);
  await see(true);
  await hidden.page.locator(".queue").getByText("B", { exact: true }).waitFor();
});

test("nothing of one group stays on the page of the next", async () => {
  await using opened = await dashboards.open("one");
  const { page } = opened;
  dashboards.run("one", { process: { name: "A" } });
  dashboards.run("two", { process: { name: "B" } });
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
  await using opened = await dashboards.open("keyboard");
  const { page, complaints } = opened;
  await dashboards.runInOrder(page, "keyboard", ["A", "B"]);
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
  expect((await dashboards.status("keyboard")).elections[0]?.leader?.process).toBe("A");
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
  await using opened = await dashboards.open("transfer");
  const { page } = opened;
  await dashboards.runInOrder(page, "transfer", ["A", "B", "C"]);
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
  await using opened = await dashboards.open("deaf", { url });
  const { page } = opened;
  await dashboards.runInOrder(page, "deaf", ["A", "B"], url);
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
  await dashboards.closeClients(); // before their backend goes
});

test("pause: the leader goes on, nobody takes over, and the page says why; resume grants at once", async () => {
  await using opened = await dashboards.open("pause");
  const { page } = opened;
  const a = dashboards.run("pause", { process: { name: "A" } });
  await leads(page, "A");
  await page.getByRole("button", { name: "Pause group" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").getByText("You have paused the group.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.locator("#paused").waitFor();
  await leads(page, "A");
  dashboards.run("pause", { process: { name: "B" } });
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
  await using opened = await dashboards.open("crowd");
  const { page, complaints } = opened;
  dashboards.run("crowd", { process: { name: "leader" } });
  await leads(page, "leader");
  const waiting = new Map<string, Client>();
  for (let index = 1; index < CROWD; index++) {
    waiting.set(`process ${index}`, dashboards.run("crowd", { process: { name: `process ${index}` } }));
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
