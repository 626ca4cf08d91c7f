/**
 * The thread that records: it listens before backends, and judges what passes. A thread of its own, since a test may wait for
 * another process without coming back to its loop, while that process waits for the path.
 */
import { parentPort } from "node:worker_threads";
import { startTap, type Tap } from "../../cli/check/tap.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { type Judgement, Trace } from "./traces.ts";

/** `close`: the path that was opened with this port. */
export type RecorderOrder =
  | { readonly type: "open"; readonly port: number; readonly backendPort: number }
  | { readonly type: "close"; readonly port: number }
  | { readonly type: "judge" };

export interface NumberedOrder {
  readonly id: number;
  readonly order: RecorderOrder;
}

/** `judgement`: of a `judge`. */
export interface RecorderAnswer {
  readonly id: number;
  readonly failure: string | null;
  readonly judgement: Judgement | null;
}

const trace = new Trace();
const taps = new Map<number, Tap>();
let paths = 0;

async function follow(order: RecorderOrder): Promise<Judgement | null> {
  switch (order.type) {
    case "open":
      taps.set(order.port, await listen(order));
      return null;
    case "close":
      await taps.get(order.port)?.close();
      taps.delete(order.port);
      return null;
    case "judge":
      return trace.judge();
    default:
      return unreachable(order);
  }
}

function listen(ports: { readonly port: number; readonly backendPort: number }): Promise<Tap> {
  paths += 1;
  const path = paths;
  return startTap({ host: "127.0.0.1", ...ports, see: (entry) => trace.see(path, entry) });
}

const answer = (given: RecorderAnswer): void => parentPort?.postMessage(given);

parentPort?.on("message", ({ id, order }: NumberedOrder) => {
  follow(order).then(
    (judgement) => answer({ id, failure: null, judgement }),
    (error: unknown) => answer({ id, failure: String(error), judgement: null }),
  );
});
