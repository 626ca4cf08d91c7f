/** A fetcher between a client and the Worker, both inside workerd: it passes everything on, and can fail as networks do. */
import type { Fetcher, FetchResponse, RequestOptions } from "../../../client/socket.ts";
import type { Server } from "../support.ts";

const RESET = 1011;

interface Pair {
  /** What the client holds is at the other end of it. */
  readonly near: WebSocket;
  /** Absent where the upgrade was lost on its way. */
  readonly far: WebSocket | null;
  isDamaged: boolean;
}

export class Relay implements Fetcher {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isPartitioned = false;

  constructor(server: Server) {
    this.#server = server;
  }

  async fetch(url: string, { method = "GET", headers }: RequestOptions): Promise<FetchResponse> {
    if (!("upgrade" in headers)) return this.#server(new Request(url, { method, headers }));
    if (this.#isPartitioned) return this.#answer(null);
    const { webSocket } = await this.#server(new Request(url, { headers }));
    webSocket?.accept();
    return this.#answer(webSocket);
  }

  #answer(far: WebSocket | null): FetchResponse {
    const { 0: client, 1: near } = new WebSocketPair();
    near.accept();
    const pair: Pair = { near, far, isDamaged: far === null };
    this.#pairs.add(pair);
    this.#pass(pair, near, far);
    if (far !== null) this.#pass(pair, far, near);
    return new Response(null, { status: 101, webSocket: client });
  }

  #pass(pair: Pair, from: WebSocket, to: WebSocket | null): void {
    from.addEventListener("message", ({ data }) => {
      if (this.#isPartitioned) pair.isDamaged = true;
      else if (to?.readyState === WebSocket.OPEN) to.send(data);
    });
    from.addEventListener("close", () => {
      if (this.#isPartitioned) pair.isDamaged = true;
      else this.#reset(pair);
    });
  }

  #reset(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.near, pair.far]) if (socket?.readyState !== WebSocket.CLOSED) socket?.close(RESET);
  }

  cut(): void {
    for (const pair of this.#pairs) this.#reset(pair);
  }

  partition(): void {
    this.#isPartitioned = true;
  }

  heal(): void {
    this.#isPartitioned = false;
    for (const pair of this.#pairs) if (pair.isDamaged) this.#reset(pair);
  }
}
