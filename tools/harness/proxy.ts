/** A TCP proxy on loopback that can fail in the ways networks fail: silently, in one direction, late, or with a reset. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { listen } from "./loopback.ts";

export type Direction = "up" | "down";

export interface FaultyProxy {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stops forwarding without closing anything: bytes and ends are taken and thrown away, as a black hole does. */
  partition(...directions: Direction[]): void;
  /** Delays every byte by this much from now on; 0 ends it. */
  delay(delayMs: number): void;
  /** Forwards again, on new connections; those that lost bytes, or began meanwhile, are reset. */
  heal(): void;
  /** New connections go to this port. */
  lead(port: number): void;
  /** Resets every connection that is open. */
  reset(): void;
  /** Resolves with the next connection. */
  connected(): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes or an end were thrown away, or soon would be: the connection can't go on. */
  damaged: boolean;
}

export async function startProxy(firstPort: number): Promise<FaultyProxy> {
  let targetPort = firstPort;
  const pairs = new Set<Pair>();
  const blocked = new Set<Direction>();
  let delayMs = 0;
  const pipe = (pair: Pair, from: Socket, to: Socket, direction: Direction): void => {
    let lastAt = 0;
    from.on("data", (bytes: Buffer) => {
      if (blocked.has(direction)) {
        pair.damaged = true;
        return;
      }
      // Late, but never out of order: it is one TCP stream.
      const now = performance.now();
      lastAt = Math.max(now + delayMs, lastAt);
      if (lastAt <= now) to.write(bytes);
      else setTimeout(() => to.write(bytes), lastAt - now);
    });
    const unlessBlocked = (act: () => void) => (): void => {
      if (blocked.has(direction)) pair.damaged = true;
      else act();
    };
    from.on(
      "end",
      unlessBlocked(() => to.end()),
    );
    from.on(
      "error",
      unlessBlocked(() => to.destroy()),
    );
    from.on("close", () => {
      if (pair.client.closed && pair.upstream.closed) pairs.delete(pair);
    });
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const pair: Pair = { client, upstream, damaged: blocked.size > 0 };
    pairs.add(pair);
    pipe(pair, client, upstream, "up");
    pipe(pair, upstream, client, "down");
  });
  const { url } = await listen(server);
  const resetPairs = (which: (pair: Pair) => boolean): void => {
    for (const pair of [...pairs].filter(which)) {
      pair.client.resetAndDestroy();
      pair.upstream.resetAndDestroy();
    }
  };
  return {
    url,
    partition: (...directions) => {
      for (const direction of directions) blocked.add(direction);
    },
    delay: (next) => {
      delayMs = next;
    },
    heal: () => {
      blocked.clear();
      delayMs = 0;
      resetPairs(({ damaged }) => damaged);
    },
    lead: (port) => {
      targetPort = port;
    },
    reset: () => resetPairs(() => true),
    connected: async () => {
      await once(server, "connection");
    },
    close: async () => {
      resetPairs(() => true);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
