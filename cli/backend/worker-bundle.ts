import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const runsFromSources = import.meta.url.endsWith(".ts");

/**
 * The path of the production Worker's bundle. A checkout builds it from the sources each time (fast, and never stale); the
 * published package contains it, and needs no bundler.
 */
export async function workerBundle(): Promise<string> {
  if (!runsFromSources) return fileURLToPath(new URL("../../worker.bundle.js", import.meta.url));
  const { bundleWorker } = await import("../../tools/bundle-worker.ts");
  return bundleWorker();
}

let assets: Promise<string> | undefined;

/**
 * The folder with the static files of the Worker's pages. A checkout builds them once in a process, so that a backend which is
 * started again is back as soon as one of the published package.
 */
export async function workerAssets(): Promise<string> {
  if (!runsFromSources) return fileURLToPath(new URL("../../assets", import.meta.url));
  const { bundleAssets } = await import("../../tools/bundle-assets.ts");
  assets ??= bundleAssets();
  return assets;
}

export interface RuntimeSettings {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

/** The runtime's compatibility settings, from the wrangler.toml beside the sources or beside the shipped bundle. */
export async function runtimeSettings(): Promise<RuntimeSettings> {
  return parseRuntimeSettings(await readFile(new URL("../../wrangler.toml", import.meta.url), "utf8"));
}

export function parseRuntimeSettings(toml: string): RuntimeSettings {
  const date = /^compatibility_date\s*=\s*"(\d{4}-\d{2}-\d{2})"\s*$/m.exec(toml)?.[1];
  if (date === undefined) throw new Error('wrangler.toml has no line compatibility_date = "YYYY-MM-DD"; add one.');
  const flags = /^compatibility_flags\s*=\s*\[([^\]]*)\]/m.exec(toml)?.[1] ?? "";
  return {
    compatibilityDate: date,
    compatibilityFlags: [...flags.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ""),
  };
}
