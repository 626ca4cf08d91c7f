/**
 * Elections by RPC, for code inside the platform that can't hold a socket. Implemented by `electionsOf` on a namespace of
 * groups, and by `ElectionsEntrypoint` for service bindings.
 *
 * A contender by RPC is a session like any other, in the same queue, with the same epochs. It receives no messages: it
 * polls. Each answer counts from the caller's own `sentAt` until `sentAt + lease.renewDeadlineMs` (S1).
 */
export type { HeldLeadership, TriedElection } from "../group/events.ts";

import type { LeaseSettings } from "../../shared/lease.ts";
import type { ContenderInfo, LeaderInformation, ProcessInfo } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { JobStatus, RunAnswer, RunCall } from "../../shared/protocol/runs.ts";
import type { ElectionStatus, GroupStatus, RevokeOptions, RevokeResult } from "../../shared/protocol/status.ts";
import type { HeldLeadership, TriedElection } from "../group/events.ts";
import type { TermStatus } from "../group/history.ts";
import type { FenceAnswer, FenceQuestion } from "../group/views.ts";

/** Proves which session calls. `attempt` is a counter of the caller that grows with every call, across its restarts. */
export interface PolledSession {
  readonly sessionId: string;
  readonly secret: string;
  readonly attempt: number;
}

/** One call of a contender: its components, what it still leads, and when it sent the call. */
export interface Campaign {
  /** The session of the last answer, with a higher `attempt`. Absent if there was no answer. */
  readonly session?: PolledSession;
  /** All components that contend. A component that an earlier call named, and this one does not name, is closed. */
  readonly contenders: readonly ContenderInfo[];
  /**
   * The leader session ids of the leaderships that the caller still has, and of those whose work is still stopping. A
   * leadership of this session that is missing here ends at once, because the caller does not hold it.
   */
  readonly held?: readonly string[];
  /** What the caller would lead now: all its elections (true), none (false), or those listed. For this call only. Default true. */
  readonly accept?: boolean | readonly ElectionName[];
  /**
   * Contends only for what is free. A component that does not lead after this call leaves its election in the same turn, and
   * `tried` of the answer names it. A session that has nothing left is over. A group that knows no tries answers without
   * `tried`: then release the session.
   */
  readonly try?: boolean;
  readonly process?: ProcessInfo;
  readonly priority?: number;
  /**
   * The caller polls again within this many milliseconds: at most D, by default D / 2. While the caller is first in the
   * queue, a vacant election waits for it that long and one ask time-out (O) more, even if others could lead at once.
   */
  readonly pollEveryMs?: number;
  /**
   * When the call was sent, by the caller's own clock. The answer repeats it. Only the answer to the latest call counts, and
   * its leases run from this time on.
   */
  readonly sentAt: number;
}

/** What the session leads now, for how long, and when to poll again. */
export interface CampaignAnswer {
  readonly type: "polled";
  readonly sentAt: number;
  readonly sessionId: string;
  /** For the next call; it changes now and then. The previous secret stays valid until a call has presented this one. */
  readonly secret: string;
  /** False: a fresh session. Everything that the caller led before is lost. */
  readonly resumed: boolean;
  /**
   * Leaderships that now run until `sentAt + lease.renewDeadlineMs`. One that the call named and that is missing here is
   * lost.
   */
  readonly leaderships: readonly HeldLeadership[];
  readonly lease: LeaseSettings;
  readonly drainMs: number;
  readonly pollEveryMs: number;
  /** Contenders that the group refuses. All others are accepted as contenders. */
  readonly refused: readonly { readonly component: string; readonly code: string; readonly message: string }[];
  /** The components of a try that do not lead, and who leads; `null`: nobody, and it is not this session's turn. */
  readonly tried?: readonly TriedElection[];
}

/** Why a call was not carried out. The call has changed nothing. */
export interface Refused {
  readonly type: "refused";
  /**
   * `unknown_session`: the session is over, or the secret is wrong: campaign without `session`. `superseded`: a later call
   * of this session has arrived first, and its answer counts. Other codes as in the protocol's `error` frame.
   */
  readonly code: string;
  readonly message: string;
}

/** Extends the leaderships that are named. */
export interface Renewal {
  readonly session: PolledSession;
  readonly held: readonly string[];
  readonly sentAt: number;
}

/** Publishes the address of a component that leads. */
export interface Confirmation {
  readonly session: PolledSession;
  readonly component: string;
  readonly leaderSessionId: string;
  readonly address?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Gives up a leadership, or leaves the group. Send it only after the work has stopped (S2 in docs/RULES.md). */
export interface Release {
  readonly session: PolledSession;
  /** Steps down from this leadership, and keeps contending. Absent: leaves the group. */
  readonly leaderSessionId?: string;
  readonly successor?: string;
}

/** What a binding can do with its groups. Wrong arguments reject with a `TypeError` that names the field. */
export interface Elections {
  getLeader(group: string, component: string): Promise<LeaderInformation | null>;
  /** A page of elections: those after the name `after`; without it, the first ones. */
  status(group: string, after?: ElectionName): Promise<GroupStatus>;
  /** One election, with its candidates from index `from` on, counted from 0. */
  electionStatus(group: string, election: ElectionName, from?: number): Promise<ElectionStatus>;
  /** Ended and running terms, newest first. */
  history(group: string, limit: number): Promise<readonly TermStatus[]>;
  checkFence(group: string, question: FenceQuestion): Promise<FenceAnswer>;
  /**
   * Resolves once the term and its drain are over. If there is a candidate, it resolves only when the next process leads, or has failed to
   * take the lead in time.
   */
  revoke(group: string, election: ElectionName, options?: RevokeOptions): Promise<RevokeAnswer | Refused>;
  /** Takes the lead if it is this session's turn; otherwise the session keeps its place. */
  campaign(group: string, campaign: Campaign): Promise<CampaignAnswer | Refused>;
  /** Extends the leaderships of the session, without contending for more. */
  renew(group: string, renewal: Renewal): Promise<CampaignAnswer | Refused>;
  confirm(group: string, confirmation: Confirmation): Promise<{ readonly type: "confirmed" } | Refused>;
  release(group: string, release: Release): Promise<{ readonly type: "released" } | Refused>;
  /** Begins, renews or ends a run of a job: `runOnce` makes these calls. */
  run(group: string, call: RunCall): Promise<RunAnswer | Refused>;
  /** What a job remembers; `null`: it has never run. */
  job(group: string, job: string): Promise<JobStatus | null>;
}

/** The former leader, and the session that has taken over, if any. */
export type RevokeAnswer = ({ readonly type: "revoked" } & RevokeResult) | { readonly type: "not_led" };
