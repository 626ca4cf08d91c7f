/** A client that is left, or gives an attempt up, before its token has come. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runNode } from "../support/child-process.ts";
import type { EarlyLeaveConfig } from "../support/early-leave.main.ts";

const ENTRIES = {
  "edge-election/node": new URL("../../dist/client/node/index.js", import.meta.url).href,
  "edge-election": new URL("../../dist/client/index.js", import.meta.url).href,
};

let url: string;
let upgrades: number;
const server = createServer((_, response) => response.end("ok"));
server.on("upgrade", (_, socket) => {
  upgrades += 1;
  socket.destroy();
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ways: Readonly<Record<EarlyLeaveConfig["leaving"], string>> = {
  client: "the client was closed",
  contender: "the last contender was closed",
  "same turn": "it was closed in the turn of contend",
  abort: "elect was aborted",
  "time-out": "the attempt took too long",
  pagehide: "the page was hidden",
};

for (const [entry, usesWs, name] of [
  ["edge-election/node", false, "edge-election/node"],
  ["edge-election", true, "a class WebSocket of ws"],
] as const) {
  for (const [leaving, way] of Object.entries(ways) as [EarlyLeaveConfig["leaving"], string][]) {
    test(`[X8] ${name}: a token that comes when ${way} opens no socket, and the process goes on`, async () => {
      upgrades = 0;
      const config: EarlyLeaveConfig = { entry: ENTRIES[entry], url, usesWs, leaving };
      const child = runNode("test/support/early-leave.main.ts", [JSON.stringify(config)]);
      expect([await child.ended, child.output(), upgrades]).toEqual([{ code: 0, signal: null }, "alive\n", 0]);
    });
  }
}
