import { randomUUID } from "node:crypto";
import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { inRepository, repositoryRoot } from "./paths.ts";

/** Settings that bundle a Worker into one file for the runtime. */
export const workerTarget = {
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["workerd", "worker", "browser"],
  target: "es2024",
  external: ["cloudflare:*", "node:*"],
  logLevel: "silent",
} satisfies BuildOptions;

/**
 * Bundles the production Worker for the local backend and resolves to the bundle's path. The bundle is replaced
 * atomically, so several processes may do this at once while a backend reads it. A failed build keeps the old one.
 */
export async function bundleWorker(): Promise<string> {
  const bundle = inRepository(".tsbuild/worker.bundle.js");
  const fresh = `${bundle}.${randomUUID()}.tmp`;
  await mkdir(dirname(bundle), { recursive: true });
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: ["worker/index.ts"],
    outfile: fresh,
    ...workerTarget,
    legalComments: "none",
  });
  await rename(fresh, bundle);
  return bundle;
}
