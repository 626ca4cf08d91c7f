/** A web site that serves the built client as modules, to pages without any bundler, and records what was asked for. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { listen } from "../../tools/harness/loopback.ts";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const ENTRY = `${DIST}client/index.js`;

export interface ModuleSite extends AsyncDisposable {
  /** The address of an empty page. */
  readonly url: string;
  /** Paths of modules, in the order of the requests. */
  readonly loaded: readonly string[];
}

/** The text of a module, by its path. */
type Modules = (path: string) => Promise<string | undefined>;

/** The files of the package, as `npm run build` has written them. */
export const files = async (): Promise<Modules> => (path) => readFile(DIST + path.slice(1), "utf8");

/** The one file that a bundler makes of them. */
export async function bundled(): Promise<Modules> {
  const { outputFiles } = await build({
    entryPoints: { "client/index": ENTRY },
    outdir: "/",
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  return async (path) => texts.get(path);
}

export async function serveModules(modules: Modules): Promise<ModuleSite> {
  const loaded: string[] = [];
  const server = createServer(async ({ url = "" }, response) => {
    const isModule = url.endsWith(".js");
    if (isModule) loaded.push(url);
    const text = isModule ? await modules(url).catch(() => undefined) : "<!doctype html><title>modules</title>";
    response.writeHead(text === undefined ? 404 : 200, { "Content-Type": isModule ? "text/javascript" : "text/html" });
    response.end(text);
  });
  return { ...(await listen(server)), loaded };
}
