/** Names that mean something in a path, through every button of the dashboard: no order reaches another group. */
import type { Page, Request } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { createElectionClient } from "../../client/node/index.ts";
import { historyOf, statusOf } from "../../tools/harness/backend-answers.ts";
import { setting } from "./setting.ts";

/** Long: no leader is to lose it on a busy machine. */
const LEASE_MS = 10_000;
const world = setting({ leaseMs: LEASE_MS });

const VICTIM = "victim";
/** What the path of an order to the victim would look like, from the group, and from one of its elections. */
const GROUPS = ["a/b", "x/../victim", "index", ":group", "/"];
const COMPONENTS = ["x/../../../victim/elections/process", "index", ":election", "../..", "a:b/.."];

type Client = ReturnType<typeof createElectionClient>;
const clients: Client[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function run(group: string, name: string, components: readonly string[]): void {
  const client = createElectionClient({ url: world.backend.url, group, process: { name }, signals: false });
  clients.push(client);
  for (const component of components) client.contend(component, {}, { election: "dedicated" });
  client.contend("dispatcher");
}

/** What the page asks of groups, from now on. */
function requestsOf(page: Page): string[] {
  const requests: string[] = [];
  page.on("request", (request: Request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/v1/")) requests.push(`${request.method()} ${pathname}`);
  });
  return requests;
}

async function openByForm(page: Page, group: string): Promise<void> {
  await page.getByRole("link", { name: "Groups" }).click();
  await page.getByRole("textbox", { name: "Group" }).fill(group);
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator("#connection").getByText("Live").waitFor();
}

async function order(page: Page, button: string, action: string, outcome: RegExp): Promise<void> {
  await page.getByRole("button", { name: button, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: action, exact: true }).click();
  await dialog.getByText(outcome).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
}

test("[E7] every button acts in the group that is shown, whatever its name and those of its components look like", async () => {
  run(VICTIM, "V", []);
  await expect.poll(async () => (await statusOf(world.backend.url, VICTIM)).elections[0]?.state).toBe("leading");
  const before = await historyOf(world.backend.url, VICTIM);
  const page = await world.browser.context.newPage();
  const requests = requestsOf(page);
  await page.goto(world.backend.url);
  for (const group of GROUPS) {
    requests.length = 0;
    run(group, "A", []);
    await openByForm(page, group);
    await expect.poll(() => page.locator("#group-title").textContent()).toBe(group);
    await page.locator(".leader").getByText("A", { exact: true }).waitFor();
    run(group, "B", []);
    await page.locator(".queue").getByText("B", { exact: true }).waitFor();
    await order(page, "Step down, Process election", "Step down", /^A handed over to B/);
    await page.locator(".queue").getByText("A", { exact: true }).waitFor();
    await order(page, "Transfer, Process election", "Transfer", /^B handed over to A/);
    await order(page, "Pause group", "Pause", /^You have paused the group/);
    await order(page, "Resume group", "Resume", /^You have resumed the group/);
    const own = `POST /v1/groups/${encodeURIComponent(group)}`;
    const revoke = `${own}/elections/process/revoke`;
    const orders = requests.filter((request) => request.startsWith("POST"));
    expect(orders).toEqual([revoke, revoke, `${own}/pause`, `${own}/resume`]);
    // Its address opens the same group again.
    await page.reload();
    await page.locator(".leader").getByText("A", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Groups" }).click();
    await page.getByRole("link", { name: group, exact: true }).click();
    await page.locator(".leader").getByText("A", { exact: true }).waitFor();
  }
  expect(await historyOf(world.backend.url, VICTIM)).toEqual(before);
  expect((await statusOf(world.backend.url, VICTIM)).paused).toBe(false);
  await page.close();
});

test("[E7] an order about a dedicated election reaches that election, whatever its component is called", async () => {
  run(VICTIM, "V", []);
  await expect.poll(async () => (await statusOf(world.backend.url, VICTIM)).elections[0]?.state).toBe("leading");
  const before = await historyOf(world.backend.url, VICTIM);
  const page = await world.browser.context.newPage();
  await page.goto(`${world.backend.url}/?group=hostile-names`);
  run("hostile-names", "A", COMPONENTS);
  await expect.poll(() => page.locator(".card").count()).toBe(COMPONENTS.length + 1);
  run("hostile-names", "B", COMPONENTS);
  for (const component of COMPONENTS) {
    const card = page.locator(".card").filter({ has: page.getByRole("heading", { name: component, exact: true }) });
    await card.locator(".leader").getByText("A", { exact: true }).waitFor();
    await card.locator(".queue").getByText("B", { exact: true }).waitFor();
    await order(page, `Step down, ${component}`, "Step down", /^A handed over to B/);
    await card.locator(".queue").getByText("A", { exact: true }).waitFor();
    await order(page, `Transfer, ${component}`, "Transfer", /^B handed over to A/);
  }
  expect(await historyOf(world.backend.url, VICTIM)).toEqual(before);
  await page.close();
});

test("[E7] a name that can't be in a path is refused by the page: nothing is asked for", async () => {
  const page = await world.browser.context.newPage();
  const requests = requestsOf(page);
  for (const name of ["%2e%2e", "a%2Fb", "..", ".", "a?b", "a#b", "a\\b"]) {
    await page.goto(`${world.backend.url}/?group=${encodeURIComponent(name)}`);
    await page
      .locator("#group-problem")
      .getByText(/^A group's name is /)
      .waitFor();
    await page.getByRole("textbox", { name: "Group" }).fill(name);
    await page.getByRole("button", { name: "Open" }).click();
    await page
      .locator("#group-problem")
      .getByText(/^A group's name is /)
      .waitFor();
    expect(await page.locator("#group").isVisible()).toBe(false);
  }
  // Beside the list of all groups, which has no name in its path.
  expect(requests.filter((request) => request !== "GET /v1/groups")).toEqual([]);
  await page.close();
});
