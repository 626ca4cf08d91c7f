/**
 * A limit on everything that a peer can make grow. The limits that a deployment may set are in `Limits`, and `welcome` sends
 * them to the client. The constants are fixed by the protocol.
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

/** What a deployment sets for a group: the limits above, and those that the client need not keep to by itself. */
export interface GroupLimits extends Limits {
  /** A group is one object on one thread; beyond this, fan-out and wake-up take too long. Sockets that owe their hello: as many again. */
  readonly sessions: number;
  /** Sessions of one subject, where tokens name one: no single token keeps the others out. A tenth of `sessions`. */
  readonly sessionsPerSubject: number;
  /** Sessions of the group that watch anything: each change of a leader is sent to them in one turn. */
  readonly observers: number;
  /** Elections of the group, dedicated ones included: each is a row and an entry of every status answer. */
  readonly elections: number;
  /** Characters of a component's name: it is repeated in every list. At most what the protocol allows. */
  readonly nameLength: number;
  /** Ended terms that are kept; older ones are overwritten. */
  readonly historyRows: number;
  /**
   * Changes of leader information that one connection may publish at once: each is a row, and a message to every
   * observer. Two for each of 256 components. A tenth of `messagesPerSecond` comes back each second.
   */
  readonly confirms: number;
  /** How long a socket may stay silent before its hello: it takes up memory and keeps the object awake. */
  readonly helloTimeoutMs: number;
}

/** The limits of a client that has not been welcomed yet. */
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
