/** A tap before a server of sockets: it passes everything on, and tells what it saw. */
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { freePort } from "../../../cli/backend/free-port.ts";
import { startTap } from "../../../cli/check/tap.ts";
import type { Entry } from "../../../cli/check/trace.ts";
import { type WebSocketFrame, WebSocketReader } from "../../../cli/check/websocket-frames.ts";
import { listen } from "../../../tools/harness/loopback.ts";

interface Tapped extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly Entry[];
}

/** The server answers each text by the same text, and closes on `end`. */
async function tappedServer(): Promise<Tapped> {
  const http = createServer((_request, response) => response.end("hello"));
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket, { headers }) => {
    socket.send(JSON.stringify({ extensions: headers["sec-websocket-extensions"] ?? "none" }));
    socket.on("message", (data) =>
      String(data) === "end" ? socket.close(4400, "as you wish") : socket.send(String(data)),
    );
  });
  const server = await listen(http);
  const seen: Entry[] = [];
  const port = await freePort();
  const tap = await startTap({ host: "127.0.0.1", port, backendPort: server.port, see: (entry) => seen.push(entry) });
  return {
    url: `127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      await tap.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const withoutTime = (seen: readonly Entry[]) => seen.map(({ at: _, ...entry }) => entry);

test("[E23] a tap passes on what it tells, of sessions alone", async () => {
  await using tapped = await tappedServer();
  const headers = { "Edge-Election-Client": "printer" };
  const socket = new WebSocket(`ws://${tapped.url}/base/v1/groups/team%2Fa/session`, { headers });
  const read: string[] = [];
  socket.on("message", (data) => read.push(String(data)));
  await once(socket, "open");
  const long = { text: "x".repeat(70_000) };
  for (const text of ["ping", JSON.stringify({ a: "é" }), JSON.stringify(long), "end"]) socket.send(text);
  socket.send(new Uint8Array([1]));
  await once(socket, "close");
  const offered = { extensions: "permessage-deflate; client_max_window_bits" };
  expect(read).toEqual([JSON.stringify(offered), "ping", '{"a":"é"}', JSON.stringify(long)]);
  const [open, ...rest] = withoutTime(tapped.seen);
  expect(open).toEqual({ kind: "open", connection: "1", group: "team/a", client: "printer" });
  const frames = (kind: string) =>
    rest.flatMap((entry) => (entry.kind === kind && "frame" in entry ? [entry.frame] : []));
  expect(frames("up")).toEqual(["ping", { a: "é" }, long, "end", null]);
  expect(frames("down")).toEqual([offered, "ping", { a: "é" }, long]);
  expect(rest.at(-1)).toEqual({ kind: "close", connection: "1", code: 4400, gone: false });

  const other = new WebSocket(`ws://${tapped.url}/elsewhere`);
  await once(other, "message");
  other.close();
  expect(await (await fetch(`http://${tapped.url}/v1/groups/a`)).text()).toBe("hello");
  expect(tapped.seen).toHaveLength(rest.length + 1);
});

test("[E23] what is no request, such as the first bytes of TLS, is passed on at once", async () => {
  await using server = await listen(createTcpServer((socket) => socket.pipe(socket)));
  const port = await freePort();
  const tap = await startTap({ host: "127.0.0.1", port, backendPort: server.port, see: () => undefined });
  const socket = connect(port, "127.0.0.1");
  socket.write("\x16\x03\x01");
  expect(String((await once(socket, "data"))[0])).toBe("\x16\x03\x01");
  socket.end();
  await once(socket, "close");
  await tap.close();
});

test("[E23] a client that is gone without a close is told as such", async () => {
  await using tapped = await tappedServer();
  const socket = new WebSocket(`ws://${tapped.url}/v1/groups/a/session`);
  await once(socket, "open");
  socket.terminate();
  await expect
    .poll(() => withoutTime(tapped.seen).at(-1))
    .toEqual({ kind: "close", connection: "1", code: 1006, gone: true });
});

test("[E23] messages are read off their bytes, however these arrive", () => {
  const text = (bytes: string, first = 0x81): readonly number[] => [first, bytes.length, ...Buffer.from(bytes)];
  const masked = [0x81, 0x83, 1, 2, 3, 4, ...[97 ^ 1, 98 ^ 2, 99 ^ 3]];
  const bytes = [
    ...text("one"),
    ...text("tw", 0x01),
    0x89,
    0x00,
    ...text("o", 0x80),
    ...masked,
    0x82,
    0x00,
    0x88,
    0x02,
    0x03,
    0xe8,
  ];
  const expected: readonly WebSocketFrame[] = [
    { type: "text", text: "one" },
    { type: "text", text: "two" },
    { type: "text", text: "abc" },
    { type: "binary" },
    { type: "close", code: 1000 },
  ];
  for (const size of [1, 2, 5, bytes.length]) {
    const reader = new WebSocketReader();
    const read: WebSocketFrame[] = [];
    for (let from = 0; from < bytes.length; from += size)
      read.push(...reader.push(Buffer.from(bytes.slice(from, from + size))));
    expect(read).toEqual(expected);
  }
});
