/** `edge-election/react` in a real React, in StrictMode, where every component is mounted twice. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { GroupStatus } from "../../shared/protocol/status.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { setting } from "./setting.ts";

const world = setting({ leaseMs: 4_000 });

async function open(group: string): Promise<{ page: Page; sockets: () => number }> {
  const page = await world.browser.context.newPage();
  let sockets = 0;
  page.on("websocket", () => sockets++);
  await page.goto(world.site.url("strict", { url: world.backend.url, group }));
  await page.getByText(/leads with epoch/).waitFor();
  return { page, sockets: () => sockets };
}

const status = (group: string): Promise<GroupStatus> => statusOf(world.backend.url, group);

test("[C4] [E1] StrictMode's double mount leaves no orphan: one socket, one contender, and none after unmounting", async () => {
  const { page, sockets } = await open("strict");
  await page.getByText("react leads").waitFor();
  expect(sockets()).toBe(1);
  expect(await status("strict")).toMatchObject({ sessions: 1, elections: [{ state: "leading", candidates: [] }] });

  await page.evaluate(() => window.app.empty());
  await page.waitForFunction(() => window.app.client.state === "idle");
  // The page is idle once it has told the group, which may hear of it later.
  await expect.poll(() => status("strict")).toMatchObject({ sessions: 0, elections: [] });
  await page.evaluate(() => window.app.mount());
  await page.getByText(/leads with epoch/).waitFor();
  expect(sockets()).toBe(2);
  await page.close();
});

test("[C6] [S2] the working effects are cleaned up before the end of the term is reported to the group", async () => {
  const { page } = await open("drain");
  const revoked = await fetch(`${world.backend.url}/v1/groups/drain/elections/process/revoke`, { method: "POST" });
  expect(revoked.status).toBe(200);
  await page.waitForFunction(() => window.app.log.includes("sends release"));
  const log = await page.evaluate(() => window.app.log);
  const ends = log.filter((entry) => entry.startsWith("stops") || entry === "sends release");
  expect(ends.slice(-2)).toEqual(["stops, isLeader() false", "sends release"]);
  await page.close();
});

test("[C2] a component that moves in the tree keeps the lead", async () => {
  const { page, sockets } = await open("move");
  const before = await page.locator("#worker").textContent();
  await page.evaluate(() => window.app.mount("right"));
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
  await expect.poll(() => page.locator("#worker").textContent()).toBe(before);
  expect(sockets()).toBe(1);
  await page.close();
});

test("[C8] [D1] a component that mounts again brings its own options", async () => {
  const { page } = await open("options");
  expect((await status("options")).elections.map(({ election }) => election)).toEqual(["process"]);
  await page.evaluate(() => window.app.empty());
  await page.waitForFunction(() => window.app.client.state === "idle");
  await page.evaluate(() => window.app.mount("left", { election: "dedicated" }));
  await page.getByText(/leads with epoch/).waitFor();
  await expect
    .poll(async () => (await status("options")).elections.map(({ election }) => election))
    .toEqual(["component:worker"]);
  await page.close();
});
