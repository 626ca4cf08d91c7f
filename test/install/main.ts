/**
 * `npm run check:install`: packs the package, installs it into empty folders as its users would, and runs it there: by
 * the steps of README, on the oldest Node that `engines` allows and on Node 24, Deno and Bun, under pm2, in a page that
 * Vite has bundled, mounted in a Worker by wrangler, and tested by Miniflare, vitest and wrangler. Needs the registry.
 */
import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "../../tools/build.ts";
import { parsePage } from "../../tools/docs/markdown.ts";
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { inRepository } from "../../tools/paths.ts";
import { installReport, writeReport } from "../../tools/reports.ts";
import { execute, type Service, startService } from "./commands.ts";
import { clientProgram, importProgram, miniflare4Program, pageFiles, serviceProgram, workerFiles } from "./programs.ts";
import { createProject, oldestNode, type Project, packPackage, testedVersion } from "./project.ts";

let passed = 0;
let failed = 0;

async function check(name: string, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  try {
    await work();
    passed += 1;
    process.stdout.write(`ok   ${name} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAIL ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

const expectText = (output: string, text: string): void => {
  if (!output.includes(text)) throw new Error(`it did not write "${text}", but:\n${output}`);
};

/** The backend that the package brings, as installed. */
const startBackend = ({ folder, command }: Project): Promise<Service> =>
  startService(command("edge-election"), ["dev", "--port", "0"], { folder }, /(http:\/\/127\.0\.0\.1:\d+)/);

async function checkRuntimes(tarball: string): Promise<void> {
  const oldest = await oldestNode();
  const node24 = (await testedVersion("node")).replace("node@", "node24@npm:node@");
  const packages = [`node22@npm:node@${oldest}`, node24, "deno", "bun", await testedVersion("workerd")];
  const files = { "client.mjs": clientProgram, "import.mjs": importProgram };
  await using project = await createProject(tarball, { files, packages });
  await using backend = await startBackend(project);
  const { folder, command } = project;
  const inNode = (alias: string): string => join(folder, "node_modules", alias, "bin", "node");
  const runtimes = [
    { name: `Node ${oldest}`, run: [inNode("node22")] },
    { name: "Node 24", run: [inNode("node24")] },
    { name: "Deno", run: [command("deno"), "run", "--allow-all", "--quiet"] },
    { name: "Bun", run: [command("bun"), "run"] },
  ];
  for (const { name, run } of runtimes) {
    const [program = "", ...parameters] = run;
    await check(`${name} imports every entry point for processes, and leads`, async () => {
      expectText(await execute(program, [...parameters, "import.mjs"], { folder }), "all imported");
      expectText(await execute(program, [...parameters, "client.mjs", backend.found], { folder }), "led twice");
    });
  }
  await checkJsr(command("deno"));
}

/** Deno brings the check that JSR makes at a publication. It needs the sources, and publishes nothing. */
async function checkJsr(deno: string): Promise<void> {
  await check("JSR finds explicit types on everything that it would publish", async () => {
    const parameters = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
    await execute(deno, parameters, { folder: inRepository("") });
  });
}

/** Other work may keep it waiting: what takes so many times as long is a fault. */
const BUSY = 10;
const FIRST_LEADER_GOAL_MS = 10_000;

/** What README says, as printed but for the port; the time begins once npm has installed the package. */
async function checkFirstLeader(tarball: string): Promise<void> {
  const [first] = parsePage("README.md", await readFile(inRepository("README.md"), "utf8")).blocks;
  await using project = await createProject(tarball, { files: {}, packages: [await testedVersion("workerd")] });
  const { folder } = project;
  await check("from an empty folder to the first leader, by README", async () => {
    const startedAt = performance.now();
    const dev = ["edge-election", "dev", "--port", "0"];
    await using backend = await startService("npx", dev, { folder }, /(http:\/\/127\.0\.0\.1:\d+)/);
    await writeFile(join(folder, "leader.mjs"), first?.code.replace("http://127.0.0.1:8787", backend.found) ?? "");
    await using leader = await startService("node", ["leader.mjs"], { folder }, /leading with epoch (\d+)/);
    const tookMs = performance.now() - startedAt;
    process.stdout.write(`     epoch ${leader.found} after ${(tookMs / 1_000).toFixed(1)} s; the goal is 10 s\n`);
    if (tookMs >= BUSY * FIRST_LEADER_GOAL_MS) throw new Error("it takes too long");
  });
}

/** The file of docs/NODE.md, and what it says of it. */
async function checkPm2(tarball: string): Promise<void> {
  const page = parsePage("docs/NODE.md", await readFile(inRepository("docs/NODE.md"), "utf8"));
  const ecosystem = page.blocks.find(({ code }) => code.includes("kill_timeout"))?.code ?? "";
  const files = { "ecosystem.config.cjs": ecosystem, "main.js": serviceProgram };
  await using project = await createProject(tarball, { files, packages: [await testedVersion("workerd"), "pm2@7"] });
  await using backend = await startBackend(project);
  const { folder, command } = project;
  const asked = ["--url", backend.found, "--group", "service", "--json"];
  const place = { folder, environment: { PM2_HOME: join(folder, "pm2"), ELECTIONS: backend.found } };
  await check("pm2 starts a service as docs/NODE.md says, and its stop hands the lead over", async () => {
    try {
      await execute(command("pm2"), ["start", "ecosystem.config.cjs"], place);
      await using _leader = await startService(command("edge-election"), ["watch", ...asked], place, /"epoch":(\d+)/);
      await execute(command("pm2"), ["stop", "dispatcher"], place);
      const { terms } = JSON.parse(await execute(command("edge-election"), ["history", ...asked], place)) as History;
      const ends = new Set(terms.map(({ reason }) => reason));
      if (ends.size !== 1 || !ends.has("closed"))
        throw new Error(`its terms have ended otherwise: ${[...ends].join()}`);
    } finally {
      await execute(command("pm2"), ["kill"], place);
    }
  });
}

/** The units of docs/, where the machine has a systemd: everything but the program, which is on the reader's machine only. */
async function checkUnits(): Promise<void> {
  if (spawnSync("systemd-analyze", ["--version"]).status !== 0)
    return void process.stdout.write("     this machine has no systemd to read the units of docs/\n");
  for (const path of ["docs/NODE.md", "docs/DEPLOYMENT.md"]) {
    const page = parsePage(path, await readFile(inRepository(path), "utf8"));
    for (const { line, code } of page.blocks.filter(({ language }) => language === "ini"))
      await check(`systemd has nothing to say of the unit at ${path}:${line}`, async () => {
        await using folder = await temporaryFolder();
        const unit = join(folder.path, "page.service");
        await writeFile(unit, code.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
        const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
        if (status !== 0 || stdout + stderr !== "") throw new Error(stdout + stderr);
      });
  }
}

interface History {
  readonly terms: readonly { readonly reason: string | null }[];
}

async function checkPage(tarball: string): Promise<void> {
  const names = ["react", "react-dom", "@types/react", "@types/react-dom", "typescript", "workerd"];
  const packages = await Promise.all(names.map(testedVersion));
  await using project = await createProject(tarball, { files: pageFiles, packages: [...packages, "vite@8"] });
  const { folder, command } = project;
  await using backend = await startBackend(project);
  await check("a Vite and React app compiles and is bundled, without a module of Node", async () => {
    await execute(command("tsc"), ["--noEmit", "--project", "."], { folder });
    await execute(command("vite"), ["build"], { folder, environment: { VITE_ELECTIONS: backend.found } });
    await checkChunks(join(folder, "dist/assets"));
  });
  await check("the bundled app leads in Chromium, under StrictMode", async () => {
    const preview = ["preview", "--host", "127.0.0.1", "--port", "0"];
    await using site = await startService(command("vite"), preview, { folder }, /(http:\/\/127\.0\.0\.1:\d+\/)/);
    await using chromium = await startChromium(await findBrowser());
    const page = await chromium.context.newPage();
    await page.goto(site.found);
    await page.getByText("this tab leads, tab is published").waitFor();
  });
}

async function checkChunks(folder: string): Promise<void> {
  const chunks = (await readdir(folder)).filter((name) => name.endsWith(".js"));
  const texts = await Promise.all(chunks.map((name) => readFile(join(folder, name), "utf8")));
  if (texts.length === 0) throw new Error(`there is no script in ${folder}`);
  if (texts.some((text) => /["']node:|["']ws["']/.test(text))) throw new Error("a chunk asks for a module of Node");
}

async function checkWorker(tarball: string): Promise<void> {
  const packages = [await testedVersion("wrangler"), await testedVersion("workerd"), "hono@4"];
  await using project = await createProject(tarball, { files: workerFiles, packages });
  const { folder, command } = project;
  await check("wrangler bundles a Worker that mounts the elections", async () => {
    await execute(command("wrangler"), ["deploy", "--dry-run"], { folder });
  });
  await check("wrangler dev serves it, and a client leads in it", async () => {
    const parameters = ["dev", "--ip", "127.0.0.1", "--port", "0", "--var", "OPEN_MODE:loopback"];
    await using worker = await startService(command("wrangler"), parameters, { folder }, /Ready on (http:\S+)/);
    const output = await execute(process.execPath, ["client.mjs", `${worker.found}/elections`], { folder });
    expectText(output, "led twice");
  });
}

/** Where a user tests a Worker: the tool, what it needs, and the folder of the example. */
const localTests = [
  { name: "Miniflare", folder: "miniflare", packages: ["miniflare", "workerd", "esbuild"] },
  { name: "the vitest plugin", folder: "vitest-plugin", packages: ["vitest", "@cloudflare/vitest-plugin", "workerd"] },
  { name: "wrangler's test harness", folder: "wrangler-harness", packages: ["wrangler", "workerd"] },
];

/** The machine may be busy: the fastest of some runs counts. */
const RUNS = 5;
const VIRTUAL_GOAL_MS = 100;
const WORKERD_GOAL_MS = 5_000;

async function checkLocalTests(tarball: string): Promise<void> {
  for (const { name, folder, packages } of localTests) {
    const names = [...packages, "hono"];
    const files = await filesIn(["examples/miniflare", `examples/${folder}`]);
    await using project = await createProject(tarball, {
      files,
      packages: await Promise.all(names.map(async (one) => (one === "hono" ? "hono@4" : testedVersion(one)))),
    });
    await check(`${name}: a leader dies, and another one takes over, on virtual time and in workerd`, async () => {
      await expectFast(() => runExample(project, folder));
    });
  }
}

/** The latest version that is no preview: it has shapes, and a runtime, of its own. */
async function checkMiniflare4(tarball: string): Promise<void> {
  const files = { ...(await filesIn(["examples/miniflare"])), "miniflare-4/takeover.mjs": miniflare4Program };
  await using project = await createProject(tarball, { files, packages: ["miniflare@4", "esbuild", "hono@4"] });
  await check(
    "Miniflare 4: a leader dies, and another one takes over, in workerd; objects hibernate and end",
    async () => {
      const place = { folder: join(project.folder, "miniflare-4") };
      const output = await execute(process.execPath, ["--test", "takeover.mjs"], place);
      process.stdout.write(`     ${durationIn(output, "against workerd")} ms against workerd\n`);
    },
  );
}

/** Of a test that prints how long it has taken. */
function durationIn(output: string, where: string): number {
  const found = new RegExp(`${where} it takes (\\d+) ms`).exec(output)?.[1];
  if (found === undefined) throw new Error(`it did not write how long it takes ${where}, but:\n${output}`);
  return Number(found);
}

async function expectFast(run: () => Promise<string>): Promise<void> {
  let [virtual, real] = [Infinity, Infinity];
  for (let count = 0; count < RUNS && !(virtual < VIRTUAL_GOAL_MS && real < WORKERD_GOAL_MS); count += 1) {
    const output = await run();
    virtual = Math.min(virtual, durationIn(output, "on virtual time"));
    real = Math.min(real, durationIn(output, "against workerd"));
  }
  process.stdout.write(`     ${virtual} ms on virtual time, ${real} ms against workerd\n`);
  const isBusy = virtual >= VIRTUAL_GOAL_MS || real >= WORKERD_GOAL_MS;
  if (isBusy) process.stdout.write("     that is more than on a machine that does nothing else\n");
  if (virtual >= BUSY * VIRTUAL_GOAL_MS || real >= BUSY * WORKERD_GOAL_MS) throw new Error("it takes too long");
}

function runExample({ folder, command }: Project, name: string): Promise<string> {
  const place = { folder: join(folder, name) };
  if (name === "vitest-plugin") return execute(command("vitest"), ["run"], place);
  const parameters = ["--import", "edge-election/testing/cloudflare-workers", "--test", "takeover.node-test.ts"];
  return execute(process.execPath, parameters, place);
}

/** By their paths in the folder of examples. */
async function filesIn(folders: readonly string[]): Promise<Record<string, string>> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(inRepository(folder), { withFileTypes: true });
      return Promise.all(
        entries
          .filter((entry) => entry.isFile())
          .map(async ({ name }) => [
            `${folder.replace("examples/", "")}/${name}`,
            await readFile(inRepository(`${folder}/${name}`), "utf8"),
          ]),
      );
    }),
  );
  return Object.fromEntries(found.flat());
}

async function main(): Promise<void> {
  await build();
  await using place = await temporaryFolder();
  const tarball = await packPackage(place.path);
  for (const part of [
    checkFirstLeader,
    checkRuntimes,
    checkPm2,
    checkUnits,
    checkPage,
    checkWorker,
    checkLocalTests,
    checkMiniflare4,
  ]) {
    await part(tarball).catch((error: unknown) => check(part.name, () => Promise.reject(error)));
  }
  await writeReport(installReport, { passed, failed });
  process.stdout.write(
    `\n${passed} checks of the installed package passed${failed === 0 ? "" : `, ${failed} failed`}\n`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
