/** A deployment that asks for tokens: its dashboard, and what the errors of a client in a page say. */
import { createServer } from "node:http";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { freePort } from "../../cli/backend/free-port.ts";
import { createElectionClient } from "../../client/node/index.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { inRepository } from "../../tools/paths.ts";
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
  await page
    .getByRole("status")
    .getByText("Not allowed: these credentials are not for this group: use a token that names it.")
    .waitFor();

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

test("[I3] the list of all groups asks for a token, shows what it allows, and takes it along into a group", async () => {
  const page = await world.browser.context.newPage();
  const { url } = world.backend;
  await using client = createElectionClient({
    url,
    group: "listed-1",
    process: { name: "A" },
    token: () => tokenFor({ role: "contend" }),
    signals: false,
  });
  client.contend("dispatcher");
  await using other = createElectionClient({ url, group: "other", token: () => tokenFor(), signals: false });
  other.contend("dispatcher");
  await page.goto(url);
  await page.getByText(/^A token is required: /).waitFor();
  await page.getByLabel("Token, to list the groups").fill(await tokenFor({ role: "observe", groups: ["listed-*"] }));
  await page.getByRole("button", { name: "List groups" }).click();
  await page.locator("#fleet-list").getByText("A", { exact: true }).waitFor();
  expect(await page.locator("#fleet-list .row-title").allTextContents()).toEqual(["listed-1"]);
  await page.locator("#fleet-list").getByRole("link").click();
  await page.locator(".leader").getByText("A", { exact: true }).waitFor();
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

/** A page at this address with the client in it. */
async function pageAt(address: string): Promise<Page> {
  const contents = `globalThis.election = import(${JSON.stringify(inRepository("client/index.ts"))});`;
  const stdin = { contents, resolveDir: import.meta.dirname };
  const { outputFiles } = await build({ stdin, bundle: true, format: "iife", platform: "browser", write: false });
  const page = await world.browser.context.newPage();
  await page.goto(address);
  await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
  return page;
}

/** What the first contender of a client is told, and how a look-up ends: the code and the message of each. */
const both = (page: Page, url: string, token?: string): Promise<{ told: string; asked: string }> =>
  page.evaluate(`election.then(async ({ createElectionClient }) => {
    const client = createElectionClient(${JSON.stringify({ url, group: "g", token })});
    const say = ({ code, message }) => code + ": " + message;
    const told = new Promise((resolve) => client.contend("x", { onError: (error) => resolve(say(error)) }));
    const asked = client.getLeader("x").then(() => "answered", say);
    const answer = { told: await told, asked: await asked };
    await client.close();
    return answer;
  })`);

const CANT_BE_REACHED = /^connection_failed: \S+ can't be reached: .*check that the backend runs, that `url` is right/;

test("[E11] a page is told where, why as far as a browser says it, and what to do; by socket and by HTTP", async () => {
  const { url } = world.backend;
  const own = await pageAt(`${url}/healthz`);
  const nobody = `http://127.0.0.1:${await freePort()}`;
  await using somebody = await listen(
    createServer((request, response) => {
      response.writeHead(Number(request.url?.split("/")[1]), { "Access-Control-Allow-Origin": "*" }).end("<html>");
    }),
  );
  const ended = await tokenFor({ role: "contend", expiresInSeconds: -120 });

  const cases = [
    [nobody, undefined, CANT_BE_REACHED, CANT_BE_REACHED],
    [somebody.url.replace("http:", "https:"), undefined, CANT_BE_REACHED, CANT_BE_REACHED],
    [`${somebody.url}/404`, undefined, CANT_BE_REACHED, /^refused: .* HTTP 404: no deployment .* base path/],
    [`${somebody.url}/502`, undefined, CANT_BE_REACHED, /^refused: .* HTTP 502: something in front of the backend/],
    [`${url}/elsewhere`, undefined, CANT_BE_REACHED, /^not_found: .* HTTP 404: there is nothing at this path/],
    [
      url,
      undefined,
      /^unauthorized: .*\(4401\).*a token is required/,
      /^unauthorized: .* HTTP 401: a token is required/,
    ],
    [url, ended, /^unauthorized: .*\(4401\).*has ended: get a new one/, /^unauthorized: .* HTTP 401: this token/],
    [url, await tokenFor({ role: "observe" }), /^forbidden: .*these credentials may not contend for/, /^answered$/],
  ] as const;
  for (const [address, token, told, asked] of cases) {
    const answer = await both(own, address, token);
    expect(answer).toEqual({ told: expect.stringMatching(told), asked: expect.stringMatching(asked) });
  }
  await own.close();

  const foreign = await pageAt(world.site.url("empty"));
  expect((await both(foreign, url, await tokenFor())).told).toMatch(
    /^unauthorized: .*\(4403\).*add it to ALLOWED_ORIGINS/,
  );
  await foreign.close();
});
