/** The far end of a socket. */
import type { ServerMessage } from "../../../shared/protocol/messages.ts";
import type { Attachment } from "../../../worker/group/events.ts";

export class Wire {
  readonly receive: (message: ServerMessage) => void;
  #attachment: Attachment | null = null;
  open = true;
  /** Open, but nothing reaches the far end. */
  deaf = false;
  closed: { readonly code: number; readonly reason: string } | null = null;

  constructor(receive: (message: ServerMessage) => void) {
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
