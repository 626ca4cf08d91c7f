import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ServedPage extends AsyncDisposable {
  readonly url: string;
}

/** Serves one page, which runs the module, on a free port of this machine. */
export async function servePage(script: string): Promise<ServedPage> {
  const html = `<!doctype html><meta charset="utf-8"><title>page</title><p id="state"></p><script type="module" src="/page.js"></script>`;
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
