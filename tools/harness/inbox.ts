/** The messages that a peer has received from the server, read by type. */
import type { ServerMessage } from "../../shared/protocol/messages.ts";

export type Message<T extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: T }>;

export class Inbox {
  /** Oldest first. */
  readonly messages: ServerMessage[] = [];

  put(message: ServerMessage): void {
    this.messages.push(message);
  }

  all<T extends ServerMessage["type"]>(type: T): Message<T>[] {
    return this.messages.filter((message) => isOf(message, type));
  }

  last<T extends ServerMessage["type"]>(type: T): Message<T> | undefined {
    return this.messages.findLast((message) => isOf(message, type));
  }

  /** Removes and returns the oldest message of this type. */
  take<T extends ServerMessage["type"]>(type: T): Message<T> | undefined {
    const message = this.messages.find((one) => isOf(one, type));
    if (message !== undefined) this.messages.splice(this.messages.indexOf(message), 1);
    return message;
  }

  clear(): void {
    this.messages.length = 0;
  }
}

const isOf = <T extends ServerMessage["type"]>(message: ServerMessage, type: T): message is Message<T> =>
  message.type === type;
