/** How messages cross the network: in every eighth world as text, through the shipped codecs; otherwise as they are. */
import { clientMessageParser } from "../../../shared/protocol/client-codec.ts";
import { DEFAULT_LIMITS } from "../../../shared/protocol/limits.ts";
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import { parseServerMessage } from "../../../shared/protocol/server-codec.ts";

const WORLDS = 8;

export interface Wire {
  up(message: ClientMessage): ClientMessage;
  down(message: ServerMessage): ServerMessage;
}

export function wireFor(seed: number): Wire {
  if (seed % WORLDS !== 0) return { up: (message) => message, down: (message) => message };
  const read = clientMessageParser(DEFAULT_LIMITS);
  return {
    up: (message) => read(JSON.stringify(message)),
    down: (message) => parseServerMessage(JSON.stringify(message)),
  };
}
