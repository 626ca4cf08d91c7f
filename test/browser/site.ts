/** A web site with the pages under test, on both names of this machine: pages of different names never share a process. */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { listen } from "../../tools/harness/loopback.ts";

export interface Site extends AsyncDisposable {
  /** The address of one of the pages, or of another path, which is an empty page. */
  url(page: string, query?: Readonly<Record<string, string>>, host?: string): string;
}

const PAGES = ["tab", "strict"];
const source = (page: string): string => fileURLToPath(new URL(`pages/${page}.ts`, import.meta.url));

/** The pages run the sources of the client, bundled as an application would do it. */
export async function startSite(): Promise<Site> {
  const { outputFiles } = await build({
    entryPoints: PAGES.map(source),
    outdir: "/",
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "silent",
    write: false,
  });
  const scripts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const server = createServer(({ url = "" }, response) => {
    const { pathname } = new URL(url, "http://site");
    const script = scripts.get(pathname);
    response.setHeader("Content-Type", script === undefined ? "text/html; charset=utf-8" : "text/javascript");
    response.end(script ?? htmlOf(pathname.slice(1)));
  });
  const { port, ...site } = await listen(server);
  return {
    url: (page, query = {}, host = "127.0.0.1") => `http://${host}:${port}/${page}?${new URLSearchParams(query)}`,
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

const htmlOf = (page: string): string =>
  `<!doctype html><title>${page}</title><main id="root"></main>${
    PAGES.includes(page) ? `<script type="module" src="/${page}.js"></script>` : ""
  }`;
