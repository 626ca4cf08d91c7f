/** `npm run docs:picture`: makes the pictures of README, docs/demo-light.png and docs/demo-dark.png: the demo after a hand-over. */
import { startLocalBackend } from "../../cli/backend/local-backend.ts";
import { inRepository } from "../paths.ts";
import { findBrowser, startChromium } from "./chromium.ts";

await using backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
await using chromium = await startChromium(await findBrowser());

for (const colorScheme of ["light", "dark"] as const) {
  const page = await chromium.context.newPage();
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1_280, height: 1_000 });
  await page.goto(`${backend.url}/demo?group=demo-${colorScheme}`);
  const [leader] =
    (
      await page
        .locator("#leader")
        .filter({ hasText: / leads$/ })
        .textContent()
    )?.split(" ") ?? [];
  await page.frameLocator(`iframe[title="Contender ${leader}"]`).getByRole("button", { name: "Resign" }).click();
  await page.getByRole("log").getByText(`${leader} no longer leads: resigned`).waitFor();
  await page
    .locator("#leader")
    .filter({ hasText: / leads$/ })
    .waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({
    path: inRepository(`docs/demo-${colorScheme}.png`),
    clip: { x: 0, y: 0, width: 1_280, height: 630 },
  });
  await page.close();
}
