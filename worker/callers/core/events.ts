/** What can happen to a contender without a socket, and what it wants done. */

import type { LossReason } from "../../../shared/errors.ts";
import type { TermIdentity } from "../../../shared/holder/state.ts";
import type { Metadata } from "../../../shared/protocol/messages.ts";
import type { LeaderStatus } from "../../../shared/protocol/status.ts";
import type { Answer, Request } from "./requests.ts";
import type { ContenderSettings, Drain } from "./state.ts";

export type EventBody =
  /** Runs for leadership from now on. One that runs already goes on. */
  | { readonly type: "start" }
  /** Stops the terms, says goodbye, and does not come back before the next `start`; one that comes meanwhile counts. */
  | { readonly type: "close" }
  /** Other settings from now on. */
  | { readonly type: "change"; readonly settings: ContenderSettings }
  /** Time has passed. */
  | { readonly type: "tick" }
  | { readonly type: "answered"; readonly attempt: number; readonly answer: Answer }
  /** No answer will come. `retryAfterMs`: the deployment has said when to ask again. */
  | { readonly type: "failed"; readonly attempt: number; readonly retryAfterMs?: number }
  /** Somebody waits for the answer to a campaign that is made after this. */
  | { readonly type: "inquire" }
  /** The promise of an `onRevoke` has settled. */
  | { readonly type: "settled"; readonly component: string; readonly leaderSessionId: string }
  | {
      readonly type: "resign";
      readonly leaderSessionId: string;
      readonly successor?: string;
      readonly stayOutMs?: number;
    }
  | {
      readonly type: "confirm";
      readonly component: string;
      readonly leaderSessionId: string;
      readonly address?: string;
      readonly metadata?: Metadata;
    };

/** `random` is in 0..1. */
export type Event = EventBody & { readonly now: number; readonly random: number };
export type Of<T extends EventBody["type"]> = Extract<EventBody, { readonly type: T }>;

/** Which leadership an effect is about, as its component sees it. */
export interface Subject extends TermIdentity {
  readonly component: string;
}

export type Effect =
  /** Answered by `answered` or `failed` with the same attempt. */
  | { readonly type: "call"; readonly attempt: number; readonly request: Request }
  | { readonly type: "grant"; readonly subject: Subject }
  /** Answered by `settled`. */
  | { readonly type: "revoke"; readonly subject: Subject; readonly reason: LossReason }
  | { readonly type: "confirmed"; readonly component: string }
  | { readonly type: "unconfirmed"; readonly component: string; readonly code: string; readonly message: string }
  /** The group refuses: one component, or the whole call. Retried. */
  | { readonly type: "refused"; readonly component?: string; readonly code: string; readonly message: string }
  /** A component that does not lead by its try. `leader`: who leads; `null`: nobody. */
  | { readonly type: "tried"; readonly component: string; readonly leader: LeaderStatus | null }
  /** The group has answered the campaign of this name, and somebody waits. It answers those who inquired before it was sent. */
  | { readonly type: "inquired"; readonly sentAt: number }
  /** This `onRevoke` has settled. */
  | ({ readonly type: "stopped" } & Drain)
  /** The term is over, and the group was told. Also where the goodbye will tell it, or no call can. */
  | { readonly type: "released"; readonly leaderSessionId: string }
  /** The group was told of the change of this number (see `changes`). Also where the contender leaves, and tells of no change. */
  | { readonly type: "heard"; readonly change: number }
  /** The contender has said goodbye, or has nobody to say it to. */
  | { readonly type: "left" };
