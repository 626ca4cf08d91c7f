/** What happens to a group, and what a group wants done. */
import type { LeaseSettings } from "../../shared/lease.ts";
import type {
  Bye,
  ClientMessage,
  Confirm,
  ContenderInfo,
  Hello,
  ProcessInfo,
  Refusal,
  Renew,
  Resign,
  RevokeReason,
  ServerMessage,
} from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { RevokeResult } from "../../shared/protocol/status.ts";
import type { Policy } from "./policy.ts";
import type { Access, EndReason } from "./state.ts";

/** A live socket as the platform lists it; what it carries in its attachment. */
export interface Attachment {
  /** The connection's nonce: a session's row names the one connection that is its own. */
  readonly connection: string;
  readonly connectedAt: number;
  readonly sessionId: string | null;
  /** Exact ends of the leases that this connection's session holds, by leader session id. */
  readonly leases: readonly (readonly [leaderSessionId: string, leaseUntil: number])[];
  /** What its peer may do; absent: everything. */
  readonly access?: Access;
}

/** One frame as the shell read it: bounded and parsed, not judged. */
export type Frame =
  | Greeting
  | { readonly type: "message"; readonly message: SessionMessage }
  | { readonly type: "invalid"; readonly problem: string }
  | { readonly type: "oversized" };

/** A secret that may go out with a `welcome`; only its hash is kept. */
export interface FreshSecret {
  readonly secret: string;
  readonly hash: string;
}

/** A `hello`, with what only the shell can make or compute. */
export interface Greeting {
  readonly type: "hello";
  readonly message: Hello;
  readonly secret: FreshSecret;
  /** Hash of the secret that its `resume` presents. */
  readonly presentedHash: string | null;
}

/** One call of a contender by RPC. */
export interface PollCall {
  /** Absent: a `campaign` begins a fresh session. */
  readonly session?: { readonly sessionId: string; readonly presentedHash: string; readonly attempt: number };
  readonly secret: FreshSecret;
  readonly action: PollAction;
}

/** What a call does. Only a `campaign` begins a session, and answers offers; the others leave them for a later call. */
export type PollAction = CampaignAction | Omit<Renew, "sentAt"> | Omit<Confirm, "id"> | Resign | Bye;

export interface CampaignAction {
  readonly type: "campaign";
  /** The complete set. */
  readonly contenders: readonly ContenderInfo[];
  /** The complete set: a leadership that is not named ends. */
  readonly held: readonly string[];
  /** Accepts offers or declines them, all of them or all but those of these elections. */
  readonly accept: boolean | readonly ElectionName[];
  /** Absent: as before. */
  readonly process?: ProcessInfo;
  /** Absent: as before. */
  readonly priority?: number;
  readonly pollEveryMs?: number;
}

/** Any message but `hello`. */
export type SessionMessage = Exclude<ClientMessage, Hello>;

export type EventBody =
  /** Some live sockets, before `start`: those of leaders, and one that has something to say, do not wait for the others. */
  | { readonly type: "adopt"; readonly attachments: readonly Attachment[] }
  /**
   * All live sockets: once in every incarnation, after its first frame at the latest. Absence of a connection proves that
   * it is gone. Before it nobody is offered anything.
   */
  | { readonly type: "start"; readonly attachments: readonly Attachment[] }
  | { readonly type: "connect"; readonly connection: string; readonly access?: Access }
  /** `characters`: how long its text was, for those who read text. */
  | { readonly type: "frame"; readonly connection: string; readonly frame: Frame; readonly characters?: number }
  | { readonly type: "disconnect"; readonly connection: string }
  /** The alarm, or any look at the state: deadlines up to `now` are processed. */
  | { readonly type: "tick" }
  | {
      readonly type: "poll";
      readonly request: string;
      /** Fresh: stands for a socket if the session has none. */
      readonly connection: string;
      readonly access?: Access;
      readonly call: PollCall;
    }
  | {
      readonly type: "revoke";
      readonly request: string;
      readonly election: ElectionName;
      readonly successor: string | null;
      readonly note: string | null;
    }
  /** The deployment's settings, where they differ from those in force. */
  | { readonly type: "configure"; readonly policy: Policy }
  | { readonly type: "pause"; readonly paused: boolean }
  | { readonly type: "cleanup"; readonly request: string; readonly force: boolean }
  | { readonly type: "restore"; readonly request: string }
  | { readonly type: "finish-restore" };

export type GroupEvent = EventBody & {
  /** Wall clock of the host, in milliseconds. */
  readonly now: number;
  /** 128 random bits as text: ids that this event needs are made of it. */
  readonly nonce: string;
};

/** What a session by RPC has now. Leaderships count from when the caller sent its call. */
export interface PollAnswer {
  readonly type: "polled";
  readonly sessionId: string;
  /** A new one for the next call; `null`: as before. */
  readonly secret: string | null;
  readonly resumed: boolean;
  /** Those that this call has extended. */
  readonly leaderships: readonly HeldLeadership[];
  readonly lease: LeaseSettings;
  readonly drainMs: number;
  readonly pollEveryMs: number;
  /** Contenders that were refused, and why the action was. */
  readonly refusals: readonly Refusal[];
}

/** One that a session by RPC leads, as an answer tells it. */
export interface HeldLeadership {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly components: readonly string[];
  /** The group takes it back: stop within `drainMs`, then `release`. */
  readonly revoked?: { readonly reason: RevokeReason; readonly drainMs: number };
}

/** Why nothing of a call has happened. */
export type PollRefusal = "superseded" | "unknown_session" | "limit_exceeded";

/** What became of a wish that somebody waits for. */
export type Outcome =
  | ({ readonly type: "revoked" } & RevokeResult)
  | { readonly type: "not_led" }
  | PollAnswer
  | { readonly type: "refused"; readonly code: PollRefusal; readonly message: string }
  | { readonly type: "cleaned" }
  | { readonly type: "restorable" }
  | { readonly type: "restore_cancelled" }
  | { readonly type: "contenders_registered" };

export type Effect =
  | { readonly type: "send"; readonly connection: string; readonly message: ServerMessage }
  /** One message to many: encoded once. */
  | { readonly type: "broadcast"; readonly connections: readonly string[]; readonly message: ServerMessage }
  | { readonly type: "close"; readonly connection: string; readonly code: number; readonly reason: string }
  /** Costs no row, survives hibernation. */
  | { readonly type: "attach"; readonly attachment: Attachment }
  | { readonly type: "reply"; readonly request: string; readonly outcome: Outcome };

/** An ended term, as the history keeps it. */
export interface EndedTerm {
  readonly election: ElectionName;
  readonly epoch: number;
  readonly leaderSessionId: string;
  readonly sessionId: string;
  readonly process: string | null;
  readonly offeredAt: number;
  readonly acceptedAt: number;
  readonly confirmed: readonly { readonly component: string; readonly at: number }[];
  readonly endedAt: number;
  readonly reason: EndReason;
  /** An operator's words. */
  readonly note: string | null;
  /** How long nobody led before it; `null` for the first term since the election has contenders: see `history`. */
  readonly gapMs: number | null;
}
