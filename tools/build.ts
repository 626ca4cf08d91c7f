import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, posix } from "node:path";
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
 * Builds `dist/`: modules and declarations of the product's folders, the sources that the maps of the declarations lead to,
 * the bundled Worker, and the wrangler.toml that deploys it, without and with an index of groups. The compiler works in a cache folder; only what has a source is copied, so nothing stale gets in, and
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
    const configuration = bundledConfiguration(await readFile(inRepository("wrangler.toml"), "utf8"));
    await writeFile(`${staging}/wrangler.toml`, configuration);
    await writeFile(`${staging}/wrangler.index.toml`, withIndex(configuration));
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
    await copySource(staging, source, stem);
  }
}

/** In a folder of its own: beside a declaration, the compiler would take the source in its place. */
async function copySource(staging: string, source: string, stem: string): Promise<void> {
  const target = `src/${source}`;
  await mkdir(dirname(`${staging}/${target}`), { recursive: true });
  await copyFile(inRepository(source), `${staging}/${target}`);
  const map: object = JSON.parse(await readFile(inRepository(`.tsbuild/${stem}.d.ts.map`), "utf8"));
  const sources = [posix.relative(posix.dirname(stem), target)];
  await writeFile(`${staging}/${stem}.d.ts.map`, JSON.stringify({ ...map, sources }));
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

/** The same Worker with an index of its groups: a binding, and a migration that creates its class. */
function withIndex(toml: string): string {
  const indexed = toml
    .replace(/^bindings = \[(.*)\]$/m, 'bindings = [$1, { name = "GROUP_INDEX", class_name = "GroupIndex" }]')
    .replace(
      /^new_sqlite_classes = \["ElectionGroup"\]$/m,
      '$&\n\n[[migrations]]\ntag = "v2"\nnew_sqlite_classes = ["GroupIndex"]',
    );
  if (indexed.match(/GroupIndex/g)?.length !== 2) throw new Error("wrangler.toml has its bindings in another form");
  return indexed;
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
