/** Every configuration that users copy runs the Worker with the settings that are shipped and tested. */
import { glob, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { parseRuntimeSettings, runtimeSettings } from "../../../cli/backend/worker-bundle.ts";
import { workerdConfig } from "../../../cli/backend/workerd-config.ts";
import { configurations, type Format } from "../../../cli/backend/wrangler-config.ts";
import { readPages } from "../../../tools/docs/pages.ts";
import { temporaryFolder } from "../../../tools/harness/folder.ts";
import { inRepository } from "../../../tools/paths.ts";

const shipped = await runtimeSettings();
const pages = await readPages();
/** Where it stands, and its text. */
type Found = readonly [where: string, code: string];

const blocksOf = (wanted: string): Found[] =>
  pages.flatMap(({ path, blocks }) =>
    blocks.filter(({ language }) => language === wanted).map(({ line, code }): Found => [`${path}:${line}`, code]),
  );

test("the configuration for machines of one's own is the text that this project runs, but for the proxy in front", () => {
  const text = workerdConfig({
    ...shipped,
    host: "127.0.0.1",
    port: 8787,
    bundleFile: "worker.bundle.js",
    dataDirectory: "data",
    assetsDirectory: "assets",
    bindings: {},
    fromEnvironment: ["AUTH_SECRET"],
  });
  // Open mode must see the header by which it knows a proxy, so only the page lets the runtime take it.
  const behindProxy = text.replace("http = ()", 'http = (forwardedProtoHeader = "X-Forwarded-Proto")');
  expect(blocksOf("capnp").map(([, code]) => `${code.trim()}\n`)).toEqual([behindProxy]);
});

test("every Worker that has the groups has the compatibility settings of the one that is shipped", async () => {
  const found = blocksOf("toml");
  for await (const file of glob("examples/*/wrangler.toml", { cwd: inRepository("") })) {
    found.push([file, await readFile(inRepository(file), "utf8")]);
  }
  const owners = found.filter(([, toml]) => /new_sqlite_classes = .*"ElectionGroup"/.test(toml));
  expect(owners.length).toBeGreaterThan(2);
  for (const [where, toml] of owners) expect([where, parseRuntimeSettings(toml)]).toEqual([where, shipped]);
});

/** What a Worker that mounts the elections needs to have, as wrangler reads it. */
function groupsIn(config: string): unknown {
  const read = unstable_readConfig({ config });
  const { compatibility_date, compatibility_flags, durable_objects, migrations, ratelimits, observability } = read;
  return { compatibility_date, compatibility_flags, durable_objects, migrations, ratelimits, observability };
}

const mounted = { ...shipped, name: "my-application", main: "src/index.ts" };

test.each<Format>(["jsonc", "toml"])(
  "`edge-election init --format %s` has all that the shipped Worker has",
  async (format) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, `wrangler.${format}`);
    await writeFile(file, configurations[format](mounted));
    const ours = inRepository("wrangler.toml");

    expect(groupsIn(file)).toEqual(groupsIn(ours));
    expect(unstable_readConfig({ config: file })).toMatchObject({
      name: "my-application",
      main: join(folder.path, "src/index.ts"),
      observability: { enabled: true, logs: { invocation_logs: false } },
    });
    // Settings of a deployment by the shipped file stand nowhere else.
    expect(unstable_readConfig({ config: ours })).toMatchObject({ keep_vars: true, vars: {} });
  },
);

test("the pages show what `edge-election init` prints", () => {
  const shown = blocksOf("toml").filter(
    ([where, code]) => where.startsWith("docs/WORKERS.md:") && code.includes("[durable_objects]"),
  );
  expect(shown.map(([, code]) => `${code.trim()}\n`)).toEqual([configurations.toml(mounted)]);
});

test.each(["package-lock.json", "bench/peers/package-lock.json"])(
  "%s has the hash of every package: a registry can't send another one",
  async (file) => {
    const lock: { readonly packages: Readonly<Record<string, { readonly integrity?: string }>> } = JSON.parse(
      await readFile(inRepository(file), "utf8"),
    );
    const installed = Object.entries(lock.packages).filter(([path]) => path !== "");
    expect(installed.length).toBeGreaterThan(0);
    expect(installed.filter(([, { integrity }]) => !integrity?.startsWith("sha512-")).map(([path]) => path)).toEqual(
      [],
    );
  },
);

test("no job that may sign or publish runs code of packages", async () => {
  const workflow = await readFile(inRepository(".github/workflows/release.yml"), "utf8");
  const jobs = workflow.slice(workflow.indexOf("\njobs:\n")).split(/^ {2}(?=\w+:$)/m);
  const mayPublish = jobs.filter((job) => /id-token: write/.test(job));
  expect(mayPublish).toHaveLength(1);
  for (const job of mayPublish) {
    const commands = [...job.matchAll(/^ +(?:- )?run: (.*)$/gm)].map(([, command]) => command);
    expect(commands).toEqual(["npm publish ./*.tgz --ignore-scripts --provenance --access public"]);
    expect(job).not.toContain("actions/checkout");
  }
});
