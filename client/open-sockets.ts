/** The connections of a client: the current one, and those that it is to overtake. Only the current one is written to. */
import { CLOSE } from "../shared/protocol/close-codes.ts";
import type { Clock } from "./clock.ts";
import type { Socket } from "./socket.ts";

/** How long a socket may take to close: as long as the last frame may take to leave. */
const CLOSE_PATIENCE_MS = 1_000;
const CLOSED = 3;

export class OpenSockets {
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  /** By their connections; `undefined` until there is one. */
  readonly #sockets = new Map<number, Socket | undefined>();
  #current = 0;
  /** Resolves when the socket that was closed last has closed, and so has sent everything; or when that takes too long. */
  closed: Promise<void> = Promise.resolve();

  constructor(clock: Clock, report: (error: unknown) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Whether the connection was added, and not closed. */
  has(connection: number): boolean {
    return this.#sockets.has(connection);
  }

  add(connection: number, socket?: Socket): void {
    this.#sockets.set(connection, socket);
  }

  /** This connection is written to from here on. */
  use(connection: number): void {
    this.#current = connection;
  }

  send(frame: string): void {
    try {
      this.#sockets.get(this.#current)?.send(frame);
    } catch {
      // It is closing: its event `close` follows.
    }
  }

  close(connection: number): void {
    const socket = this.#sockets.get(connection);
    this.#sockets.delete(connection);
    if (!socket || socket.readyState === CLOSED) return;
    this.closed = new Promise((resolve) => {
      const patience = this.#clock.setTimeout(resolve, CLOSE_PATIENCE_MS);
      socket.addEventListener("close", () => {
        this.#clock.clearTimeout(patience);
        resolve();
      });
    });
    try {
      socket.close(CLOSE.normal);
    } catch (error) {
      this.#report(error);
    }
  }
}
