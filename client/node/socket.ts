/** Sockets of Node: the global class where it will do, `ws` where there is none or where headers are needed. */
import { WebSocket as HeaderSocket } from "ws";
import { SUBPROTOCOL } from "../../shared/messages.ts";
import { byClass, headers, type OpenSocket, type Socket } from "../socket.ts";

/** How long the closing handshake may keep a process alive that has nothing else to do. */
const CLOSE_PATIENCE_MS = 1_000;

export const openSocket: OpenSocket = (url, token) =>
  token === undefined && "WebSocket" in globalThis ? byClass()(url, token) : openWithHeaders(url, token);

function openWithHeaders(url: string, token: string | undefined): Socket {
  const socket = new HeaderSocket(url.replace(/^http/, "ws"), [SUBPROTOCOL], { headers: headers(token) });
  const events: Socket["addEventListener"] = (type, listener) => {
    if (type === "message") socket.addEventListener(type, ({ data }) => listener({ data: String(data) }));
    else if (type === "close") socket.addEventListener(type, ({ code }) => listener({ code }));
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
    addEventListener: events,
  };
}
