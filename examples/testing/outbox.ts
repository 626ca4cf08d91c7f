/** The code under test: one process at a time sends what lies in an outbox, one message a second. */
import type { Clock, ElectionClient, Leadership } from "../../client/index.ts";

export interface OutboxPorts {
  /** So that a test can make time pass. */
  readonly clock: Pick<Clock, "setTimeout">;
  /** The oldest message that was not sent yet; shared by all processes. */
  next(): string | undefined;
  send(message: string, leadership: Leadership): void;
}

const PACE_MS = 1_000;

/** Until the client is closed. */
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
