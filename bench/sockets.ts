/** Many bare sockets, opened a few at a time and closed at once. */
import { once } from "node:events";
import WebSocket from "ws";

/** Upgrades under way at once: more of them only make the runtime's queue longer. */
const AT_ONCE = 64;

export async function openSocket(url: string, protocol?: string): Promise<WebSocket> {
  const socket = new WebSocket(url, protocol, { perMessageDeflate: false });
  await once(socket, "open");
  socket.on("error", () => undefined); // a `close` follows, and ends every wait for a message
  return socket;
}

/** Runs the work for every number below `count`, at most `atOnce` at a time; results in their order. */
export async function inParallel<T>(
  count: number,
  work: (index: number) => Promise<T>,
  atOnce = AT_ONCE,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
  return results;
}

/** Resolves after this many messages to any of the sockets; rejects when one of the sockets closes. */
export function messagesOn(sockets: readonly WebSocket[], count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    const end = (): void => {
      for (const socket of sockets) socket.off("message", hear).off("close", lose);
    };
    const hear = (): void => {
      left -= 1;
      if (left > 0) return;
      end();
      resolve();
    };
    const lose = (code: number): void => {
      end();
      reject(new Error(`a socket was closed with ${code}, with ${left} of ${count} messages missing`));
    };
    for (const socket of sockets) socket.on("message", hear).on("close", lose);
  });
}

/** The runtime needs two files for each socket, so the limit on open files can make the largest crowd smaller. */
export function largestCrowd(wanted: number): number {
  const { userLimits } = process.report.getReport() as { readonly userLimits?: Record<string, { soft: unknown }> };
  const files = userLimits?.["open_files"]?.soft;
  return typeof files === "number" ? Math.min(wanted, Math.floor(files / 2) - SPARE_SOCKETS) : wanted;
}
const SPARE_SOCKETS = 100;

export const elapsedSince = (startedAt: number): number => performance.now() - startedAt;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
