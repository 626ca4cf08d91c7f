import { build } from "esbuild";
import { inRepository, repositoryRoot } from "../paths.ts";
import type { Program } from "./programs.ts";

const targets = {
  node: { platform: "node", conditions: [], external: ["pg", "vitest", "ws"] },
  test: { platform: "node", conditions: [], external: ["vitest"] },
  browser: { platform: "browser", conditions: [], external: [] },
  worker: { platform: "neutral", conditions: ["workerd", "worker", "browser"], external: ["cloudflare:*", "node:*"] },
} as const;

/** Bundles a program for its environment: Node, a browser, or workerd. */
export async function bundleProgram({ file, kind }: Program): Promise<string> {
  const { platform, conditions, external } = targets[kind.environment];
  const outfile = `${file}.bundle.js`;
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: [file],
    outfile,
    bundle: true,
    format: "esm",
    jsx: "automatic",
    platform,
    mainFields: ["module", "main"],
    conditions: [...conditions],
    external: [...external],
    target: "es2024",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  });
  return inRepository(outfile);
}
