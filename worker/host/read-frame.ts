/** One frame of a socket as the group core takes it: bounded first, then parsed. It judges nothing. */
import { byteLength } from "../../shared/protocol/codec.ts";
import { InvalidField } from "../../shared/protocol/fields.ts";
import type { ClientMessage } from "../../shared/protocol/messages.ts";
import { freshSecret, hashSecret } from "../durable-object/secrets.ts";
import type { Frame } from "../group/events.ts";

export function readFrame(
  data: string | ArrayBuffer,
  messageBytes: number,
  parse: (frame: unknown) => ClientMessage,
): Frame {
  if (typeof data !== "string") return { type: "invalid", problem: "frames must be text" };
  if (data.length > messageBytes || byteLength(data) > messageBytes) return { type: "oversized" };
  try {
    const message = parse(data);
    if (message.type !== "hello") return { type: "message", message };
    const presentedHash = message.resume === undefined ? null : hashSecret(message.resume.secret);
    return { type: "hello", message, secret: freshSecret(), presentedHash };
  } catch (error) {
    if (error instanceof InvalidField) return { type: "invalid", problem: error.message };
    throw error;
  }
}
