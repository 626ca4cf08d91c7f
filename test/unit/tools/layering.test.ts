/** Lint holds the layers (biome.json): planted violations are reported, and what is allowed is not. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "../../../tools/harness/folder.ts";
import { inRepository } from "../../../tools/paths.ts";

/** A file of this folder, what stands in it, and the rules that lint is to report. */
type Planted = readonly [folder: string, source: string, rules: readonly string[]];

const IMPORT = ["lint/style/noRestrictedImports"];
const GLOBAL = ["lint/style/noRestrictedGlobals"];
const MEMBER = ["lint/nursery/noJsRestrictedProperties"];
const NONE: readonly string[] = [];

const planted: readonly Planted[] = [
  ["shared", 'import { x } from "../worker/group/x.ts";', IMPORT],
  ["shared", 'import "hono";', IMPORT],
  ["shared/protocol", 'export type { X } from "../../client/session/x.ts";', IMPORT],
  ["worker", 'import type { X } from "../client/index.ts";', IMPORT],
  ["worker", 'import { x } from "../testing/index.ts";', IMPORT],
  ["worker", 'import ws from "ws";', IMPORT],
  ["worker/group", 'import { x } from "../durable-object/store.ts";', IMPORT],
  ["worker/group", 'const x = await import("cloudflare:workers");', IMPORT],
  ["worker/host", 'import { x } from "../http/log.ts";', IMPORT],
  ["worker/callers/core", 'import { x } from "../engine.ts";', IMPORT],
  ["worker/fence", 'import { x } from "../durable-object/store.ts";', IMPORT],
  ["worker/fence", 'import { x } from "cloudflare:workers";', IMPORT],
  ["worker/fence", 'import { x } from "node:sqlite";', IMPORT],
  ["worker/pages/dashboard", 'import { x } from "../../durable-object/store.ts";', IMPORT],
  ["worker/pages/dashboard/view", 'import { x } from "../dom.ts";', IMPORT],
  ["client", 'export { x } from "../worker/group/x.ts";', IMPORT],
  ["client", 'import { x } from "node:crypto";', IMPORT],
  ["client/node", 'import { Hono } from "hono";', IMPORT],
  ["client/react", 'import { render } from "react-dom";', IMPORT],
  ["client/session", 'import { x } from "../driver.ts";', IMPORT],
  ["testing", 'import { x } from "../worker/durable-object/store.ts";', IMPORT],
  ["cli", 'import { x } from "../worker/group/x.ts";', IMPORT],
  ["bench/rows", 'import { x } from "../../client/session/x.ts";', IMPORT],
  ["bench/rows", 'import { x } from "../../test/support/x.ts";', IMPORT],
  ["shared", "export const now = Date.now();", GLOBAL],
  ["worker/group", "export const dice = Math.random();", MEMBER],
  ["worker/group", "export const id = `${crypto.randomUUID()}`;", GLOBAL],
  ["worker/callers/core", "await fetch(url);", GLOBAL],
  ["client/session", "setTimeout(() => {}, 1);", GLOBAL],
  ["client/session", "export const open = { ...globalThis };", GLOBAL],
  ["client/session", "process.nextTick(next);", GLOBAL],
  ["worker/pages/dashboard/view", "document.title = name;", GLOBAL],
  ["shared", 'import { x } from "./x.ts";', NONE],
  ["shared/protocol", 'import { x } from "../lease.ts";', NONE],
  ["worker/group", 'import { x } from "../../shared/protocol/x.ts";', NONE],
  ["worker", 'import { Hono } from "hono";\nimport { x } from "cloudflare:workers";\nDate.now();', NONE],
  ["client/node", 'import ws from "ws";\nimport { on } from "node:fs/promises";', NONE],
  ["testing", 'import { x } from "../worker/group/x.ts";\nimport { y } from "../client/session/y.ts";', NONE],
  ["testing", 'import { x } from "../worker/callers/exchanges.ts";', NONE],
  ["shared", '// Date.now()\nexport const text = "Date.now()"; /* fetch */ export const pattern = /crypto/;', NONE],
  ["client/session", "export const f = ({ process: other }: Hello) => other; export type T = { process?: 1 };", NONE],
];
const fileOf = (one: Planted): string => `${one[0]}/planted-${planted.indexOf(one)}.ts`;

let folder: TemporaryFolder;
let reported: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await copyFile(inRepository("biome.json"), join(folder.path, "biome.json"));
  for (const one of planted) {
    await mkdir(join(folder.path, one[0]), { recursive: true });
    await writeFile(join(folder.path, fileOf(one)), one[1]);
  }
  reported = await lint(folder.path);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The rules of layers that lint reports, by file. */
async function lint(cwd: string): Promise<Map<string, string[]>> {
  const rules = ["style/noRestrictedImports", "style/noRestrictedGlobals", "nursery/noJsRestrictedProperties"];
  const parameters = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none"];
  const { stdout } = await promisify(execFile)(
    inRepository("node_modules/.bin/biome"),
    [...parameters, ...rules.map((rule) => `--only=${rule}`)],
    { cwd },
  ).catch((failed: { readonly stdout: string }) => failed);
  const { diagnostics }: { diagnostics: { category: string; location: { path: string } }[] } = JSON.parse(stdout);
  const all = Map.groupBy(diagnostics, ({ location }) => location.path);
  return new Map([...all].map(([file, own]) => [file, own.map(({ category }) => category)]));
}

for (const one of planted) {
  const [place, source, rules] = one;
  test(`${place} with ${source}: lint reports ${rules.join() || "nothing"}`, () => {
    expect(reported.get(fileOf(one)) ?? []).toEqual(rules);
  });
}
