/** The dashboard of a deployment that asks for tokens. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { createElectionClient } from "../../client/node/index.ts";
import { createToken, type TokenClaims } from "../../worker/http/tokens.ts";
import { setting } from "./setting.ts";

const AUTH_SECRET = "a secret of at least thirty-two characters";
const world = setting({ leaseMs: 2_000, bindings: { OPEN_MODE: "", AUTH_SECRET } });

const tokenFor = (claims: Partial<TokenClaims> = {}): Promise<string> =>
  createToken({ role: "admin", groups: ["*"], expiresInSeconds: 600, ...claims }, AUTH_SECRET, Date.now());

async function enter(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use token" }).click();
}

test("a token is asked for, wrong ones are refused with the remedy, and it is kept in memory alone", async () => {
  const page = await world.browser.context.newPage();
  const group = "guarded";
  await using client = createElectionClient({
    url: world.backend.url,
    group,
    process: { name: "A" },
    token: () => tokenFor({ role: "contend" }),
    signals: false,
  });
  client.contend("dispatcher");
  await page.goto(`${world.backend.url}/?group=${group}`);
  await page
    .getByRole("status")
    .getByText(/^A token is required: /)
    .waitFor();
  await expect.poll(() => page.locator("#group-body").isVisible()).toBe(false);

  await enter(page, "not.a.token");
  await page
    .getByRole("status")
    .getByText(/not valid for this deployment/)
    .waitFor();
  await enter(page, await tokenFor({ groups: ["other"] }));
  await page.getByRole("status").getByText("Not allowed: these credentials are not for this group.").waitFor();

  const looking = await tokenFor({ role: "observe" });
  await enter(page, looking);
  await page.locator(".leader").getByText("A", { exact: true }).waitFor();
  await page.locator("#connection").getByText("Live").waitFor();
  await page.getByRole("button", { name: "Step down, Process election" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Step down" }).click();
  await page
    .getByRole("dialog")
    .getByText(/role admin/)
    .waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();

  const kept = await page.evaluate(() =>
    JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }]),
  );
  expect(kept).toContain(group);
  expect(kept).not.toContain(looking);
  expect(await page.content()).not.toContain(looking);

  await page.getByRole("button", { name: "Change token" }).click();
  await enter(page, await tokenFor());
  await page.getByRole("button", { name: "Step down, Process election" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Step down" }).click();
  await page
    .getByRole("dialog")
    .getByText(/^A has stepped down, after /)
    .waitFor();
  await page.reload();
  await page
    .getByRole("status")
    .getByText(/^A token is required: /)
    .waitFor();
  await page.close();
});

test("a token that ends while the page is open is asked for again", async () => {
  const page = await world.browser.context.newPage();
  await page.goto(`${world.backend.url}/?group=ending`);
  // Clocks may differ by half a minute: this one is taken for some seconds yet.
  await enter(page, await tokenFor({ role: "observe", expiresInSeconds: -20 }));
  await page.locator("#connection").getByText("Live").waitFor();
  await page
    .getByRole("status")
    .getByText(/^This token is not valid for this deployment/)
    .waitFor();
  await expect.poll(() => page.getByLabel("Token", { exact: true }).isVisible()).toBe(true);
  await page.close();
});

test("the page may be shown in no frame, and runs no inline code", async () => {
  const { headers } = await fetch(world.backend.url);
  const policy = headers.get("Content-Security-Policy");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("frame-src 'none'");
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toContain("unsafe");
});
