/** How a session is opened: by a class of sockets, or by an upgrade through a fetcher. */

import { invalid } from "../shared/errors.ts";
import { SUBPROTOCOL, TOKEN_PROTOCOL } from "../shared/protocol/messages.ts";
import { type Answer, answerError, authorization, closeCodeOf } from "../shared/remote/http.ts";
import type { ElectionError } from "./errors.ts";

/** What the client needs of a socket. */
export interface Socket {
  /** 1: open. A socket that is open from the start sends no event `open`. */
  readonly readyState: number;
  send(frame: string): void;
  close(code: number): void;
  addEventListener(type: "open" | "message" | "close" | "error", listener: (event: SocketEvent) => void): void;
}
export interface SocketEvent {
  /** Every event has a type, so that the events of every platform fit. */
  readonly type?: string;
  /** Set by a `message`. */
  readonly data?: unknown;
  /** Set by a `close`, with the reason that the peer has sent. */
  readonly code?: number;
  readonly reason?: string;
  /** Set by an `error` or a `close`: why there is no socket, where the platform says it. */
  readonly cause?: unknown;
}
/** A class of sockets, such as the platform's `WebSocket`. */
export type SocketClass = new (url: string, protocols: string[]) => Socket;

/** A Durable Object stub, a service binding, or anything else that answers like `fetch`. */
export interface Fetcher {
  fetch(url: string, init: RequestOptions): Promise<FetchResponse>;
}
export interface RequestOptions {
  readonly method?: "GET" | "DELETE";
  readonly headers: Record<string, string>;
  readonly signal?: AbortSignal | null;
  readonly redirect?: "manual";
}
export interface FetchResponse {
  readonly status: number;
  readonly headers?: { get(name: string): string | null };
  /** After an upgrade: open, once it was accepted. */
  readonly webSocket?: (Socket & { accept(): void }) | null;
  json(): Promise<unknown>;
}

/** An upgrade was answered otherwise. Its users receive the cause. */
export class UpgradeRefused extends Error {
  readonly closeCode: number;
  override readonly cause: ElectionError;
  constructor(url: string, answer: Answer) {
    super("refused");
    this.closeCode = closeCodeOf(answer);
    this.cause = answerError(url, answer, true); // whether there is another token, the session knows
  }
}

export type OpenSocket = (url: string, token: string | undefined) => Socket | Promise<Socket>;

/**
 * Throws where no class was given and the platform has none. Called at the first use: a client that is made while a server
 * renders a page, and is not used there, needs no sockets.
 */
export function assertSocketClass(given: SocketClass | undefined): void {
  if (given ?? globalThis.WebSocket) return;
  const remedy = 'import from "edge-election/node", or give a class of sockets as `WebSocket`';
  throw invalid("this platform", `has no WebSocket: ${remedy}`);
}

/** Browsers can't set headers, so the token travels as a subprotocol. */
export const byClass =
  (given?: SocketClass): OpenSocket =>
  (url, token) => {
    const protocols = [SUBPROTOCOL];
    if (token !== undefined) {
      protocols.push(TOKEN_PROTOCOL + btoa(token).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, ""));
    }
    return new (given ?? WebSocket)(url.replace(/^http/, "ws"), protocols);
  };

/** An upgrade through `fetch`, as Workers do it. */
export const byFetcher =
  (fetcher: Fetcher): OpenSocket =>
  async (url, token) => {
    const upgrade = { upgrade: "websocket", "sec-websocket-protocol": SUBPROTOCOL };
    const response = await fetcher.fetch(url, { headers: { ...authorization(token), ...upgrade } });
    const { webSocket, status, headers } = response;
    if (!webSocket) {
      const body = await response.json().catch(ignore);
      throw new UpgradeRefused(url, { status, body, header: (name) => headers?.get(name) });
    }
    webSocket.accept();
    return webSocket;
  };

const ignore = (): void => {};
