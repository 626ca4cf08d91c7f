/** `examples/react-tabs` as its readers would bundle it, in two real tabs. */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../../tools/harness/loopback.ts";
import { setting } from "./setting.ts";

const world = setting({ leaseMs: 4_000 });

/** Serves the bundled page, and gives back its address. */
async function startPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../examples/react-tabs/page.tsx", import.meta.url))],
    bundle: true,
    format: "esm",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  const script = outputFiles[0]?.text ?? "";
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html; charset=utf-8");
    response.end(
      isScript ? script : '<!doctype html><main id="root"></main><script type="module" src="/page.js"></script>',
    );
  });
  const site = await listen(server);
  onTestFinished(() => site[Symbol.asyncDispose]());
  return `${site.url}/`;
}

test("react-tabs: one tab polls and tells the other, which follows when it is closed", async () => {
  const address = `${await startPage()}?url=${encodeURIComponent(world.backend.url)}`;
  const first = await world.browser.context.newPage();
  await first.goto(address);
  await first.getByText(/This tab polls: 1 € by tab/).waitFor();
  const second = await world.browser.context.newPage();
  await second.goto(address);
  await second.getByText(/tab \w+ polls: 1 € by tab/).waitFor();
  await expect.poll(() => second.getByText("This tab").count()).toBe(0);

  await first.close({ runBeforeUnload: false });
  await second.getByText(/This tab polls: 1 € by tab/).waitFor();
  await second.close();
});
