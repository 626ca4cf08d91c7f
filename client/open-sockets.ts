/** The sockets that a client has open: the newest one, and one that it is to overtake. Only the newest one is written to. */
import type { Clock } from "./clock.ts";
import type { Socket } from "./socket.ts";

/** How long a socket may take to close: as long as the last frame may take to leave. */
const CLOSE_PATIENCE_MS = 1_000;
const CLOSED = 3;

export class OpenSockets {
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  /** By their connections. */
  readonly #sockets = new Map<number, Socket>();
  #newest: Socket | undefined;
  /** Resolves when the socket that was closed last has closed, and so has sent everything; or when that takes too long. */
  closed: Promise<void> = Promise.resolve();

  constructor(clock: Clock, report: (error: unknown) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  add(connection: number, socket: Socket): void {
    this.#newest = socket;
    this.#sockets.set(connection, socket);
  }

  send(frame: string): void {
    try {
      this.#newest?.send(frame);
    } catch {
      // It is closing: its event `close` follows.
    }
  }

  close(connection: number): void {
    const socket = this.#sockets.get(connection);
    this.#sockets.delete(connection);
    if (this.#newest === socket) this.#newest = undefined;
    if (!socket || socket.readyState === CLOSED) return;
    this.closed = new Promise((resolve) => {
      const patience = this.#clock.setTimeout(resolve, CLOSE_PATIENCE_MS);
      socket.addEventListener("close", () => {
        this.#clock.clearTimeout(patience);
        resolve();
      });
    });
    try {
      socket.close(1000);
    } catch (error) {
      this.#report(error);
    }
  }
}
