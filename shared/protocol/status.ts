/** What the HTTP routes answer about a group: the server builds it, clients read it. */
import type { LeaderStatus } from "./messages.ts";
import type { ElectionName } from "./names.ts";

export type { LeaderStatus } from "./messages.ts";

import type { JobSummary } from "./runs.ts";

/** The state of a group, as `GET /v1/groups/{group}` returns it: for operators, and to find a successor. */
export interface GroupStatus {
  readonly group: string;
  /** Identifies the deployment. A group of the same name in another deployment is another group, and may have a leader of its own. */
  readonly deployment: string;
  readonly epoch: number;
  readonly revision: number;
  readonly paused: boolean;
  /** For how much longer the group grants nothing, because leases that it no longer knows may still run; 0: it does not hold off. */
  readonly holdOffMs: number;
  readonly sessions: number;
  /** How many elections the group has. */
  readonly electionCount: number;
  /** A page of them, in the order of their names: at most 100, with at most 1,000 candidates in all. */
  readonly elections: readonly ElectionStatus[];
  /** To get the next page, ask with this name as `after`; null on the last page. */
  readonly next: ElectionName | null;
  /** The first 100 jobs, in the order of their names. */
  readonly jobs: readonly JobSummary[];
}

/** How many elections and candidates one answer has at most. Without a bound one look-up would keep a large group busy. */
export const STATUS_ELECTIONS = 100;
export const STATUS_CANDIDATES = 1_000;
export const JOBS_SHOWN = 100;
/** How many candidates of one election, and components of one candidate, one answer has at most. */
export const CANDIDATES_SHOWN = 100;
export const COMPONENTS_SHOWN = 16;

/** The state of one election of the group. */
export interface ElectionStatus {
  readonly election: ElectionName;
  readonly state: "vacant" | "leading" | "revoking";
  /** Null while nobody leads. */
  readonly leader: LeaderStatus | null;
  /** The rest of the lease; null while vacant. */
  readonly remainingMs: number | null;
  /**
   * The time since it last had a leader; null while somebody leads, and as long as it has had no leader at all. A group forgets
   * an election when its last contender leaves: from then on the election counts as one that has had no leader.
   */
  readonly vacantMs: number | null;
  /** How many sessions have a place, the holder excepted. */
  readonly waiting: number;
  /** How many of these can lead as far as the group knows: see `ready` of `CandidateStatus`. */
  readonly ready: number;
  /**
   * At most 100 of the waiting sessions: the first ones, or those of a later page. First come the sessions that are `ready`, in
   * the order in which they are next, then the others.
   */
  readonly candidates: readonly CandidateStatus[];
}

/** What an overview of many groups shows of one. */
export interface GroupSummary {
  readonly group: string;
  readonly paused: boolean;
  readonly holdOffMs: number;
  readonly sessions: number;
  readonly electionCount: number;
  /** How many elections somebody leads. */
  readonly led: number;
  /** How many elections nobody leads although sessions wait for them. */
  readonly leaderless: number;
  /** Who leads the first few elections, in the order of their names. */
  readonly leaders: readonly (LeaderStatus & { readonly election: ElectionName })[];
}

/** How many leaders a summary names. */
export const LEADERS_SHOWN = 3;

/** A page of all groups that the index lists and the caller may see. */
export interface GroupsStatus {
  /** In natural order: `job2` before `job10`; at most 50. `summary` is null if the group could not be asked. */
  readonly groups: readonly { readonly group: string; readonly summary: GroupSummary | null }[];
  /** To get the next page, ask with this name as `after`; null on the last page. */
  readonly next: string | null;
  /** How many groups all pages have. */
  readonly count: number;
  /** True: the index takes no further group, so there may be some that it does not list. */
  readonly full: boolean;
}

/** How many groups one answer has at most: each of them is asked. */
export const GROUPS_AT_ONCE = 50;

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
  /** The first 16 of its components in this election. */
  readonly components: readonly string[];
  /**
   * True if it can lead as far as the group knows: it is connected, has answered when it was last asked, and is not busy in this
   * election.
   */
  readonly ready: boolean;
  /**
   * Why it is not `ready`; absent: it is. `busy`: its application is not ready to lead, or its work of an earlier term in this
   * election is still stopping. `silent`: it did not answer. `lost`: its connection was lost.
   */
  readonly aside?: "busy" | "silent" | "lost";
}
