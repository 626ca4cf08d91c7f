/** The far end of a socket, and how the shell reads what comes out of it. */
import { clientMessageParser } from "../../../shared/protocol/client-codec.ts";
import { byteLength } from "../../../shared/protocol/codec.ts";
import { InvalidField } from "../../../shared/protocol/fields.ts";
import type { Limits } from "../../../shared/protocol/limits.ts";
import type { ServerMessage } from "../../../shared/protocol/messages.ts";
import type { Attachment, Frame } from "../../../worker/group/events.ts";

export class Wire {
  readonly id: string;
  readonly receive: (message: ServerMessage) => void;
  attachment: Attachment;
  open = true;
  /** Open, but nothing reaches the far end. */
  deaf = false;
  closed: { readonly code: number; readonly reason: string } | null = null;

  constructor(id: string, connectedAt: number, receive: (message: ServerMessage) => void) {
    this.id = id;
    this.receive = receive;
    this.attachment = { connection: id, connectedAt, sessionId: null, leases: [] };
  }
}

const hash = (secret: string): string => `#${secret}`;

/** One frame, bounded and then parsed; a hello gets a fresh secret. */
export function readFrame(data: unknown, limits: Limits, secret: string): Frame {
  if (typeof data === "string" && byteLength(data) > limits.messageBytes) return { type: "oversized" };
  try {
    const message = clientMessageParser(limits)(data);
    if (message.type !== "hello") return { type: "message", message };
    const presentedHash = message.resume === undefined ? null : hash(message.resume.secret);
    return { type: "hello", message, secret: { secret, hash: hash(secret) }, presentedHash };
  } catch (error) {
    if (!(error instanceof InvalidField)) throw error;
    return { type: "invalid", problem: error.message };
  }
}
