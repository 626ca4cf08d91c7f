import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { inRepository } from "../../../tools/paths.ts";
import { sourceFiles } from "../../../tools/source-files.ts";
import { type Token, tokens } from "../../../tools/tokens.ts";

interface Layer {
  /** Folder whose files the rule is about; the longest match wins. */
  readonly folder: string;
  /** Folders that may be imported. */
  readonly folders: readonly string[];
  /** Packages that may be imported, as a pattern. */
  readonly packages: RegExp;
  /** A pure core: no clock, no randomness, no I/O, no platform. */
  readonly pure: boolean;
}

const none = /^(?!)/;

const layers: readonly Layer[] = [
  { folder: "shared", folders: ["shared"], packages: none, pure: true },
  { folder: "worker/group", folders: ["shared", "worker/group"], packages: none, pure: true },
  { folder: "worker/host", folders: ["shared", "worker/group", "worker/host"], packages: none, pure: true },
  {
    folder: "worker/callers/core",
    folders: ["shared", "worker/callers/core", "worker/callers/service.ts"],
    packages: none,
    pure: true,
  },
  { folder: "worker", folders: ["shared", "worker"], packages: /^(node:|cloudflare:|hono($|\/))/, pure: false },
  { folder: "worker/fence", folders: ["shared", "worker/fence"], packages: /^hono($|\/)/, pure: false },
  {
    folder: "worker/pages",
    folders: ["shared", "client", "worker/pages", "worker/index.ts"], // of the Worker only types: bundling would fail
    packages: /^hono\/client$/,
    pure: false,
  },
  {
    folder: "worker/pages/dashboard/view",
    folders: ["shared", "client", "worker/pages/dashboard/view", "worker/index.ts"],
    packages: none,
    pure: true,
  },
  { folder: "client/session", folders: ["shared", "client/session"], packages: none, pure: true },
  { folder: "client/node", folders: ["shared", "client"], packages: /^(node:|ws$)/, pure: false },
  { folder: "client/react", folders: ["shared", "client"], packages: /^react$/, pure: false },
  { folder: "client", folders: ["shared", "client"], packages: none, pure: false },
  { folder: "testing/node", folders: ["testing/node", "cli"], packages: /^node:/, pure: false },
  {
    folder: "testing",
    folders: ["shared", "client", "worker/group", "worker/host", "testing"],
    packages: none,
    pure: false,
  },
];

const platformGlobals = new Set([
  "Buffer",
  "Date",
  "Deno",
  "WebSocket",
  "cancelAnimationFrame",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "document",
  "fetch",
  "globalThis",
  "indexedDB",
  "localStorage",
  "navigator",
  "performance",
  "queueMicrotask",
  "requestAnimationFrame",
  "self",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "window",
]);

/** In the project's own vocabulary `process` is a word of every day, so Node's is known by its members. */
const membersOfNodeProcess = new Set(["argv", "env", "exit", "hrtime", "memoryUsage", "nextTick", "on", "once", "pid"]);

function layerOf(file: string): Layer | undefined {
  const matching = layers.filter((layer) => file.startsWith(`${layer.folder}/`));
  return matching.sort((a, b) => b.folder.length - a.folder.length)[0];
}

function violations(file: string, source: string): string[] {
  const layer = layerOf(file);
  if (layer === undefined) return [];
  const all = tokens(source);
  const imports = importedBy(all).filter((specifier) => !mayImport(layer, file, specifier));
  const globals = layer.pure ? platformUse(all) : [];
  return [...imports.map((specifier) => `${file} imports ${specifier}`), ...globals.map((use) => `${file}:${use}`)];
}

function mayImport(layer: Layer, file: string, specifier: string): boolean {
  if (!specifier.startsWith(".")) return layer.packages.test(specifier);
  const target = posix.join(posix.dirname(file), specifier);
  return layer.folders.some((folder) => target === folder || target.startsWith(`${folder}/`));
}

/** The strings after `from` and `import`, and in `import(...)`; an import of something computed counts as forbidden. */
function importedBy(all: readonly Token[]): string[] {
  return all.flatMap((_, index) => importAt(all, index) ?? []);
}

function importAt(all: readonly Token[], index: number): string | undefined {
  const [previous, token, next] = [all[index - 1], all[index], all[index + 1]];
  if (token?.kind !== "word" || previous?.text === ".") return undefined;
  if ((token.text === "from" || token.text === "import") && next?.kind === "string") return next.text;
  if (token.text !== "import" && token.text !== "require") return undefined;
  if (next?.text !== "(") return undefined;
  const argument = all[index + 2];
  return argument?.kind === "string" ? argument.text : "something computed";
}

/** Uses of a platform global: not members of something else, and not names of fields or parameters. */
function platformUse(all: readonly Token[]): string[] {
  return all.flatMap((token, index) => {
    if (token.kind !== "word" || isMember(all, index) || isFieldName(all, index)) return [];
    const member = all[index + 1]?.text === "." ? (all[index + 2]?.text ?? "") : "";
    const isForbidden =
      platformGlobals.has(token.text) ||
      (token.text === "Math" && member === "random") ||
      (token.text === "process" && membersOfNodeProcess.has(member));
    return isForbidden ? [`${token.line} ${token.text}`] : [];
  });
}

/** A dot before it, unless that is the last one of a spread. */
function isMember(all: readonly Token[], index: number): boolean {
  return all[index - 1]?.text === "." && all[index - 2]?.text !== ".";
}

function isFieldName(all: readonly Token[], index: number): boolean {
  const next = all[index + 1]?.text;
  return next === ":" || (next === "?" && all[index + 2]?.text === ":");
}

test("imports point one way: shared <- worker, shared <- client, and only testing joins the cores", async () => {
  const files = await sourceFiles(["shared", "worker", "client", "testing"]);
  const found = await Promise.all(
    files.map(async (file) => violations(file, await readFile(inRepository(file), "utf8"))),
  );

  expect(files.length).toBeGreaterThan(0);
  expect(found.flat()).toEqual([]);
});

test("only testing and the tests look into a core from outside", async () => {
  const files = await sourceFiles(["cli", "examples", "bench"]);
  const found = await Promise.all(
    files.map(async (file) => {
      const imports = importedBy(tokens(await readFile(inRepository(file), "utf8")));
      return imports.filter((specifier) => /\/(worker\/group|client\/session)\//.test(specifier));
    }),
  );

  expect(found.flat()).toEqual([]);
});

test.each([
  ["shared/a.ts", 'import { x } from "../worker/group/x.ts";'],
  ["shared/a.ts", 'import "hono";'],
  ["shared/deep/a.ts", 'export type { X } from "../../client/session/x.ts";'],
  ["worker/a.ts", 'import type { X } from "../client/index.ts";'],
  ["worker/a.ts", 'import { x } from "../testing/index.ts";'],
  ["worker/a.ts", 'import ws from "ws";'],
  ["worker/group/a.ts", 'import { x } from "../store.ts";'],
  ["worker/host/a.ts", 'import { x } from "../http/log.ts";'],
  ["worker/callers/core/a.ts", 'import { x } from "../engine.ts";'],
  ["worker/group/a.ts", 'const x = await import("cloudflare:workers");'],
  ["worker/fence/a.ts", 'import { x } from "../store.ts";'],
  ["worker/fence/a.ts", 'import { x } from "cloudflare:workers";'],
  ["worker/fence/a.ts", 'import { x } from "node:sqlite";'],
  ["client/a.ts", 'export { x } from "../worker/group/x.ts";'],
  ["client/a.ts", 'import { x } from "node:crypto";'],
  ["client/a.ts", "const x = await import(name);"],
  ["client/node/a.ts", 'import { Hono } from "hono";'],
  ["client/react/a.ts", 'import { render } from "react-dom";'],
  ["client/session/a.ts", 'import { x } from "../driver.ts";'],
  ["worker/pages/dashboard/a.ts", 'import { x } from "../../store.ts";'],
  ["worker/pages/dashboard/view/a.ts", 'import { x } from "../dom.ts";'],
  ["testing/a.ts", 'import { x } from "../worker/store.ts";'],
])("a planted import is found: %s with %s", (file, source) => {
  expect(violations(file, source)).toHaveLength(1);
});

test.each([
  ["shared/a.ts", "const now = Date.now();"],
  ["worker/group/a.ts", "const dice = Math.random();"],
  ["worker/group/a.ts", "const id = `${crypto.randomUUID()}`;"],
  ["client/session/a.ts", "setTimeout(() => {}, 1);"],
  ["client/session/a.ts", "const open = { ...globalThis };"],
  ["client/session/a.ts", "process.nextTick(next);"],
  ["worker/pages/dashboard/view/a.ts", "document.title = name;"],
  ["client/session/a.ts", "const pattern = a / b; console.log(pattern / 2);"],
])("a planted use of the platform is found: %s with %s", (file, source) => {
  expect(violations(file, source)).toHaveLength(1);
});

test.each([
  ["shared/a.ts", 'import { x } from "./x.ts";'],
  ["worker/group/a.ts", 'import { x } from "../../shared/x.ts";'],
  ["worker/a.ts", 'import { Hono } from "hono";\nimport { x } from "cloudflare:workers";\nDate.now();'],
  ["client/node/a.ts", 'import ws from "ws";\nimport { on } from "node:events";'],
  ["testing/a.ts", 'import { x } from "../worker/group/x.ts";\nimport { y } from "../client/session/y.ts";'],
  ["shared/a.ts", '// Date.now()\nconst text = "Date.now() import \\"hono\\""; /* fetch */ const pattern = /"crypto/;'],
  [
    "client/session/a.ts",
    "const { process: other } = hello; const name = hello.process; type T = { process?: string };",
  ],
])("what is allowed is not reported: %s with %s", (file, source) => {
  expect(violations(file, source)).toEqual([]);
});
