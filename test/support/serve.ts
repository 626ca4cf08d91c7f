/** An app of the fetch kind as a server on loopback. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Served extends AsyncDisposable {
  readonly url: string;
}

export async function serve(app: (request: Request) => Response | Promise<Response>): Promise<Served> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/", rawHeaders } = incoming;
    const names = rawHeaders.filter((_, index) => index % 2 === 0);
    const headers = names.map((name, index): [string, string] => [name, rawHeaders[index * 2 + 1] ?? ""]);
    const body = await text(incoming);
    const request = new Request(new URL(url, "http://127.0.0.1"), { method, headers, ...(body !== "" && { body }) });
    const response = await app(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
