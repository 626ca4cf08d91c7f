/**
 * Sockets that end, passed to the host a few at a time. Thousands may be cut at once, and each is a turn: taken in one go
 * they would keep every frame waiting, of this group and, where groups share a thread, of all others. To the host it looks
 * as if the platform had told it of the others a little later, which it may do at any time.
 */

/** So many turns at once. With sessions that contend in hundreds of elections each they take some 100 ms. */
const AT_ONCE = 16;

export interface EndingPorts<Socket> {
  /** May throw: the host then sees to it by itself. */
  readonly lose: (socket: Socket) => void;
  /** Runs it after what has arrived by now. */
  readonly later: (run: () => void) => void;
}

export class Endings<Socket> {
  readonly #ports: EndingPorts<Socket>;
  #waiting: Socket[] = [];
  /** How many may still be lost before the next pause. */
  #left = AT_ONCE;

  constructor(ports: EndingPorts<Socket>) {
    this.#ports = ports;
  }

  /** The first few are lost at once. Throws what `lose` throws. */
  take(socket: Socket): void {
    if (this.#left === 0) {
      this.#waiting.push(socket);
      return;
    }
    if (this.#left === AT_ONCE) this.#ports.later(() => this.#goOn());
    this.#left -= 1;
    this.#ports.lose(socket);
  }

  #goOn(): void {
    this.#left = AT_ONCE;
    const some = this.#waiting.slice(0, AT_ONCE);
    this.#waiting = this.#waiting.slice(AT_ONCE);
    for (const socket of some) {
      try {
        this.take(socket);
      } catch {
        // One that could not be stored keeps nobody else waiting.
      }
    }
  }
}
