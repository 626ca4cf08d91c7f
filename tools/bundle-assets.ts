import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { build } from "esbuild";
import { inRepository, repositoryRoot } from "./paths.ts";

const sources = "worker/pages";
/** The scripts of the pages. Each is bundled with everything that it imports, such as the client. */
const scripts = ["dashboard/dashboard.ts", "demo/stage.ts", "demo/contender.ts", "demo/asked.ts"];

/**
 * Builds the Worker's static files and resolves to their folder: scripts are bundled and stay readable, everything else
 * is copied. Each file is replaced atomically, so several processes may do this at once while a backend serves them.
 */
export async function bundleAssets(folder = inRepository(".tsbuild/assets")): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: repositoryRoot,
    entryPoints: scripts.map((script) => `${sources}/${script}`),
    outdir: folder,
    outbase: sources,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "silent",
    write: false,
  });
  await Promise.all(outputFiles.map(({ path, text }) => replaceFile(path, text)));
  for (const entry of await readdir(inRepository(sources), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.(ts|json)$/.test(entry.name)) continue;
    const file = `${entry.parentPath}/${entry.name}`.slice(inRepository(sources).length);
    await replaceFile(`${folder}${file}`, await readFile(inRepository(`${sources}${file}`), "utf8"));
  }
  return folder;
}

async function replaceFile(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => null)) === text) return;
  const fresh = `${path}.${randomUUID()}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(fresh, text);
  await rename(fresh, path);
}
