import { createServer } from "node:http";
import { type Listening, listen } from "../../tools/harness/loopback.ts";

/** Serves one page, which runs the module, on a free port of this machine. */
export async function servePage(script: string): Promise<Listening> {
  const html = `<!doctype html><meta charset="utf-8"><title>page</title><p id="state"></p><script type="module" src="/page.js"></script>`;
  return serveFiles({ "/": html, "/page.js": script });
}

/** Serves scripts and pages by their paths. */
export async function serveFiles(files: Readonly<Record<string, string>>): Promise<Listening> {
  const server = createServer(({ url = "" }, response) => {
    const text = files[url];
    response.writeHead(text === undefined ? 404 : 200, {
      "Content-Type": url.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8",
    });
    response.end(text);
  });
  return listen(server);
}
