/** Reads one frame of a socket for the group core: checks its size first, then parses it. It judges nothing. */

import { isLonger } from "../../shared/protocol/byte-length.ts";
import { fittingReason } from "../../shared/protocol/close-codes.ts";
import { InvalidField } from "../../shared/protocol/fields.ts";
import type { ClientMessage } from "../../shared/protocol/messages.ts";
import type { Frame } from "../group/events.ts";
import type { HostPort } from "./port.ts";

/** How the settings in force have frames read. */
export interface FrameReader {
  readonly messageBytes: number;
  /** Throws `InvalidField` for what breaks the protocol. */
  readonly parse: (frame: unknown) => ClientMessage;
}

export function readFrame(
  data: string | ArrayBuffer,
  { messageBytes, parse }: FrameReader,
  port: Pick<HostPort<never>, "deployment" | "freshSecret" | "hashSecret">,
): Frame {
  if (typeof data !== "string") return { type: "invalid", problem: "frames must be text" };
  if (isLonger(data, messageBytes)) return { type: "oversized" };
  try {
    const message = parse(data);
    if (message.type !== "hello") return { type: "message", message };
    const presentedHash = message.resume === undefined ? null : port.hashSecret(message.resume.secret);
    return { type: "hello", message, secret: port.freshSecret(), presentedHash, deployment: port.deployment };
  } catch (error) {
    if (error instanceof InvalidField) return { type: "invalid", problem: fittingReason(error.message) };
    throw error;
  }
}
