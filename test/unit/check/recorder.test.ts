/** What harnesses record is judged, and no test of a real backend is left out without a reason. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { freePort } from "../../../cli/backend/free-port.ts";
import { type Listening, listen } from "../../../tools/harness/loopback.ts";
import { PATIENCE_MS } from "../../../tools/harness/patience.ts";
import { expectRulesKept, recordedPath } from "../../../tools/harness/recorder.ts";
import { RAW_PEER } from "../../../tools/harness/traces.ts";
import { inRepository } from "../../../tools/paths.ts";
import { sourceFiles } from "../../../tools/source-files.ts";
import { unrecorded, unrecordedStarts } from "../../support/unrecorded.ts";

/** It answers nothing, and closes the socket at `end`. */
async function silentGroup(): Promise<Listening> {
  const server = createServer((_, response) => response.end("hello"));
  new WebSocketServer({ server }).on("connection", (socket) =>
    socket.on("message", (data) => String(data) === '"end"' && socket.close(1000)),
  );
  return listen(server);
}

async function send(url: string, frames: readonly unknown[], headers: Record<string, string> = {}): Promise<void> {
  const socket = new WebSocket(`${url}/v1/groups/a/session`, { headers });
  await once(socket, "open");
  for (const frame of [...frames, "end"]) socket.send(JSON.stringify(frame));
  await once(socket, "close");
}

const TWICE = [
  { type: "hello", sentAt: 1 },
  { type: "renew", sentAt: 1, held: [] },
];

test("[E23] what is wrong on a recorded path is told once, with the frames that led to it", async () => {
  await using group = await silentGroup();
  await using path = await recordedPath(group.port);
  await send(path.url, TWICE);
  await expect(expectRulesKept()).rejects.toThrow(
    /\[S7\] connection .*: `sentAt` 1 follows 1\n {2}right: it strictly increases .*\n.*"open".*\n.*"hello".*\n.*"renew"/,
  );
  await expectRulesKept();
});

test("a peer that sends what a test tells it to is not judged", async () => {
  await using group = await silentGroup();
  await using path = await recordedPath(group.port);
  await send(path.url, TWICE, { "Edge-Election-Client": RAW_PEER });
  await expectRulesKept();
});

test("a recorded path goes on while the process that has opened it waits for another one", async () => {
  await using path = await recordedPath(await freePort());
  const signal = `AbortSignal.timeout(${PATIENCE_MS})`;
  const ask = `fetch("${path.url}", { signal: ${signal} }).catch(({ name }) => console.log(name))`;
  // Nobody listens behind the path: it closes the connection.
  expect(execFileSync(process.execPath, ["--eval", ask], { encoding: "utf8" })).toBe("TypeError\n");
});

test("a path that is closed is free for the next one, and a port that is taken is refused", async () => {
  await using group = await silentGroup();
  const first = await recordedPath(group.port);
  await expect(recordedPath(group.port, first.port)).rejects.toThrow("EADDRINUSE");
  await first[Symbol.asyncDispose]();
  await expect(fetch(first.url)).rejects.toThrow();
  await using second = await recordedPath(group.port, first.port);
  expect(await (await fetch(second.url)).text()).toBe("hello");
});

const STARTS = [
  /\bnew Miniflare\(/,
  /\bcreateTestHarness\(/,
  /\bserveConfiguration\(/,
  /\bstartLocalBackend\b.* = await import(?:LocalBackend|TestingKit)\(\)/,
  /\bstartLocalBackend\b.* from "(?:.*cli\/backend\/local-backend\.ts|edge-election\/testing)"/,
  /\["dev"/,
  /"cli\/start|cli\/start\.ts["`]/,
];
const RECORDS = /\brecorded(?:Path|Backend)\(/;

test("every file that starts a backend records what passes, or has a reason; no reason is left over", async () => {
  const files = await sourceFiles(["examples", "test/browser", "test/e2e", "test/local", "test/support"]);
  const tests = files.filter((file) => file.endsWith(".test.ts"));
  const starts: string[] = [];
  for (const file of files) {
    const source = await readFile(inRepository(file), "utf8");
    if (STARTS.some((start) => start.test(source)) && !RECORDS.test(source) && !unrecorded.has(file)) starts.push(file);
  }
  expect(starts).toEqual([...unrecordedStarts.keys()]);
  expect([...unrecorded.keys()].filter((file) => !tests.includes(file))).toEqual([]);
});
