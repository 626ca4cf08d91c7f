/** Serves an app with a `fetch` function on loopback. */

import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { type Listening, listen } from "./loopback.ts";

export async function serve(app: (request: Request) => Response | Promise<Response>): Promise<Listening> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/", rawHeaders } = incoming;
    const names = rawHeaders.filter((_, index) => index % 2 === 0);
    const headers = names.map((name, index): [string, string] => [name, rawHeaders[index * 2 + 1] ?? ""]);
    const body = await text(incoming);
    const request = new Request(new URL(url, "http://127.0.0.1"), { method, headers, ...(body !== "" && { body }) });
    const response = await app(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
  });
  return listen(server);
}
