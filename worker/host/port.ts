/**
 * What the host needs from the platform. On Cloudflare it is the context of a Durable Object; tests have it in memory.
 *
 * Each implementation promises:
 * - Functions are synchronous, and none of them calls the host back before it has returned, except `failed` of `setAlarm`.
 * - What leaves (frames, closes, answers) is held back until everything written before it is durable. If those writes
 *   fail later, nothing of it leaves, and the incarnation ends.
 */
import type { Attachment, EventBody, FreshSecret } from "../group/events.ts";
import type { Fact, TurnReport } from "../group/facts.ts";
import type { Policy, PolicyOptions } from "../group/policy.ts";
import type { RowChange, Rows } from "../group/rows.ts";
import type { Counters } from "./counters.ts";

/** The hibernatable sockets of one object. Each can be found by its connection without listing the others. */
export interface SocketPort<Socket> {
  /** All live ones. Those that this side has closed may still be among them. */
  listSockets(): readonly Socket[];
  findSockets(connection: string): readonly Socket[];
  /** What the socket carries through hibernation; `null` if it carries nothing. */
  attachmentOf(socket: Socket): unknown;
  /** When a ping of its peer was last answered, through hibernation as well; `null`: none was. */
  answeredAt(socket: Socket): number | null;
  /** From now on the socket is listed, and found by the connection in its attachment. */
  accept(socket: Socket, attachment: Attachment): void;
  attach(socket: Socket, attachment: Attachment): void;
  /** Throws if the socket can take nothing: its end follows. */
  send(socket: Socket, text: string): void;
  close(socket: Socket, code: number, reason: string): void;
}

/** What a new incarnation starts from. */
export interface Stored {
  readonly rows: Rows;
  /** As they were committed last; `null` if they never were. */
  readonly settings: PolicyOptions | null;
  readonly counters: Counters;
}

/** What one turn writes. There is at least one row. */
export interface Commit {
  readonly rows: readonly RowChange[];
  /** `null`: as they are stored. */
  readonly settings: PolicyOptions | null;
  /** May be stored as well, where that costs little; called at most once, before `commit` returns. */
  readonly counters: () => Counters;
  readonly now: number;
}

/** A turn that has been taken. */
export interface Turned {
  readonly event: EventBody;
  readonly report: TurnReport;
  readonly rows: readonly RowChange[];
  readonly facts: readonly Fact[];
}

/** What can go wrong around a turn without reaching a caller. */
export type HostFailure =
  | "alarm_failed"
  | "start_failed"
  | "alarm_not_set"
  | "send_failed"
  | "socket_unreadable"
  | "policy_refused";

export interface HostPort<Socket> extends SocketPort<Socket> {
  /** Tells this deployment's group from groups of the same name in others (E15): the same in all incarnations. */
  readonly deployment: string;
  /** All or nothing. Throws if nothing was written. */
  commit(commit: Commit): void;
  /** Deletes everything that is stored, the alarm included: the next commit is the first one. All or nothing, as `commit`. */
  purge(): void;
  /** Rows written by this incarnation, as the platform counts and bills them. */
  rowsWritten(): number;
  /** Replaces the one alarm. `failed` is called, at once or later, if it could not be set. */
  setAlarm(at: number, failed: (error: unknown) => void): void;
  /** Wall clock of the host, in milliseconds since 1970. */
  now(): number;
  /** An id that nobody can guess: at least 128 random bits as text. */
  nonce(): string;
  freshSecret(): FreshSecret;
  hashSecret(secret: string): string;
  /** Runs it once the present event is over, and before long. `run` never throws. */
  later(run: () => void): void;
  /** Completes settings. Throws a `RangeError` for settings that contradict each other. */
  createPolicy(settings: PolicyOptions): Policy;
  /** Comes last in a turn, after its effects: for logs. Not called for a turn that has failed. */
  turned(turn: Turned): void;
  failed(failure: HostFailure, error: unknown): void;
}
