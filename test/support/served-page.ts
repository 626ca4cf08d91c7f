import { createServer } from "node:http";
import { type Listening, listen } from "../../tools/harness/loopback.ts";

/** Serves one page, which runs the module, on a free port of this machine. */
export async function servePage(script: string): Promise<Listening> {
  const html = `<!doctype html><meta charset="utf-8"><title>page</title><p id="state"></p><script type="module" src="/page.js"></script>`;
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : html);
  });
  return listen(server);
}
