/** The test kit in a page: a group in memory needs no server there either. */
import { build } from "esbuild";
import { expect, test } from "vitest";
import { setting } from "./setting.ts";

const world = setting({ leaseMs: 4_000 });
const DIST = new URL("../../dist/testing/index.js", import.meta.url).pathname;

test("[S2] a group in memory runs in a page, and only what needs Node is refused there", async () => {
  const { outputFiles } = await build({
    entryPoints: [DIST],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "kit",
    platform: "browser",
    logLevel: "silent",
  });
  const page = await world.browser.context.newPage();
  await page.goto(world.site.url("empty"));
  await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
  const seen = await page.evaluate(`(async () => {
    const group = kit.createTestGroup();
    const clients = ["a", "b"].map((name) => group.client({ name }));
    for (const client of clients) client.contend("x");
    await group.until(() => group.leader("x") !== null);
    group.killLeader("x");
    await group.advance(30_000);
    const { terms, overlaps } = group.history();
    const problem = await kit.startLocalBackend().catch((error) => error.message);
    return { terms: terms.length, overlaps: overlaps().length, problem };
  })()`);
  expect(seen).toEqual({ terms: 2, overlaps: 0, problem: "startLocalBackend needs Node: use createTestGroup here" });
  await page.close();
});
