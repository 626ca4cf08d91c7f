/**
 * The codec: text frames to messages and back. Parsers are total: any input gives a message or `InvalidField`.
 * Both sides check common fields (names, addresses, priorities) by the same tables, so that a client refuses locally what the
 * server would close the socket for.
 */
import { byteLength, isLonger } from "./byte-length.ts";
import {
  type Check,
  type Fields,
  hidden,
  InvalidField,
  list,
  number,
  object,
  oneOf,
  optional,
  record,
  shown,
  text,
  where,
} from "./fields.ts";
import { ADDRESS_LENGTH, ID_LENGTH, PRIORITY_MAX, PROCESS_NAME_LENGTH } from "./limits.ts";
import type { ClientMessage, ContenderInfo, Metadata, ProcessInfo, ServerMessage, Watch } from "./messages.ts";
import { ELECTION_RULE, type ElectionName, isElectionName, isName, NAME_RULE } from "./names.ts";

export { byteLength };

export const name: Check<string> = where(isName, NAME_RULE);
export const id: Check<string> = text(ID_LENGTH, 1);
/** An id by which a session proves that it is the one. */
export const secret: Check<string> = text(ID_LENGTH, 1, hidden);
export const election: Check<ElectionName> = where(isElectionName, ELECTION_RULE);
export const priority: Check<number> = number(-PRIORITY_MAX, PRIORITY_MAX);
export const address: Check<string> = text(ADDRESS_LENGTH);

/** An object of strings, small as JSON. */
export const metadata =
  (maxBytes: number): Check<Metadata> =>
  (value, field) => {
    const source = record(value, field);
    const entries = Object.entries(source);
    // Six bytes are the least that an entry takes as JSON: the count is bounded before the entries are walked.
    const small = entries.length * 6 <= maxBytes && entries.every(([, entry]) => typeof entry === "string");
    if (!small || isLonger(JSON.stringify(source), maxBytes)) {
      throw new InvalidField(field, `an object of strings, at most ${maxBytes} bytes as JSON`, shown(value));
    }
    return source as Metadata;
  };

export const processInfo = (metadataBytes: number): Check<ProcessInfo> =>
  object<ProcessInfo>({
    name: optional(text(PROCESS_NAME_LENGTH)),
    address: optional(address),
    metadata: optional(metadata(metadataBytes)),
  });

/** Names, or all of them. */
export const watchOf =
  (entries: number): Check<Watch> =>
  (value, field) =>
    value === true ? value : list(name, entries)(value, field);

/** A priority counts in a dedicated election only; in the process election the process's counts. */
export const contenderFields: Fields<ContenderInfo> = {
  component: name,
  election: optional(oneOf("process", "dedicated")),
  priority: optional(priority),
};

export const encode = (message: ClientMessage | ServerMessage): string => JSON.stringify(message);

/** One check for each type of message, total by type. */
export type MessageTable<M extends { readonly type: string }> = {
  readonly [T in M["type"]]: Check<Extract<M, { readonly type: T }>>;
};

const frameText = text(Number.MAX_SAFE_INTEGER);

/** Reads one text frame. Throws `InvalidField` for anything but a message of the table. */
export function parseFrame<M extends { readonly type: string }>(frame: unknown, table: MessageTable<M>): M {
  let value: unknown;
  try {
    value = JSON.parse(frameText(frame, ""));
  } catch {
    throw new InvalidField("", "a text frame of JSON", hidden(frame));
  }
  const { type } = record(value, "");
  if (typeof type !== "string" || !Object.hasOwn(table, type)) {
    throw new InvalidField("type", "one of the message types of this direction", shown(type));
  }
  return table[type as M["type"]](value, "") as M;
}
