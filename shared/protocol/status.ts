/** What the HTTP routes answer about a group: the server builds it, clients read it. */
import type { ElectionName } from "./names.ts";

/** The state of a group, as `GET /v1/groups/{group}` returns it: for operators, and to find a successor. */
export interface GroupStatus {
  readonly group: string;
  readonly epoch: number;
  readonly revision: number;
  readonly paused: boolean;
  readonly sessions: number;
  readonly elections: readonly ElectionStatus[];
}

/** The state of one election of the group. */
export interface ElectionStatus {
  readonly election: ElectionName;
  readonly state: "vacant" | "leading" | "revoking";
  /** Null while nobody leads. */
  readonly leader: LeaderStatus | null;
  /** The rest of the lease; null while vacant. */
  readonly remainingMs: number | null;
  /** All sessions with a place except the holder: first those that can be granted it or asked, in their order, then the others. */
  readonly candidates: readonly CandidateStatus[];
}

/** The session that has the leadership. */
export interface LeaderStatus {
  readonly sessionId: string;
  /** The name of the process, if it has one. */
  readonly process: string | null;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

/** How an operator ends a leadership. */
export interface RevokeOptions {
  /** The id of the session that is next. */
  readonly successor?: string;
  /** Kept in the history; at most 256 characters. */
  readonly reason?: string;
}

/** The outcome of a revoke; `from` and `to` are sessions. */
export interface RevokeResult {
  readonly from: string;
  /** Null if no session took over in time. */
  readonly to: string | null;
  /** The epoch of the new term, or of the old one if no session took over. */
  readonly epoch: number;
  /** The time since the request. */
  readonly durationMs: number;
  /** The named successor, if it did not take over. */
  readonly passedOver?: string;
}

/** A session with a place in the queue of an election. */
export interface CandidateStatus {
  readonly sessionId: string;
  readonly process: string | null;
  readonly priority: number;
  readonly components: readonly string[];
  /** True if it can lead as far as the group knows: it is connected, has answered when it was last asked, and is not busy there. */
  readonly ready: boolean;
}
