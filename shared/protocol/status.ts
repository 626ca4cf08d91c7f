/** What the HTTP routes answer about a group: the server builds it, clients read it. */
import type { ElectionName } from "./names.ts";

/** How a group stands, as `GET /v1/groups/{group}` tells it to operators and to whoever looks for a successor. */
export interface GroupStatus {
  readonly group: string;
  readonly epoch: number;
  readonly revision: number;
  readonly paused: boolean;
  readonly sessions: number;
  readonly elections: readonly ElectionStatus[];
}

/** How one election of the group stands. */
export interface ElectionStatus {
  readonly election: ElectionName;
  readonly state: "vacant" | "offered" | "leading" | "revoking";
  /** Null while nobody leads. */
  readonly leader: LeaderStatus | null;
  /** What is left of the lease, or of the offer; null while vacant. */
  readonly remainingMs: number | null;
  /** Everybody with a place but the holder: those that can be asked now in their order, then the others. */
  readonly candidates: readonly CandidateStatus[];
}

/** Who has the leadership, or has been offered it. */
export interface LeaderStatus {
  readonly sessionId: string;
  /** The name of the process, where it has one. */
  readonly process: string | null;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

/** How an operator ends a leadership. */
export interface RevokeOptions {
  /** A session id: asked first. */
  readonly successor?: string;
  /** Kept in the history; at most 256 characters. */
  readonly reason?: string;
}

/** What came of a revoke; `from` and `to` are sessions. */
export interface RevokeResult {
  readonly from: string;
  /** Null where nobody took over in time. */
  readonly to: string | null;
  /** That of the new term, or of the old one where nobody took over. */
  readonly epoch: number;
  /** Counted from the request. */
  readonly durationMs: number;
  /** The successor that was named, and did not take over. */
  readonly passedOver?: string;
}

/** Somebody with a place in the queue of an election. */
export interface CandidateStatus {
  readonly sessionId: string;
  readonly process: string | null;
  readonly priority: number;
  readonly components: readonly string[];
  /** Can be asked now: connected, heard of since it missed or declined an offer. */
  readonly ready: boolean;
}
