/** The bench's own Workers, bundled. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { workerTarget } from "../tools/bundle-worker.ts";
import { temporaryFolder } from "../tools/harness/folder.ts";

export interface Bundle extends AsyncDisposable {
  readonly file: string;
}

/** Bundles a folder of the bench into one file, which is removed at the end of the scope. */
export async function bundle(folder: "beside-worker" | "election-worker" | "floor-worker"): Promise<Bundle> {
  const target = await temporaryFolder();
  const file = join(target.path, "worker.js");
  await bundleWorkerOf(fileURLToPath(new URL(`${folder}/index.ts`, import.meta.url)), file);
  return { file, [Symbol.asyncDispose]: () => target[Symbol.asyncDispose]() };
}

export async function bundleWorkerOf(entry: string, outfile: string): Promise<void> {
  await build({ entryPoints: [entry], outfile, ...workerTarget });
}
