/** That the lists of routes are whole: PROTOCOL.md's, and the one by which refusals, roles and limits are tested. */
import { expect, test } from "vitest";
import protocol from "../../../PROTOCOL.md?raw";
import { createElectionApp } from "../../../worker/index.ts";
import { routes } from "./routes.ts";

const GROUP = "/v1/groups/:group";

/** By method and path, once each: middleware stands in the app's list beside the handlers. */
const served = [
  ...new Set(
    createElectionApp()
      .routes.filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`),
  ),
].sort();

test("PROTOCOL.md lists every route, and no other", () => {
  const [, table = ""] = protocol.split("\n## HTTP\n");
  const listed = [...table.matchAll(/^\| (`(?:GET|POST|DELETE) [^|]*) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`((?:GET|POST|DELETE) \/[^`?]*)/g)].map(([, route = ""]) => route),
  );
  const paths = listed.map((route) => route.replace("{g}", ":group").replace(/\{(\w+)\}/g, ":$1"));
  expect([...new Set(paths)].sort()).toEqual(served);
});

test("the tests of every route know every route", () => {
  const tested = routes.map(([method, rest]) => {
    const path = rest
      .replace("/leaders/dispatcher", "/leaders/:component")
      .replace("/elections/process", "/elections/:election")
      .replace("/jobs/nightly", "/jobs/:job");
    return `${method} ${GROUP}${path}`;
  });
  const others = ["GET /healthz", "GET /v1/groups", "GET /v1/metrics", `GET ${GROUP}/session`];
  expect([...tested, ...others].sort()).toEqual(served);
});
