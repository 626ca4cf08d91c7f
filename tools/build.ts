import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleAssets } from "./bundle-assets.ts";
import { bundleWorker } from "./bundle-worker.ts";
import { inRepository } from "./paths.ts";
import { run } from "./run.ts";
import { sourceFiles } from "./source-files.ts";

const productFolders = ["shared", "worker", "client", "testing", "cli"];
const productProjects = [
  "shared",
  "worker/group",
  "worker/fence",
  "worker/callers/core",
  "worker",
  "client/session",
  "client",
  "client/node",
  "client/react",
  "cli",
  "testing/node",
  "testing",
];

/**
 * Builds `dist/`: modules and declarations of the product's folders, the bundled Worker, and the wrangler.toml that
 * deploys it. The compiler works in a cache folder; only what has a source is copied, so nothing stale gets in, and
 * `dist/` is replaced in one step at the end.
 */
export async function build(): Promise<void> {
  const compiled = await run("tsc", ["-b", ...productProjects, "--pretty", "false"], "keep");
  if (compiled.exitCode !== 0) throw new Error(`tsc found errors:\n${compiled.output}`);
  const staging = inRepository(`dist.${process.pid}.tmp`);
  try {
    await copyModules(staging);
    await copyFile(await bundleWorker(), `${staging}/worker.bundle.js`);
    await bundleAssets(`${staging}/assets`);
    await writeFile(
      `${staging}/wrangler.toml`,
      bundledConfiguration(await readFile(inRepository("wrangler.toml"), "utf8")),
    );
    await replaceDist(staging);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function copyModules(staging: string): Promise<void> {
  for (const source of await sourceFiles(productFolders)) {
    if (/^worker\/pages\//.test(source) || source.endsWith(".d.ts")) continue;
    const stem = source.replace(/\.ts$/, "");
    await mkdir(dirname(`${staging}/${stem}`), { recursive: true });
    await copyFile(inRepository(`.tsbuild/${stem}.js`), `${staging}/${stem}.js`);
    const declarations = await readFile(inRepository(`.tsbuild/${stem}.d.ts`), "utf8");
    await writeFile(`${staging}/${stem}.d.ts`, publishedImports(declarations));
  }
}

/** The compiler rewrites relative imports in modules, but not in declarations. */
function publishedImports(declarations: string): string {
  return declarations.replace(/(\bfrom |\bimport\(|\bimport )"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"');
}

function bundledConfiguration(toml: string): string {
  return toml
    .replace(/^main = .*$/m, 'main = "worker.bundle.js"\nno_bundle = true\nfind_additional_modules = false')
    .replace(/^directory = .*$/m, 'directory = "assets"');
}

async function replaceDist(staging: string): Promise<void> {
  const dist = inRepository("dist");
  const old = inRepository(`dist.${process.pid}.old.tmp`);
  if (existsSync(dist)) await rename(dist, old);
  await rename(staging, dist);
  await rm(old, { recursive: true, force: true });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await build();
  process.stdout.write("Built dist/.\n");
}
