/** A WebSocket whose network can be taken away, as the client's `WebSocket` option takes it. */
import type { Socket } from "../../../client/index.ts";

type Listener = Parameters<Socket["addEventListener"]>[1];

/** What happens to every socket of this page. */
export const network = {
  /** Frames vanish in both directions, and nobody is told: a path that is dead. */
  offline: false,
  open: new Set<BreakableSocket>(),
  /** Cuts every connection, as a router that restarts does. */
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
