/** What happens to a group, and what the host has to do for it. */
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
import type { ForgottenJob, RunAnswer, RunCall } from "../../shared/protocol/runs.ts";
import type { LeaderStatus, RevokeResult } from "../../shared/protocol/status.ts";
import type { Policy } from "./policy.ts";
import type { Access, EndReason, Question, Statement, Watched } from "./state.ts";

/** The exact end of a lease. */
export type AttachedLease = readonly [leaderSessionId: string, leaseUntil: number];

/** What a live socket carries through hibernation. */
export interface Attachment {
  /** Its id. A session's row names the one connection that is its own. */
  readonly connection: string;
  readonly connectedAt: number;
  readonly sessionId: string | null;
  /** Those that this connection's session holds, but for the ones in `untaken`. */
  readonly leases: readonly AttachedLease[];
  /** Those of terms that it has not taken yet; absent: none. */
  readonly untaken?: readonly AttachedLease[];
  /** What its peer may do; absent: everything. */
  readonly access?: Access;
  /** Its last statement, where that was busy, what it was asked, and whether its timers are late; absent: nothing of it. */
  readonly statement?: Statement;
  readonly busy?: readonly ElectionName[];
  readonly asked?: Question;
  readonly late?: true;
  /** When its peer was last heard of; absent: when it connected. The platform may have answered a ping since: `answeredAt`. */
  readonly heardAt?: number;
  /** Added by the host when it reads the attachment. */
  readonly answeredAt?: number;
  /** What its session watches; `null`: more than a socket can carry; absent: nothing. */
  readonly watched?: Watched | null;
}

/** One frame as the host has read it: bounded and parsed, but not judged. */
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

/** A `hello`, with what only the host can make or compute. */
export interface Greeting {
  readonly type: "hello";
  readonly message: Hello;
  readonly secret: FreshSecret;
  /** Hash of the secret that its `resume` presents. */
  readonly presentedHash: string | null;
  /** The host's. */
  readonly deployment: string;
}

/** One call of a contender by RPC. */
export interface PollCall {
  /** Absent: a `campaign` begins a session. */
  readonly session?: { readonly sessionId: string; readonly presentedHash: string; readonly attempt: number };
  readonly secret: FreshSecret;
  readonly action: PollAction;
}

/** What a call does. Only a `campaign` begins a session, and only it is a statement. */
export type PollAction = CampaignAction | Omit<Renew, "sentAt"> | Omit<Confirm, "id"> | Resign | Bye;

export interface CampaignAction {
  readonly type: "campaign";
  /** The complete set. */
  readonly contenders: readonly ContenderInfo[];
  /** The complete set: a leadership that is not named ends. */
  readonly held: readonly string[];
  /** Would lead all its elections, none, or these; it is busy in the rest. */
  readonly accept: boolean | readonly ElectionName[];
  /** What it does not lead by this call leaves with it. */
  readonly try?: boolean;
  /** Absent: as before. */
  readonly process?: ProcessInfo;
  /** Absent: as before. */
  readonly priority?: number;
  readonly pollEveryMs?: number;
}

/** A call about a run of a job, with the hash of the id of the run. */
export type HashedRunCall = RunCall & { readonly hash: string };

export interface RunEvent {
  readonly request: string;
  readonly access: Access;
  readonly call: HashedRunCall;
}

/** Any message but `hello`. */
export type SessionMessage = Exclude<ClientMessage, Hello>;

/** `answeredAt`: `null` where no ping was ever answered. */
export interface Path {
  readonly connection: string;
  readonly answeredAt: number | null;
}

export type EventBody =
  /** Some live sockets, before `start`: those of leaders, and one that has sent something, need not wait for the others. */
  | { readonly type: "adopt"; readonly attachments: readonly Attachment[] }
  /**
   * All live sockets: once in every incarnation, after its first frame at the latest. A connection that is not listed is
   * gone. Before this event nobody is granted anything.
   */
  | { readonly type: "start"; readonly attachments: readonly Attachment[] }
  | { readonly type: "connect"; readonly connection: string; readonly access?: Access }
  /** `characters`: the length of its text; absent: not counted. */
  | { readonly type: "frame"; readonly connection: string; readonly frame: Frame; readonly characters?: number }
  | { readonly type: "disconnect"; readonly connection: string }
  /** What the host has found out about connections that were `unheard`: when the platform last answered a ping of each. */
  | { readonly type: "look"; readonly paths: readonly Path[] }
  /** The alarm, or a look at the state: processes deadlines up to `now`. */
  | { readonly type: "tick" }
  | {
      readonly type: "poll";
      readonly request: string;
      /** A fresh id, used if the session has no connection. */
      readonly connection: string;
      readonly access?: Access;
      readonly call: PollCall;
    }
  /** A run of a job begins, is renewed, or ends. */
  | ({ readonly type: "run" } & RunEvent)
  | {
      readonly type: "revoke";
      readonly request: string;
      readonly election: ElectionName;
      readonly successor: string | null;
      readonly note: string | null;
    }
  /** Other settings of the deployment. */
  | { readonly type: "configure"; readonly policy: Policy }
  | { readonly type: "pause"; readonly paused: boolean }
  | { readonly type: "cleanup"; readonly request: string; readonly force: boolean }
  /** Forgets what a job remembers, and gives up its run. */
  | { readonly type: "forget-job"; readonly request: string; readonly job: string }
  /** Deletes everything that is stored of a group that nobody uses. */
  | { readonly type: "purge"; readonly request: string }
  | { readonly type: "restore"; readonly request: string }
  | { readonly type: "finish-restore" };

export type GroupEvent = EventBody & {
  /** The host's wall clock, in milliseconds. */
  readonly now: number;
  /** 128 random bits as text, from which the ids that this event needs are made. */
  readonly nonce: string;
};

/** What a session without a socket has now. Its leases count from when the caller sent the call. */
export interface PollAnswer {
  readonly type: "polled";
  readonly sessionId: string;
  /** A new secret for the next call; `null`: as before. */
  readonly secret: string | null;
  readonly resumed: boolean;
  /** Those that this call was granted or has extended. */
  readonly leaderships: readonly HeldLeadership[];
  readonly lease: LeaseSettings;
  readonly drainMs: number;
  readonly pollEveryMs: number;
  /** Why contenders, or the action itself, were refused. */
  readonly refusals: readonly Refusal[];
  /** What a try has left, because it does not lead it. Absent where the call was no try. */
  readonly tried?: readonly TriedElection[];
}

/** `leader`: who leads the election of the component; `null`: nobody, and it is not this session's turn. */
export interface TriedElection {
  readonly component: string;
  readonly leader: LeaderStatus | null;
}

/** A leadership of a session without a socket. */
export interface HeldLeadership {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly components: readonly string[];
  /** Present once the group takes it back: stop within `drainMs`, then `release`. */
  readonly revoked?: { readonly reason: RevokeReason; readonly drainMs: number };
}

/** Why a call was not carried out. */
export type PollRefusal = "superseded" | "unknown_session" | "limit_exceeded";

/** The reply of the group to a request or a call. */
export type Outcome =
  | ({ readonly type: "revoked" } & RevokeResult)
  | { readonly type: "not_led" }
  | PollAnswer
  | { readonly type: "run"; readonly answer: RunAnswer }
  | { readonly type: "refused"; readonly code: PollRefusal | "forbidden"; readonly message: string }
  | { readonly type: "cleaned" }
  | ({ readonly type: "job_forgotten" } & ForgottenJob)
  | { readonly type: "no_job" }
  | { readonly type: "purged" }
  /** `retryAfterMs`: the time until the group is no longer in use, if nobody comes. */
  | { readonly type: "in_use"; readonly message: string; readonly retryAfterMs?: number }
  | { readonly type: "restorable" }
  | { readonly type: "restore_cancelled" }
  | { readonly type: "contenders_registered" };

export type Effect =
  | { readonly type: "send"; readonly connection: string; readonly message: ServerMessage }
  /** One message to many connections, to be encoded once. */
  | { readonly type: "broadcast"; readonly connections: readonly string[]; readonly message: ServerMessage }
  | { readonly type: "close"; readonly connection: string; readonly code: number; readonly reason: string }
  /** To be kept with its socket: costs no row, and survives hibernation. */
  | { readonly type: "attach"; readonly attachment: Attachment }
  | { readonly type: "reply"; readonly request: string; readonly outcome: Outcome };

/** An ended term, as the history keeps it. */
export interface EndedTerm {
  readonly election: ElectionName;
  readonly epoch: number;
  readonly leaderSessionId: string;
  readonly sessionId: string;
  readonly process: string | null;
  /** The subject that its session's credentials named; absent: none. `TermStatus` does not have it. */
  readonly subject?: string;
  readonly grantedAt: number;
  /** When its first renewal came; `grantedAt` where none did. */
  readonly acceptedAt: number;
  readonly confirmed: readonly { readonly component: string; readonly at: number }[];
  readonly endedAt: number;
  readonly reason: EndReason;
  /** An operator's words. */
  readonly note: string | null;
  /**
   * How long nobody led before this term. `null` for the first term after a time in which the election had no contender. For
   * such a term, `TermStatus` counts from the end of the term before instead, if that one is kept.
   */
  readonly gapMs: number | null;
}
