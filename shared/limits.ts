/**
 * A limit on everything that a peer can make grow. Those a deployment may set are in `Limits` and are told to the
 * client in `welcome`; the constants are fixed by the protocol.
 */
export interface Limits {
  /** Bytes of one frame, as UTF-8. The largest legal `hello` (256 contenders and 256 observed names of 128 characters) fits. */
  readonly messageBytes: number;
  /** Frames a second of one connection, after a burst of `MESSAGE_BURST`: ten times what a busy process needs. */
  readonly messagesPerSecond: number;
  /** Contenders of one session: a process has tens of components; the session's row must stay small. */
  readonly contenders: number;
  /** Names that one session watches one by one; `true` watches all and counts as none. */
  readonly observed: number;
  /** Bytes of `metadata` as JSON: it is copied to every observer at every change. */
  readonly metadataBytes: number;
}

/** What a client goes by before it has been told. */
export const METADATA_BYTES = 2_048;

export const DEFAULT_LIMITS: Limits = {
  messageBytes: 131_072,
  messagesPerSecond: 100,
  contenders: 256,
  observed: 256,
  metadataBytes: METADATA_BYTES,
};

/** Frames that may always arrive at once: a hello and one frame for each of many components. */
export const MESSAGE_BURST = 100;
/** Entries of one list in one frame: bounds the walk; the limits of a session are checked by the core. */
export const LIST_ENTRIES = 4_096;
/** Correlation ids are echoed; they need no more room than a UUID. */
export const ID_LENGTH = 64;
/** A URL that browsers and proxies still take. */
export const ADDRESS_LENGTH = 2_048;
export const PROCESS_NAME_LENGTH = 128;
export const PRIORITY_MAX = 1_000_000;
/** An operator's free text, kept in the history. */
export const NOTE_LENGTH = 256;
