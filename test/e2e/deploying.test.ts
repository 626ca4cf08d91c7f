/** What wrangler makes of the shipped configuration and of one that `edge-election init` prints, without an account and without the network. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runtimeSettings } from "../../cli/backend/worker-bundle.ts";
import { workerdConfig } from "../../cli/backend/workerd-config.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { type Runtime, serveConfiguration } from "../../tools/harness/runtime.ts";
import { connectPeer } from "../../tools/harness/socket-peer.ts";
import { inRepository } from "../../tools/paths.ts";
import { run } from "../../tools/run.ts";
import { runCommand } from "../support/command-line.ts";

const SHIPPED = inRepository("dist/wrangler.toml");
const BINDINGS = [
  /env\.ELECTIONS \(ElectionGroup\)\s+Durable Object/,
  /env\.UPGRADE_LIMITER \(100 requests\/60s\)/,
  /env\.REQUEST_LIMITER \(600 requests\/60s\)/,
];

test.each([
  ["wrangler.toml", []],
  ["wrangler.index.toml", [/env\.GROUP_INDEX \(GroupIndex\)\s+Durable Object/]],
])("wrangler deploys the shipped bundle as it is, with its pages, by %s", async (file, more) => {
  await using folder = await temporaryFolder();
  const { exitCode, output } = await run(
    "wrangler",
    ["deploy", "--dry-run", "--outdir", folder.path, "--config", inRepository(`dist/${file}`)],
    "keep",
  );

  expect([exitCode, output]).toEqual([0, expect.stringContaining("--dry-run: exiting now")]);
  for (const binding of [...BINDINGS, /env\.ASSETS\s+Assets/, ...more]) expect(output).toMatch(binding);
  expect(output).not.toMatch(/warning/i);
  expect(await readFile(join(folder.path, "worker.bundle.js"), "utf8")).toContain("ElectionGroup");
});

test("wrangler makes types of the shipped configuration", async () => {
  await using folder = await temporaryFolder();
  const types = join(folder.path, "types.d.ts");
  const { exitCode, output } = await run(
    "wrangler",
    ["types", types, "--include-runtime=false", "--config", SHIPPED],
    "keep",
  );

  expect([exitCode, output]).toEqual([0, expect.stringContaining("Types written")]);
  const written = await readFile(types, "utf8");
  expect(written).toMatch(/ELECTIONS: DurableObjectNamespace<import\(.*\)\.ElectionGroup>;/);
  expect(written).toContain("UPGRADE_LIMITER: RateLimit;");
  expect(written).toContain("REQUEST_LIMITER: RateLimit;");
});

test.each(["jsonc", "toml"])("a Worker deploys with what `edge-election init --format %s` prints", async (format) => {
  await using folder = await temporaryFolder();
  const { code, stdout } = await runCommand(["init", "--format", format, "--name", "shop", "--main", "worker.ts"]);
  expect(code).toBe(0);
  const config = join(folder.path, `wrangler.${format}`);
  await writeFile(config, stdout);
  const app = JSON.stringify(inRepository("dist/worker/index.js"));
  await writeFile(join(folder.path, "worker.ts"), `export { default, ElectionGroup } from ${app};\n`);
  const { exitCode, output } = await run("wrangler", ["deploy", "--dry-run", "--config", config], "keep");

  expect([exitCode, output]).toEqual([0, expect.stringContaining("--dry-run: exiting now")]);
  for (const binding of BINDINGS) expect(output).toMatch(binding);
  expect(output).not.toMatch(/warning/i);
});

test("`edge-election init` refuses names that would break the configuration", async () => {
  for (const words of [
    ["--name", "Shop"],
    ["--name", 'a"b'],
    ["--main", 'a".ts'],
    ["--format", "yaml"],
  ]) {
    expect([words, (await runCommand(["init", ...words])).code]).toEqual([words, 2]);
  }
});

/** Serves the shipped bundle with other settings of the runtime. */
async function serveDated(
  folder: string,
  compatibilityDate: string,
  more: readonly string[],
  v8Flags: readonly string[] = [],
): Promise<Runtime> {
  const { compatibilityFlags } = await runtimeSettings();
  for (const name of ["data", "assets"]) await mkdir(join(folder, name));
  await copyFile(inRepository("dist/worker.bundle.js"), join(folder, "worker.bundle.js"));
  const configuration = workerdConfig({
    host: "127.0.0.1",
    port: 0,
    bundleFile: "worker.bundle.js",
    dataDirectory: "data",
    assetsDirectory: "assets",
    bindings: { OPEN_MODE: "loopback" },
    compatibilityDate,
    compatibilityFlags: [...compatibilityFlags, ...more],
    v8Flags,
  });
  await writeFile(join(folder, "elections.capnp"), configuration);
  return serveConfiguration(folder, "elections.capnp");
}

test.each([
  ["2026-08-03", ["nodejs_compat"]],
  ["2026-08-04", []],
])("the Worker runs with the compatibility date %s and the flags %j", async (date, flags) => {
  await using folder = await temporaryFolder();
  await using runtime = await serveDated(folder.path, date, flags);

  const answer = await fetch(`${runtime.url}/v1/groups/dated`);
  expect([answer.status, await answer.json()]).toMatchObject([200, { group: "dated", sessions: 0 }]);
});

test("with an older date and without nodejs_compat the Worker does not start", async () => {
  await using folder = await temporaryFolder();
  await expect(serveDated(folder.path, "2026-08-03", [])).rejects.toThrow(
    "edge-election needs node:crypto: set the Worker's compatibility_date to 2026-08-04 or later",
  );
});

test("two groups of 500 sessions each fit into a heap of 16 MB, an eighth of what the objects of an isolate share", async () => {
  await using folder = await temporaryFolder();
  const { compatibilityDate } = await runtimeSettings();
  await using runtime = await serveDated(folder.path, compatibilityDate, [], ["--max-heap-size=16"]);
  const groups = ["one", "two"];
  for (const group of groups) {
    for (let joined = 0; joined < 500; joined += 20) {
      const peers = await Promise.all(Array.from({ length: 20 }, () => connectPeer({ url: runtime.url, group })));
      await Promise.all(peers.map((peer) => peer.hello({ contenders: [{ component: "worker" }], observe: true })));
    }
  }

  for (const group of groups) {
    const answer = await fetch(`${runtime.url}/v1/groups/${group}`);
    expect(await answer.json()).toMatchObject({ group, sessions: 500 });
  }
});

test("a heap that holds not even the Worker ends the runtime: the limit above counts", async () => {
  await using folder = await temporaryFolder();
  const { compatibilityDate } = await runtimeSettings();
  await expect(serveDated(folder.path, compatibilityDate, [], ["--max-heap-size=2"])).rejects.toThrow("workerd ended");
});
