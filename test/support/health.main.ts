/** A process with a health endpoint, as docs/NODE.md shows it. Its first argument is the backend's url. */

import { createServer } from "node:http";
import { createElectionClient } from "../../client/node/index.ts";
import { listen } from "../../tools/harness/loopback.ts";

const [url = ""] = process.argv.slice(2);
const client = createElectionClient({ url, group: "g", process: { name: "one" } });
client.contend("dispatcher", { onGrant: (leadership) => leadership.confirm(), onError: () => undefined });

const server = createServer((_request, response) => {
  const health = client.health();
  response.writeHead(health.status === "failing" ? 503 : 200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(health));
});
const { port } = await listen(server);
process.stdout.write(`listening on ${port}\n`);
