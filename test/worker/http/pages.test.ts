/** The pages, mounted beside an app: they lead to their own files, and nowhere else. */
import { Hono } from "hono";
import { expect, test } from "vitest";
import { createElectionApp, pages } from "../../../worker/index.ts";
import dashboard from "../../../worker/pages/dashboard/dashboard.html?raw";
import contender from "../../../worker/pages/demo/contender.html?raw";
import stage from "../../../worker/pages/demo/stage.html?raw";
import { wrong } from "../../support/wrong.ts";

const HTML = new Map(
  Object.entries({ "dashboard/dashboard.html": dashboard, "demo/contender.html": contender, "demo/stage.html": stage }),
);
const ASSETS = wrong({
  fetch: async (url: string) => new Response(HTML.get(new URL(url).pathname.slice(1)) ?? "a file"),
});

const mounts: readonly (readonly [string, string])[] = [
  ["", "/"],
  ["/elections", "/elections"],
  ["/elections", "/elections/"],
  ["/a/b", "/a/b"],
];

test.each(mounts)('[E19] mounted at "%s" the dashboard at %s leads to files that are there', async (mount, path) => {
  const at = mount === "" ? "/" : mount;
  const app = new Hono().route(at, createElectionApp()).route(at, pages);
  const ask = (address: URL) => app.request(address, {}, { ASSETS });
  for (const [page, name] of [
    [path, "dashboard"],
    [`${mount}/demo`, "stage"],
    [`${mount}/demo/contender`, "contender"],
  ] as const) {
    const address = new URL(page, "https://shop.example");
    const response = await ask(address);
    expect([page, response.status, response.headers.get("Content-Type")]).toEqual([
      page,
      200,
      "text/html; charset=utf-8",
    ]);
    const html = await response.text();
    const links = [...html.matchAll(/(?<= (?:href|src)=")[^"]*/g)].map(([link]) => new URL(link, address));
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      expect(link.href).toMatch(new RegExp(`^https://shop\\.example${mount}/`));
      expect([link.pathname, (await ask(link)).status]).toEqual([link.pathname, 200]);
    }
    expect(links.some(({ pathname }) => pathname.startsWith(`${mount}/`) && pathname.endsWith(`/${name}.js`))).toBe(
      true,
    );
  }
});

test("[E19] nothing else of the mounting app is answered by the pages", async () => {
  const app = new Hono()
    .get("/", (context) => context.text("a shop"))
    .route("/elections", createElectionApp())
    .route("/elections", pages);
  expect(await (await app.request("/", {}, { ASSETS })).text()).toBe("a shop");
  for (const path of ["/elections/other", "/elections/dashboard/../secret", "/dashboard/dashboard.js"]) {
    expect([path, (await app.request(path, {}, { ASSETS })).status]).toEqual([path, 404]);
  }
});

test("the pages say what is missing where the Worker has none of their files", async () => {
  const response = await new Hono().route("/elections", pages).request("/elections", {}, {});
  expect([response.status, await response.json()]).toMatchObject([404, { error: { code: "not_found" } }]);
});
