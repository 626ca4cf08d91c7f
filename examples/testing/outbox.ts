/** The code under test: one process at a time sends the messages of an outbox, one per second. */
import type { Clock, ElectionClient, Leadership } from "../../client/index.ts";

export interface OutboxPorts {
  /** A test passes a clock that it can move. */
  readonly clock: Pick<Clock, "setTimeout">;
  /** Takes the oldest unsent message; all processes share the outbox. */
  next(): string | undefined;
  send(message: string, leadership: Leadership): void;
}

const PACE_MS = 1_000;

/** Runs until the client is closed. */
export async function runOutbox(client: ElectionClient, { clock, next, send }: OutboxPorts): Promise<void> {
  for await (const leadership of client.terms("outbox")) {
    while (leadership.isLeader()) {
      const message = next();
      if (message !== undefined) send(message, leadership);
      await pause(clock, leadership.signal);
    }
  }
}

/** Ends early when the leadership does. */
function pause(clock: OutboxPorts["clock"], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, PACE_MS);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
