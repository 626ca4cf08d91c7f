/** The far end of a socket. */
import type { Closing } from "../../../tools/harness/peer.ts";
import type { Attachment } from "../../../worker/group/events.ts";

export class Wire {
  readonly receive: (frame: string) => void;
  #attachment: Attachment | null = null;
  open = true;
  /** Open, but nothing reaches the far end. */
  deaf = false;
  closed: Closing | null = null;
  /** When it was last heard of, by the clock of the group's host: its path is dead. `null`: it lives. */
  silentSince: number | null = null;

  constructor(receive: (frame: string) => void) {
    this.receive = receive;
  }

  /** What the socket carries; the test fails before it was accepted. */
  get attachment(): Attachment {
    if (this.#attachment === null) throw new Error("this socket was not accepted");
    return this.#attachment;
  }

  set attachment(attachment: Attachment) {
    this.#attachment = attachment;
  }

  get id(): string {
    return this.attachment.connection;
  }
}
