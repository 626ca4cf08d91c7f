/**
 * Elections by RPC: for code inside the platform that can't hold a socket. Implemented by `electionsOf` on a namespace of
 * groups, and by the `Elections` entrypoint for service bindings.
 *
 * A contender by RPC is a session like any other, in the same queue, with the same epochs; only it is not reached by
 * messages, but asks. Each answer counts from the caller's own `sentAt`, until `sentAt + lease.renewDeadlineMs` (S1).
 */
export type { HeldLeadership } from "../group/events.ts";

import type { LeaseSettings } from "../../shared/lease.ts";
import type { ContenderInfo, LeaderInformation, ProcessInfo } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { GroupStatus, Revoked } from "../../shared/protocol/status.ts";
import type { HeldLeadership } from "../group/events.ts";
import type { TermStatus } from "../group/history.ts";
import type { FenceAnswer, FenceQuestion } from "../group/views.ts";

/** Proves which session asks. `attempt` is a counter of the caller that grows with every call, across its restarts. */
export interface PolledSession {
  readonly sessionId: string;
  readonly secret: string;
  readonly attempt: number;
}

/** One call of a contender: who stands, what is still led, and when it was asked. */
export interface Campaign {
  /** As the last answer gave it; left out by who has none. */
  readonly session?: PolledSession;
  /** The complete set: what an earlier call named and this one does not is closed. */
  readonly contenders: readonly ContenderInfo[];
  /**
   * What the caller still leads, and what it still stops. A leadership of the session that is not named ends at once: the
   * caller can't hold it.
   */
  readonly held?: readonly string[];
  /** Declines what is offered until the next call (false), or all but these: no contender of the others is ready. Default true. */
  readonly accept?: boolean | readonly ElectionName[];
  readonly process?: ProcessInfo;
  readonly priority?: number;
  /**
   * How soon the caller asks again at the latest, in milliseconds, at most D; default D / 2. While it is the first in the
   * queue the election waits for it that long (and one offer time-out more), even where others could lead at once.
   */
  readonly pollEveryMs?: number;
  /** From the caller's own clock, echoed. An answer counts only for the latest call, and from this time. */
  readonly sentAt: number;
}

/** What the session leads now, how long it may believe so, and how soon to ask again. */
export interface CampaignAnswer {
  readonly type: "polled";
  readonly sentAt: number;
  readonly sessionId: string;
  /** For the next call; it changes now and then. The one before stays valid until this one has been presented. */
  readonly secret: string;
  /** False: a fresh session. Whatever the caller led before is lost. */
  readonly resumed: boolean;
  /** Leaderships that now run until `sentAt + lease.renewDeadlineMs`; what was named and is missing is lost. */
  readonly leaderships: readonly HeldLeadership[];
  readonly lease: LeaseSettings;
  readonly drainMs: number;
  readonly pollEveryMs: number;
  /** Contenders that were refused; the others run. */
  readonly refused: readonly { readonly component: string; readonly code: string; readonly message: string }[];
}

/** Why a call was not carried out; nothing has changed. */
export interface Refused {
  readonly type: "refused";
  /**
   * `unknown_session`: too late, or a wrong secret: campaign without `session`. `superseded`: a later call of this session
   * was here first; its answer counts. Others as in the protocol's `error` frame.
   */
  readonly code: string;
  readonly message: string;
}

/** Extends what is named. */
export interface Renewal {
  readonly session: PolledSession;
  readonly held: readonly string[];
  readonly sentAt: number;
}

/** Publishes the address of a component that is led. */
export interface Confirmation {
  readonly session: PolledSession;
  readonly component: string;
  readonly leaderSessionId: string;
  readonly address?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Sent only after the caller has stopped (S2). */
export interface Release {
  readonly session: PolledSession;
  /** Steps down from this one, and goes on contending. Left out: leaves with everything. */
  readonly leaderSessionId?: string;
  readonly successor?: string;
}

/** How an operator takes a leadership back. */
export interface StepDownOrder {
  /** A session id, asked first. */
  readonly successor?: string;
  /** Kept in the history; at most 256 characters. */
  readonly reason?: string;
}

/** What a binding can do, group by group. Wrong arguments reject with a `TypeError` that names the field. */
export interface Elections {
  getLeader(group: string, component: string): Promise<LeaderInformation | null>;
  status(group: string): Promise<GroupStatus>;
  /** Ended and running terms, newest first. */
  history(group: string, limit: number): Promise<readonly TermStatus[]>;
  checkFence(group: string, question: FenceQuestion): Promise<FenceAnswer>;
  /** Resolves once the term has ended and, where somebody waits, the next one was accepted. */
  revoke(group: string, election: ElectionName, order?: StepDownOrder): Promise<RevokeAnswer | Refused>;
  /** Takes the lead if it is this session's turn, keeps its place otherwise. */
  campaign(group: string, campaign: Campaign): Promise<CampaignAnswer | Refused>;
  /** Extends without contending for more. */
  renew(group: string, renewal: Renewal): Promise<CampaignAnswer | Refused>;
  confirm(group: string, confirmation: Confirmation): Promise<{ readonly type: "confirmed" } | Refused>;
  release(group: string, release: Release): Promise<{ readonly type: "released" } | Refused>;
}

/** Who led, and who has taken over. */
export type RevokeAnswer = ({ readonly type: "revoked" } & Revoked) | { readonly type: "not_led" };
