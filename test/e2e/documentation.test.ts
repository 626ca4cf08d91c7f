/** Every program in the pages, as a reader would copy it: against the built package and the production backend. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { bundleProgram } from "../../tools/docs/bundles.ts";
import { readPages } from "../../tools/docs/pages.ts";
import { type Program, programsOf, typeProblems, writePrograms } from "../../tools/docs/programs.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { serveConfiguration } from "../../tools/harness/runtime.ts";
import { inRepository } from "../../tools/paths.ts";
import { serveFiles, servePage } from "../support/served-page.ts";

const OPEN = { OPEN_MODE: "loopback" };
/** The options of the command that docs/FRONT-END.md shows. */
const AS_THE_PAGE_SAYS = { bundle: true, minify: true, format: "esm" } as const;
const pages = await readPages();
const programs = programsOf(pages);
const where = ({ page, block }: Program): string => `${page}:${block.line}`;
const types = await typeProblems(programs);
const browser = await findBrowser();

test("every program in the pages passes the strictest compiler, with the types that users get", () => {
  expect(types).toEqual([]);
  expect(programs.length).toBeGreaterThan(10);
});

describe("programs for Node run, in the order of their page, with one backend for each page", () => {
  const isForNode = ({ environment }: Program["kind"]): boolean => environment === "node" || environment === "test";
  const runnable = programs.filter(({ kind }) => isForNode(kind) && kind.run !== null);
  for (const [page, own] of Map.groupBy(runnable, (program) => program.page)) {
    test(page, async () => {
      const settings = own.flatMap(({ kind }) => (kind.binding ? [kind.binding] : []));
      await using backend = await startLocalBackend({ bindings: { ...OPEN, ...Object.fromEntries(settings) } });
      await using folder = await temporaryFolder();
      await writePrograms(own, backend.url);
      const running: Running[] = [];
      try {
        for (const program of own.filter(({ kind }) => !kind.isTest)) {
          running.push(await runProgram(program, folder.path, [inRepository(program.file)]));
        }
        const tests = own.filter(({ kind }) => kind.isTest);
        if (tests[0]) running.push(await runProgram(tests[0], folder.path, commandOf(tests)));
      } finally {
        for (const { stop } of running) await stop();
      }
      expect(running.flatMap(({ complaint }) => complaint() ?? [])).toEqual([]);
    });
  }
});

describe("sessions in a shell do what the page says", () => {
  for (const { path, blocks } of pages) {
    for (const { line, code } of blocks.filter(({ language, words }) => language === "sh" && words[0] === "run")) {
      test(`${path}:${line}`, async () => {
        await using backend = await startLocalBackend({ bindings: OPEN });
        await using folder = await temporaryFolder();
        const script = `set -euo pipefail\n${code.replaceAll("http://127.0.0.1:8787", backend.url)}`;
        const { stdout, stderr, status } = spawnSync("bash", ["-c", script], { cwd: folder.path, encoding: "utf8" });
        expect(status, `${stdout}${stderr}`).toBe(0);
      });
    }
  }
});

interface Running {
  readonly stop: () => Promise<void>;
  /** What was wrong with the way it ended. */
  readonly complaint: () => string | undefined;
}

/** Resolves when it has ended, or has written what it is to write; then it goes on beside the next ones. */
async function runProgram(program: Program, folder: string, command: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, command, {
    cwd: folder,
    env: { ...process.env, ...browser.environment, CHROME_PATH: browser.path, DATA: folder },
  });
  let output = "";
  const until = program.kind.run !== null && "until" in program.kind.run ? program.kind.run.until : undefined;
  const ended = whenEnded(child);
  const written = new Promise<"written">((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (until !== undefined && output.includes(until)) resolve("written");
      });
    }
  });
  const first = await Promise.race([ended, written]);
  if (first !== "written" && (until !== undefined || first !== 0)) {
    throw new Error(`${where(program)} ended with ${first}. It wrote:\n${output}`);
  }
  let code = first;
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    code = await ended;
  };
  const isFine = (): boolean => code === 0 || code === "SIGTERM";
  return { stop, complaint: () => (isFine() ? undefined : `${where(program)} ended with ${code}:\n${output}`) };
}

/** All tests of a page in one run of vitest, which starts slowly. */
function commandOf(tests: readonly Program[]): string[] {
  const vitest = inRepository("node_modules/vitest/vitest.mjs");
  return [
    vitest,
    "run",
    "--root",
    inRepository(dirname(tests[0]?.file ?? "")),
    ...tests.map(({ file }) => basename(file)),
  ];
}

const whenEnded = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal ?? "nothing")));

describe("programs for pages and Workers, and those that need more than this machine has, are bundled", () => {
  for (const program of programs.filter(
    ({ kind }) => kind.environment !== "test" && (kind.environment !== "node" || kind.run === null),
  )) {
    test(where(program), async () => {
      await expect(bundleProgram(program)).resolves.toMatch(/\.bundle\.js$/);
    });
  }
});

describe("programs for browsers do in Chromium what the page says", () => {
  for (const program of programs.filter(({ kind }) => kind.environment === "browser" && kind.run !== null)) {
    test(where(program), async () => {
      await using backend = await startLocalBackend({ bindings: OPEN });
      await writePrograms([program], backend.url);
      await using site = await servePage(await readFile(await bundleProgram(program), "utf8"));
      await using chromium = await startChromium(await findBrowser());
      const page = await chromium.context.newPage();
      await page.goto(site.url);
      const until = program.kind.run !== null && "until" in program.kind.run ? program.kind.run.until : "";
      await page.getByText(until).waitFor();
    });
  }
});

describe("pages without a bundler do in Chromium what they say", () => {
  for (const { path, blocks } of pages) {
    for (const { line, code, attributes } of blocks.filter(({ language }) => language === "html")) {
      test(`${path}:${line}`, async () => {
        await using backend = await startLocalBackend({ bindings: OPEN });
        await using folder = await temporaryFolder();
        const outfile = join(folder.path, "edge-election.js");
        await build({ entryPoints: [inRepository("dist/client/index.js")], outfile, ...AS_THE_PAGE_SAYS });
        const html = code.replaceAll("127.0.0.1:8787", new URL(backend.url).host);
        await using site = await serveFiles({ "/": html, "/edge-election.js": await readFile(outfile, "utf8") });
        await using chromium = await startChromium(await findBrowser());
        const page = await chromium.context.newPage();
        const complaints: string[] = [];
        page.on("console", (message) => void complaints.push(message.text()));
        await page.goto(site.url);
        await page.getByText(attributes.get("until") ?? "").waitFor();
        expect(complaints).toEqual([]);
      });
    }
  }
});

describe("configurations of workerd serve the shipped Worker", () => {
  for (const { path, blocks } of pages) {
    for (const { line, code } of blocks.filter(({ language }) => language === "capnp")) {
      test(`${path}:${line}`, async () => {
        await using folder = await temporaryFolder();
        await cp(inRepository("dist/worker.bundle.js"), join(folder.path, "worker.bundle.js"));
        await cp(inRepository("dist/assets"), join(folder.path, "assets"), { recursive: true });
        await mkdir(join(folder.path, "data"));
        await writeFile(join(folder.path, "elections.capnp"), code.replace("127.0.0.1:8787", "127.0.0.1:0"));
        await using runtime = await serveConfiguration(folder.path, "elections.capnp");
        expect((await fetch(`${runtime.url}/healthz`)).status).toBe(200);
        expect((await fetch(`${runtime.url}/v1/groups/a`)).status).toBe(401);
        const ofPage = { Origin: runtime.url.replace("http:", "https:") };
        const look = (headers: Record<string, string>) => fetch(`${runtime.url}/v1/groups/a`, { headers });
        expect((await look(ofPage)).status).toBe(403);
        expect((await look({ ...ofPage, "X-Forwarded-Proto": "https" })).status).toBe(401); // let in, without a token
        // A stranger's compressed frames would be unpacked in the memory of everybody.
        const stranger = new WebSocket(`${runtime.url}/v1/groups/a/session`, ["edge-election.v1"], {
          perMessageDeflate: true,
          origin: runtime.url,
        });
        const closed = once(stranger, "close");
        await once(stranger, "open");
        expect(stranger.extensions).toBe("");
        expect((await closed)[0]).toBe(4401);
      });
    }
  }
});

describe("Workers that mount the elections serve them", () => {
  const backends: LocalBackend[] = [];
  afterAll(async () => {
    for (const backend of backends) await backend.stop();
  });
  for (const program of programs.filter(({ kind }) => kind.get !== null)) {
    test(`${where(program)} answers at ${program.kind.get}`, async () => {
      const backend = await startLocalBackend({ bindings: OPEN, workerBundle: await bundleProgram(program) });
      backends.push(backend);
      const answer = await fetch(`${backend.url}${program.kind.get}`);
      expect(answer.status, await answer.text()).toBe(200);
    });
  }
});
