/** The built package in a page without a bundler: native imports, and one file that a bundler makes of them. */

import { expect, test } from "vitest";
import type { LeaderInformation } from "../../client/index.ts";
import { bodyOf } from "../../tools/harness/backend-answers.ts";
import { bundled, files, serveModules } from "./module-site.ts";
import { setting } from "./setting.ts";

const world = setting({ leaseMs: 4_000 });

/** What the page reports, one step after the other. */
const steps = {
  create: (options: object): string => `(async () => {
    const { createElectionClient } = await import("/client/index.js");
    globalThis.client = createElectionClient(${JSON.stringify(options)});
    return { state: client.state, leader: await client.getLeader("worker") };
  })()`,
  lead: `new Promise((resolve, reject) => {
    client.onError(reject);
    globalThis.revoked = [];
    globalThis.contender = client.contend("worker", {
      onGrant: async (leadership) => {
        await leadership.confirm("http://page");
        resolve({ component: leadership.component, isLeader: leadership.isLeader(), state: client.state });
      },
      onRevoke: (leadership, reason) => void revoked.push([reason, leadership.signal.aborted]),
    });
  })`,
  close: "client.close().then(() => ({ state: client.state, revoked, leads: contender.hasLeadership() }))",
};

test.each([
  ["the files of the package", files],
  ["the file of a bundler", bundled],
])("[E1] [X6] a page that imports %s asks for nothing more when it contends, leads, and leaves", async (_, modules) => {
  const group = `modules-${modules.name}`;
  await using site = await serveModules(await modules());
  const page = await world.browser.context.newPage();
  const problems: string[] = [];
  page.on("pageerror", ({ message }) => problems.push(message));
  page.on("response", (response) => {
    if (response.url().endsWith(".js") && !response.ok()) problems.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(site.url);

  const created = await page.evaluate(steps.create({ url: world.backend.url, group }));
  expect(created).toEqual({ state: "idle", leader: null });
  expect(site.loaded[0]).toBe("/client/index.js");
  const entry = [...site.loaded];

  expect(await page.evaluate(steps.lead)).toEqual({ component: "worker", isLeader: true, state: "connected" });
  expect(site.loaded).toEqual(entry);
  expect(await leaderOf(group)).toMatchObject({ address: "http://page" });

  expect(await page.evaluate(steps.close)).toEqual({ state: "closed", revoked: [["closed", true]], leads: false });
  expect(await leaderOf(group)).toBe(null);
  expect(problems).toEqual([]);
  await page.close();
});

async function leaderOf(group: string): Promise<LeaderInformation | null> {
  const response = await fetch(`${world.backend.url}/v1/groups/${group}/leaders/worker`);
  return response.status === 404 ? null : bodyOf<LeaderInformation>(response);
}
