/**
 * How an incarnation of the object comes to know its sockets: first those of leaders, which carry exact leases, then
 * the one whose frame has woken it, then all. To list ten thousand takes longer than everything else that a first frame
 * needs, so that is answered before; whatever else happens first has them listed first. The core offers nothing meanwhile.
 */

import type { Sockets } from "../durable-object/sockets.ts";
import type { Attachment, EventBody } from "../group/events.ts";
import type { GroupState } from "../group/state.ts";
import { leaderConnections } from "../group/views.ts";

export class Waking {
  readonly #sockets: Sockets;
  readonly #dispatch: (event: EventBody) => void;
  /** Sees to it that `start` is called again: no event of the platform's may follow. */
  readonly #failed: (error: unknown) => void;
  #phase: "loaded" | "answering" | "started" = "loaded";

  constructor(sockets: Sockets, dispatch: (event: EventBody) => void, failed: (error: unknown) => void) {
    this.#sockets = sockets;
    this.#dispatch = dispatch;
    this.#failed = failed;
  }

  /** What the sockets of leaders carry, for the event that loads the group. */
  findLeaders(state: GroupState): Attachment[] {
    return this.#sockets.find(leaderConnections(state));
  }

  /** Comes before a frame of this socket; gives its connection, `null` where nobody is to hear it. */
  hear(socket: WebSocket): string | null {
    if (this.#phase === "answering") this.start();
    if (this.#phase === "loaded") {
      this.#phase = "answering";
      setTimeout(() => this.#startAfterwards(), 0);
      this.#adopt(socket);
    }
    return this.#sockets.connectionOf(socket);
  }

  /** Comes before the end of this socket, which may be the last to bring its exact leases. */
  lose(socket: WebSocket): string | null {
    if (this.#phase !== "started") this.#adopt(socket);
    this.start();
    return this.#sockets.connectionOf(socket);
  }

  /** Comes before everything else. */
  start(): void {
    if (this.#phase === "started") return;
    this.#dispatch({ type: "start", attachments: this.#sockets.adoptAll() });
    this.#phase = "started";
  }

  #startAfterwards(): void {
    try {
      this.start();
    } catch (error) {
      this.#failed(error);
    }
  }

  #adopt(socket: WebSocket): void {
    this.#dispatch({ type: "adopt", attachments: this.#sockets.adopt(socket) });
  }
}
