/**
 * What all files of browser tests share: a web site with the pages under test, on both names of this machine (pages of
 * different names never share a process), and a browser for each worker. To start them for each file would take longer
 * than some files do. Both are made when the first file asks for them.
 */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Launched } from "../../tools/harness/chromium.ts";
import { listen } from "../../tools/harness/loopback.ts";

export interface Site {
  /** The address of one of the pages, or of another path, which is an empty page. */
  url(page: string, query?: Readonly<Record<string, string>>, host?: string): string;
  /** The debugger of the browser that belongs to this worker, by its number. */
  browser(worker: string): Promise<string>;
}

export const siteAt = (port: number): Site => ({
  url: (page, query = {}, host = "127.0.0.1") => `http://${host}:${port}/${page}?${new URLSearchParams(query)}`,
  async browser(worker) {
    const answer = await fetch(`http://127.0.0.1:${port}/browsers/${worker}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  },
});

const PAGES = ["tab", "strict", "in-vain"];
const source = (page: string): string => fileURLToPath(new URL(`pages/${page}.ts`, import.meta.url));

/** The pages run the sources of the client, bundled as an application would do it. */
async function bundlePages(): Promise<ReadonlyMap<string, string>> {
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
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}

export interface ServedSite extends AsyncDisposable {
  readonly port: number;
}

export async function startSite(launch: () => Promise<Launched>): Promise<ServedSite> {
  let scripts: ReturnType<typeof bundlePages> | undefined;
  const browsers = new Map<string, Promise<Launched>>();
  const answer = async (path: string): Promise<{ readonly type: string; readonly body: string }> => {
    if (path.startsWith("/browsers/")) {
      const browser = browsers.get(path) ?? launch();
      browsers.set(path, browser);
      return { type: "text/plain", body: (await browser).address };
    }
    scripts ??= bundlePages();
    const script = (await scripts).get(path);
    if (script !== undefined) return { type: "text/javascript", body: script };
    return { type: "text/html; charset=utf-8", body: htmlOf(path.slice(1)) };
  };
  const server = createServer(({ url = "" }, response) => {
    answer(new URL(url, "http://site").pathname).then(
      ({ type, body }) => response.writeHead(200, { "Content-Type": type }).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const site = await listen(server);
  return {
    port: site.port,
    async [Symbol.asyncDispose]() {
      for (const browser of browsers.values()) await (await browser).kill();
      await site[Symbol.asyncDispose]();
    },
  };
}

const htmlOf = (page: string): string =>
  `<!doctype html><title>${page}</title><main id="root"></main>${
    PAGES.includes(page) ? `<script type="module" src="/${page}.js"></script>` : ""
  }`;
