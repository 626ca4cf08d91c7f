/**
 * The Worker's static pages: dashboard and demo. Sets the content type and the content policy of each file. They may be
 * mounted under any path, the same one as the app whose groups they show.
 */
import { type Context, Hono } from "hono";
import { refuseWith } from "./problem.ts";

/** What the pages need of the Worker's environment. */
export interface PagesEnv {
  /** The built files of the pages: the folder `dist/assets` of this package. Without this binding there are no pages. */
  readonly ASSETS?: Fetcher;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** On one machine the demo shows frames of both names: they are two sites with separate event loops. */
const TWINS: Readonly<Record<string, string>> = { "127.0.0.1": "localhost", localhost: "127.0.0.1" };

/** In place of a page that takes part: asks first. */
const ASKED = "demo/asked.html";

/**
 * True if a page of another site has sent the visitor here. Frames are not meant: no browser shows these pages in a frame of
 * another site, and the demo's own frames have two sites.
 */
const isSentByOthers = ({ req }: Context): boolean =>
  req.header("Sec-Fetch-Site") === "cross-site" && req.header("Sec-Fetch-Dest") !== "iframe";

/** The mount path with a slash behind it: `get("/")` is without one, unless the mount path is empty. */
const WITH_SLASH = "/:nothing{.{0}}";

/** The dashboard and the demo page. Mount them under the path of the app: `.route("/elections", pages)`. */
export const pages = new Hono<{ Bindings: PagesEnv }>()
  .get("/", (context) => serve(context, "dashboard/dashboard.html"))
  .get(WITH_SLASH, (context) => serve(context, "dashboard/dashboard.html"))
  .get("/dashboard/:file{[a-z-]+\\.(?:css|js)}", (context) => serve(context, `dashboard/${context.req.param("file")}`))
  .get("/demo", (context) => serve(context, isSentByOthers(context) ? ASKED : "demo/stage.html"))
  .get("/demo/contender", (context) => serve(context, isSentByOthers(context) ? ASKED : "demo/contender.html"))
  .get("/demo/:file{[a-z-]+\\.(?:css|js|svg)}", (context) => serve(context, `demo/${context.req.param("file")}`));

async function serve({ env, req }: Context<{ Bindings: PagesEnv }>, path: string): Promise<Response> {
  const file = await env.ASSETS?.fetch(`http://assets/${path}`);
  if (!file?.ok)
    return refuseWith(404, "not_found", "there is no such file: if all files are missing, run `npm run build`");
  const isPage = path.endsWith(".html");
  return new Response(isPage ? mounted(await file.text(), toMount(req.path, path)) : file.body, {
    headers: {
      "Content-Type": TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream",
      "Content-Security-Policy": contentPolicy(path.startsWith("demo/") ? demoFrames(new URL(req.url)) : "'none'"),
      // The site that has opened a page gets no hold on its window.
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cache-Control": "no-cache",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    },
  });
}

/** The path from the address of a page to where the pages are mounted; the browser's address counts, whatever a proxy cuts off. */
function toMount(address: string, file: string): string {
  if (file !== "dashboard/dashboard.html") return address.endsWith("/demo/contender") ? "../" : "./";
  return address.endsWith("/") ? "./" : `./${address.slice(address.lastIndexOf("/") + 1)}/`;
}

/** The pages name their files as if they were mounted at the root. */
const mounted = (html: string, mount: string): string => html.replace(/(?<= (?:href|src)=")\//g, mount);

/** The demo shows itself in frames. No other page may be framed, because a click on it may make a leader step down. */
function demoFrames({ protocol, hostname, port }: URL): string {
  const twin = TWINS[hostname];
  return ["'self'", ...(twin === undefined ? [] : [`${protocol}//${twin}:${port}`])].join(" ");
}

/** Allows only the page's own files, no inline code, and only these frames, around the page or in it. */
function contentPolicy(frames: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `frame-src ${frames}`,
    `frame-ancestors ${frames}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}
