/**
 * The entry point `edge-election/node`: the same client for Node processes. Its token travels in a header, a dead
 * socket is dropped without a trace, and a signal ends the process only after its terms have been handed over.
 */
import WebSocket from "ws";
import { SUBPROTOCOL } from "../../shared/messages.ts";
import { type ClientOptions, ElectionClient } from "../client.ts";
import { byClass, byFetcher, headers, type OpenSocket } from "../socket.ts";

export interface NodeClientOptions extends ClientOptions {
  /**
   * While a session is open, each of these closes the client and is then raised again; a second one ends the process at
   * once. `false`: none. Default SIGTERM and SIGINT.
   */
  readonly signals?: false | readonly NodeJS.Signals[];
}

/** How long the closing handshake may take before the socket is destroyed. */
const CLOSE_MS = 1_000;

const byHeaders: OpenSocket = (url, token) => {
  const socket = new WebSocket(url.replace(/^http/, "ws"), SUBPROTOCOL, { headers: headers(token) });
  return {
    get readyState() {
      return socket.readyState;
    },
    send: (frame) => socket.send(frame),
    addEventListener: (type: "open" | "message" | "close" | "error", listener: (event: object) => void) =>
      socket.addEventListener(type as "message", listener),
    close(code) {
      socket.close(code);
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
  };
};

function openerOf({ fetcher, WebSocket: given }: ClientOptions): OpenSocket {
  if (fetcher) return byFetcher(fetcher);
  return given ? byClass(given) : byHeaders;
}

/** Connects only with its first contender or observer. Throws a `TypeError` for wrong settings. */
export function createElectionClient<Component extends string = string>(
  options: NodeClientOptions,
): ElectionClient<Component> {
  const { signals = ["SIGTERM", "SIGINT"] } = options;
  const client = new ElectionClient<Component>(options, openerOf(options));
  if (signals !== false) closeOn(client, signals);
  return client;
}

function closeOn(client: ElectionClient, signals: readonly NodeJS.Signals[]): void {
  let installed = false;
  const handle = async (signal: NodeJS.Signals): Promise<void> => {
    ignore();
    install(false);
    await client.close().catch(() => {});
    process.kill(process.pid, signal);
  };
  const listener = (signal: NodeJS.Signals): void => void handle(signal);
  const install = (wanted: boolean): void => {
    if (installed === wanted) return;
    installed = wanted;
    for (const signal of signals) process[wanted ? "on" : "off"](signal, listener);
  };
  const ignore = client.onStateChange((state) => install(state !== "idle" && state !== "closed"));
}
