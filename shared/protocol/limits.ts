/**
 * A limit on everything that a peer can make grow. The limits that a deployment may set are in `Limits`, and `welcome` sends
 * them to the client. The constants are fixed by the protocol.
 */
export interface Limits {
  /** Bytes of one frame, as UTF-8. The largest legal `hello` (256 contenders and 256 observed names of 128 characters) fits. */
  readonly messageBytes: number;
  /** Frames a second of one connection, after a burst of 100 (`MESSAGE_BURST`): ten times what a busy process needs. */
  readonly messagesPerSecond: number;
  /** Contenders of one session: a process has tens of components; the session's row must stay small. */
  readonly contenders: number;
  /** Names that one session watches one by one. Watching all components (`true`) counts as no name. */
  readonly observed: number;
  /** Bytes of `metadata` as JSON: it is copied to every observer at every change. */
  readonly metadataBytes: number;
}

/** What a deployment sets for a group: the limits that clients keep to (`Limits`), and those that only the group enforces. */
export interface GroupLimits extends Limits {
  /**
   * Sessions of the group. Default 10,000: the group is one object on one thread, and with more sessions fan-out and wake-up
   * take too long. The same number of sockets that have not sent their hello yet may be open besides.
   */
  readonly sessions: number;
  /** Sessions of one subject, if tokens name one, so that no single token keeps the others out. Default 1,000. */
  readonly sessionsPerSubject: number;
  /** Sessions of the group that observe at least one component: each change of a leader is sent to them in one turn. */
  readonly observers: number;
  /** Elections of the group, dedicated ones included: each is a row and an entry of every status answer. */
  readonly elections: number;
  /** Characters of a component's name: it is repeated in every list. At most what the protocol allows. */
  readonly nameLength: number;
  /** Ended terms that are kept. A new one overwrites the oldest of the election or subject that has the most. */
  readonly historyRows: number;
  /**
   * Rows that the sessions of one subject may cause at once, because each row is billed. Each second allows further ones: a
   * hundredth of this number. Default 2,000: enough for a thousand sessions that come, or for a process that ends 256
   * dedicated elections. All sessions without a subject together have the share of `sessions / sessionsPerSubject` subjects.
   * Horizons of leases do not count.
   */
  readonly rows: number;
  /**
   * Changes of leader information that one connection may publish at once: each is a row, and a message to every
   * observer. Default: two for each of 256 components. Each second allows further ones: a tenth of `messagesPerSecond`.
   */
  readonly confirms: number;
  /** Jobs of the group that run once for each occurrence: each is a row that stays, so that no occurrence runs again. */
  readonly jobs: number;
  /** Ended occurrences that a job remembers. An earlier one is refused as too old. */
  readonly occurrences: number;
  /** How long a job remembers an ended occurrence, at most, in milliseconds. */
  readonly occurrenceMs: number;
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
/** Correlation ids are echoed. The limit has room for a UUID. */
export const ID_LENGTH = 64;
/** A URL that browsers and proxies still take. */
export const ADDRESS_LENGTH = 2_048;
export const PROCESS_NAME_LENGTH = 128;
export const PRIORITY_MAX = 1_000_000;
/** An operator's free text, kept in the history. */
export const NOTE_LENGTH = 256;
/** The name of an occurrence: a time, a date, a counter, with room for a word. */
export const OCCURRENCE_LENGTH = 128;
/** What a run leaves for everybody, as JSON: its job's row has it a hundred times. */
export const OUTCOME_LENGTH = 1_024;
