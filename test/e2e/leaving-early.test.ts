/** A client that is left, or gives an attempt up, before its token has come. */

import { createServer } from "node:http";
import { afterAll, expect, test } from "vitest";
import { CLIENT_ENTRY, NODE_ENTRY } from "../../tools/harness/built.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { listen } from "../../tools/harness/loopback.ts";
import type { EarlyLeaveConfig } from "../support/early-leave.main.ts";

const ENTRIES = {
  "edge-election/node": NODE_ENTRY,
  "edge-election": CLIENT_ENTRY,
};

let upgrades: number;
const server = createServer((_, response) => response.end("ok"));
server.on("upgrade", (_, socket) => {
  upgrades += 1;
  socket.destroy();
});

const { url, ...site } = await listen(server);
afterAll(() => site[Symbol.asyncDispose]());

const ways: readonly (readonly [EarlyLeaveConfig["leaving"], string])[] = [
  ["client", "the client was closed"],
  ["contender", "the last contender was closed"],
  ["same turn", "it was closed in the turn of contend"],
  ["abort", "elect was aborted"],
  ["time-out", "the attempt took too long"],
  ["pagehide", "the page was hidden"],
];

for (const [entry, usesWs, name] of [
  ["edge-election/node", false, "edge-election/node"],
  ["edge-election", true, "a class WebSocket of ws"],
] as const) {
  for (const [leaving, way] of ways) {
    test(`[X8] ${name}: a token that comes when ${way} opens no socket, and the process goes on`, async () => {
      upgrades = 0;
      const config: EarlyLeaveConfig = { entry: ENTRIES[entry], url, usesWs, leaving };
      const child = runNode("test/support/early-leave.main.ts", [JSON.stringify(config)]);
      expect([await child.ended, child.output(), upgrades]).toEqual([{ code: 0, signal: null }, "alive\n", 0]);
    });
  }
}
