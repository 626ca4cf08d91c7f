import { readFileSync } from "node:fs";

/** The version of this package. Its manifest is one folder above the sources, and two above the published modules. */
export function packageVersion(): string {
  const path = import.meta.url.endsWith(".ts") ? "../package.json" : "../../package.json";
  const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
  const isManifest = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isManifest ? String(manifest.version) : "unknown";
}
