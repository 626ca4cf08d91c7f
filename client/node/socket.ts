/**
 * Sockets of Node: always `ws`. It can send the token as a header, it exists on every version, and it can be destroyed. The
 * platform's own class waits for the closing handshake of a peer that is gone, without end, and keeps the process alive.
 */
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { SUBPROTOCOL } from "../../shared/protocol/messages.ts";
import { type Answer, authorization } from "../../shared/remote/http.ts";
import { type OpenSocket, type Socket, UpgradeRefused } from "../socket.ts";

/** How long the closing handshake may keep a process alive that has nothing else to do. */
const CLOSE_PATIENCE_MS = 1_000;

export const openSocket: OpenSocket = (url, token) => {
  const socket = new WebSocket(url.replace(/^http/, "ws"), [SUBPROTOCOL], {
    headers: authorization(token),
    perMessageDeflate: false, // frames are short: to compress one takes longer than to send it
  });
  let refused: UpgradeRefused | undefined;
  socket.on("unexpected-response", async (request, response) => {
    refused = new UpgradeRefused(url, await answerOf(response));
    request.destroy();
    socket.terminate(); // its event "error" follows
  });
  const addEventListener: Socket["addEventListener"] = (type, listener) => {
    if (type === "message") socket.on(type, (data) => listener({ data: String(data) }));
    else if (type === "close") socket.on(type, (code, reason) => listener({ code, reason: String(reason) }));
    else if (type === "open") socket.on(type, () => listener({}));
    else {
      socket.on(type, (error) =>
        listener(refused ? { code: refused.closeCode, cause: refused.cause } : { cause: error }),
      );
    }
  };
  return {
    get readyState() {
      return socket.readyState;
    },
    send: (frame) => socket.send(frame),
    close(code) {
      socket.close(code);
      setTimeout(() => socket.terminate(), CLOSE_PATIENCE_MS).unref();
    },
    addEventListener,
  };
};

/** More than any refusal of the Worker; the page of a proxy may be longer. */
const MOST_BYTES = 65_536;

/** Never rejects: what can't be read says nothing. The attempt's own time-out ends an answer that never ends. */
async function answerOf(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  return { status, body: await jsonOf(response), header: (name) => headers[name]?.toString() };
}

async function jsonOf(response: IncomingMessage): Promise<unknown> {
  try {
    let text = "";
    for await (const chunk of response) {
      text += chunk;
      if (text.length > MOST_BYTES) return undefined;
    }
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
