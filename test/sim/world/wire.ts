/** How messages cross the network: in every eighth world as text, through the shipped codecs; otherwise as they are. */
import { parse } from "../../../client/parse.ts";
import { clientMessageParser } from "../../../shared/client-codec.ts";
import { DEFAULT_LIMITS } from "../../../shared/limits.ts";
import type { ClientMessage, ServerMessage } from "../../../shared/messages.ts";

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
    down: (message) => parse(JSON.stringify(message)),
  };
}
