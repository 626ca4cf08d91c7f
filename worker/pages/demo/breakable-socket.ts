/** A WebSocket whose network can be switched off, for the client's option `WebSocket`. */
import type { Socket } from "../../../client/index.ts";

type Listener = Parameters<Socket["addEventListener"]>[1];

/** The network of all sockets of this page. */
export const network = {
  /** A dead path: frames vanish in both directions, and neither end is notified. */
  offline: false,
  open: new Set<BreakableSocket>(),
  /** Cuts every connection, like a router that restarts. */
  drop(): void {
    for (const socket of network.open) socket.drop();
  },
};

export class BreakableSocket implements Socket {
  readonly #socket: WebSocket | undefined;
  readonly #closed = new Set<Listener>();

  constructor(url: string, protocols: string[]) {
    if (network.offline) {
      setTimeout(() => this.drop());
      return;
    }
    this.#socket = new WebSocket(url, protocols);
    network.open.add(this);
    this.#socket.addEventListener("close", () => network.open.delete(this));
  }

  get readyState(): number {
    return this.#socket?.readyState ?? WebSocket.CONNECTING;
  }

  addEventListener(type: "open" | "message" | "close" | "error", listener: Listener): void {
    if (type === "close") this.#closed.add(listener);
    const socket: Socket | undefined = this.#socket;
    socket?.addEventListener(type, (event) => {
      if (!network.offline) listener(event);
    });
  }

  send(frame: string): void {
    if (!network.offline) this.#socket?.send(frame);
  }

  close(code: number): void {
    this.#socket?.close(code);
  }

  drop(): void {
    this.#socket?.close();
    for (const listener of this.#closed) listener({ code: 1006 });
  }
}
