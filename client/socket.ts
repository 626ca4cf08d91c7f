/** Ports to the network: a socket, a class of sockets, a fetcher; and how a session is opened by either. */
import { SUBPROTOCOL, TOKEN_PROTOCOL } from "../shared/messages.ts";

/** What the client needs of a socket. It says `open` (unless it is open at once), `message` and `close` or `error`. */
export interface Socket {
  send(frame: string): void;
  close(code?: number): void;
  addEventListener(type: "open" | "message" | "close" | "error", listener: (event: SocketEvent) => void): void;
}
export interface SocketEvent {
  readonly data?: unknown;
  readonly code?: number;
}
export type SocketClass = new (url: string, protocols: string[]) => Socket;

/** A Durable Object stub, a service binding, or anything else that answers like `fetch`. */
export interface Fetcher {
  fetch(url: string, init: { readonly headers: Record<string, string>; readonly signal?: AbortSignal | null }): Promise<FetchResponse>;
}
export interface FetchResponse {
  readonly status: number;
  readonly webSocket?: (Socket & { accept(): void }) | null;
  json(): Promise<unknown>;
}

export interface Opened {
  readonly socket: Socket;
  /** It is open already, and will not say so. */
  readonly open: boolean;
}
export type OpenSocket = (url: string, token: string | undefined) => Opened | Promise<Opened>;

export const authorization = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** By a class of sockets. Browsers can't set headers, so the token travels as a subprotocol. */
export const bySocketClass =
  (given?: SocketClass): OpenSocket =>
  (url, token) => {
    const protocols = [SUBPROTOCOL];
    if (token !== undefined) {
      protocols.push(TOKEN_PROTOCOL + btoa(token).replace(/[+/=]/g, (digit) => ({ "+": "-", "/": "_" })[digit] ?? ""));
    }
    return { socket: new (given ?? WebSocket)(url.replace(/^http/, "ws"), protocols), open: false };
  };

/** By an upgrade through `fetch`, as Workers do it. */
export const byFetcher =
  (fetcher: Fetcher): OpenSocket =>
  async (url, token) => {
    const headers = { upgrade: "websocket", "sec-websocket-protocol": SUBPROTOCOL, ...authorization(token) };
    const { webSocket, status } = await fetcher.fetch(url, { headers });
    if (!webSocket) throw new Error(`no upgrade: ${status}`);
    webSocket.accept();
    return { socket: webSocket, open: true };
  };
