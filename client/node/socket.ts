/**
 * Sockets of Node: always `ws`. It can send the token as a header, it exists on every version, and it can be destroyed. The
 * platform's own class waits for the closing handshake of a peer that is gone, without end, and keeps the process alive.
 */
import { WebSocket } from "ws";
import { SUBPROTOCOL } from "../../shared/protocol/messages.ts";
import { authorization } from "../http.ts";
import type { OpenSocket, Socket } from "../socket.ts";

/** How long the closing handshake may keep a process alive that has nothing else to do. */
const CLOSE_PATIENCE_MS = 1_000;

export const openSocket: OpenSocket = (url, token) => {
  const socket = new WebSocket(url.replace(/^http/, "ws"), [SUBPROTOCOL], {
    headers: authorization(token),
    perMessageDeflate: false, // frames are short: to compress one takes longer than to send it
  });
  const addEventListener: Socket["addEventListener"] = (type, listener) => {
    if (type === "message") socket.addEventListener(type, ({ data }) => listener({ data: String(data) }));
    else if (type === "close") socket.addEventListener(type, ({ code, reason }) => listener({ code, reason }));
    else socket.addEventListener(type, () => listener({}));
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
