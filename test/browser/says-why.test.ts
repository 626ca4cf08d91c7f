/** What a client in a page says when something is in the way: all that a browser lets a page know. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { failures, type Servers, startServers } from "../support/failures.ts";
import { setting } from "./setting.ts";

const world = setting({ leaseMs: 4_000 });
const parts: { servers?: Servers; page?: Awaited<ReturnType<typeof world.browser.context.newPage>> } = {};

beforeAll(async () => {
  const address = world.site.url("in-vain");
  parts.servers = await startServers(new URL(address).origin);
  parts.page = await world.browser.context.newPage();
  await parts.page.goto(address);
});
afterAll(() => parts.servers?.[Symbol.asyncDispose]());

test.each(failures)("[E11] $what", async ({ ask, page, pageRequest = page, isOfContender = false }) => {
  if (parts.servers === undefined || parts.page === undefined)
    throw new Error("the page is there only while tests run");
  const asked = ask(parts.servers);
  await parts.page.waitForFunction(() => typeof window.ask === "function");
  const { socket, request } = await parts.page.evaluate((question) => window.ask(question), asked);
  for (const [said, expected] of [
    [socket, page],
    [request, isOfContender ? null : pageRequest],
  ] as const) {
    if (expected === null) {
      expect(said).toBeNull();
      continue;
    }
    const { code, retryable, says } = expected;
    expect(said).toMatchObject({ code, retryable, message: expect.stringMatching(says) });
    if (!isOfContender) expect(said?.message).toContain(`${asked.url}/v1/groups/shop/`);
  }
});
