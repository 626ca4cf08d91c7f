/**
 * The state of a group. Immutable; every map is persistent, so that a turn copies only what it touches.
 *
 * Marked [memory]: not stored. Everything else is in the rows of `rows.ts`, and `load(save(state))` gives it back.
 */
import type { ContenderInfo, LeaderInformation, ProcessInfo, RevokeReason } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Bucket } from "./bucket.ts";
import type { Policy } from "./policy.ts";
import type { Queue } from "./queue.ts";
import type { SortedMap } from "./sorted-map.ts";

/** Why a term ended, as the history tells it. */
export type EndReason = "resigned" | "closed" | "expired" | "lost" | RevokeReason;

/** How a session is reached, or when it was lost. */
export type Link =
  | { readonly type: "connected"; readonly connection: string }
  /** It holds no socket: it asks, and has its answers in the same turn. */
  | { readonly type: "polled"; readonly connection: string }
  | { readonly type: "lost"; readonly at: number };

/** A session's place in the queue of one election. */
export interface Place {
  readonly order: number;
  /** Demoted while the election's `acceptedEpoch` is still this one; `null`: not demoted. */
  readonly demotedAt: number | null;
  /** Has declined, and is asked again after its next real message. */
  readonly declined: boolean;
  /** Offers that it did not take since it has led here last, and when the last of them was: see `preemptsFrom` (Q6). */
  readonly missed: { readonly times: number; readonly at: number } | null;
}

export interface Contender extends Pick<ContenderInfo, "priority"> {
  readonly election: ElectionName;
}

export interface Watched {
  readonly all: boolean;
  readonly names: readonly string[];
}

export interface Session {
  readonly id: string;
  readonly secretHash: string;
  /** Valid until the present secret has been presented: its `welcome` may be lost. */
  readonly previousSecretHash: string | null;
  readonly attempt: number;
  readonly link: Link;
  /** Missed an offer, and is no candidate until it sends a real message. */
  readonly mute: boolean;
  /** When the session last wrote its row as a sign of life. */
  readonly seenAt: number;
  /** D as its last `welcome` told it: the client counts its leases by it even if the policy has changed since. */
  readonly leaseMs: number;
  readonly priority: number;
  readonly process: ProcessInfo;
  readonly contenders: SortedMap<string, Contender>;
  readonly places: SortedMap<ElectionName, Place>;
  readonly watched: Watched;
  /** Whose credentials let its last connection in; `null`: nobody's in particular. */
  readonly subject: string | null;
}

/** One leadership, offered or led. */
export interface Term {
  readonly sessionId: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly offeredAt: number;
}

/** A leadership that was accepted. */
export interface HeldTerm extends Term {
  readonly acceptedAt: number;
  /** The longest D under which this term was ever extended: a shorter policy must not cut what a client still counts on. */
  readonly leaseMs: number;
  /** No `renewed` that left reaches beyond it. */
  readonly horizon: number;
  /** How far ahead it was at most when it was written: further ahead it lies only where the clock was set back. */
  readonly horizonMs: number;
  /** [memory] Exact end of the lease; never beyond the horizon. After a load: the horizon plus the clock margin. */
  readonly leaseUntil: number;
  /** Confirmations whose records are gone already, for the history. */
  readonly confirmed: readonly Confirmation[];
}

export interface Confirmation {
  readonly component: string;
  readonly at: number;
}

export type ElectionState =
  | { readonly type: "vacant"; readonly successor: string | null }
  | ({ readonly type: "offered"; readonly offerUntil: number } & Term)
  | ({ readonly type: "leading" } & HeldTerm)
  | ({ readonly type: "revoking"; readonly drainUntil: number } & RevokeCause & HeldTerm);

/** Why a leadership is taken back, and for whom. */
export interface RevokeCause {
  readonly reason: RevokeReason;
  /** An operator's words. */
  readonly note: string | null;
  /** A session id: asked first. `null`: the queue decides. */
  readonly successor: string | null;
}

/** An operator's revoke that waits for its outcome. */
export interface PendingRevoke {
  readonly request: string;
  readonly from: string;
  /** Whom the operator has named. */
  readonly successor: string | null;
  readonly epoch: number;
  readonly startedAt: number;
  readonly until: number;
}

/** When something about an election is over, and when the group looks at it if nothing else has made it look. */
export interface Deadline {
  /** Its key in `deadlines`: from here on it is over. */
  readonly at: number;
  /** Its key in `awaited` or `unawaited`: `at`, or a little after the end of a lease that a renewal may be about to move. */
  readonly lookAt: number;
  /** Whether somebody waits or watches. */
  readonly awaited: boolean;
}

export interface Election {
  readonly name: ElectionName;
  readonly state: ElectionState;
  /** Epoch of the last accepted term; 0 before the first. */
  readonly acceptedEpoch: number;
  /** When the last term ended: the leaderless gap begins. */
  readonly endedAt: number | null;
  /** [memory] */
  readonly queue: Queue;
  /** [memory] Sessions with a place in it. */
  readonly places: number;
  /** [memory] Components of it that somebody watches by name. */
  readonly watchedComponents: number;
  /** [memory] */
  readonly pending: readonly PendingRevoke[];
  /** [memory] */
  readonly deadline: Deadline | null;
}

/** Published leader information, as its leader confirmed it. */
export interface LeaderRecord {
  readonly leader: LeaderInformation;
  readonly confirmedAt: number;
}

/** [memory] Everything about one component name. */
export interface Component {
  readonly election: ElectionName | null;
  readonly contenders: number;
  readonly record: LeaderRecord | null;
  readonly watchers: SortedMap<string, true>;
}

/** What the peer of a connection may do, as whoever let it in has decided. */
export interface Access {
  /** Who only observes can't contend. */
  readonly role: "observe" | "contend" | "admin";
  /** Contends for these components only; absent: for any. */
  readonly components?: readonly string[];
  /** Whose they are, as their issuer calls them; sessions of one subject are limited. Absent: nobody's in particular. */
  readonly subject?: string;
  /** When its credentials end: the peer is asked for new ones by a close, and resumes. Absent: never. */
  readonly until?: number;
}

/** What of a polled session's calls is not worth a row. */
export interface Polling {
  /** Of the latest call: an earlier one that comes late changes nothing. */
  readonly attempt: number;
  /** The poll deadline: without another call by then the session counts as lost (S12). */
  readonly until: number;
  /** The latest call has shown a secret that a replaced object may know as well: the caller may still ask that one (S3). */
  readonly mayAskReplaced: boolean;
}

/** [memory] A socket, or what stands for one while a session polls; without a session it still owes its hello. */
export interface Connection {
  readonly id: string;
  /** Absent: a socket. */
  readonly polling?: Polling;
  readonly helloUntil: number;
  readonly sessionId: string | null;
  readonly access: Access;
  readonly frames: Bucket;
  /** Of changes that it publishes. */
  readonly confirms: Bucket;
  /** When its last `renew` arrived; `-Infinity` before the first. */
  readonly renewedAt: number;
}

export interface DeadlineKey {
  readonly at: number;
  readonly name: string;
}

export interface GroupState {
  readonly policy: Policy;
  readonly epoch: number;
  readonly revision: number;
  /** Nothing is offered before. */
  readonly holdOffUntil: number;
  /** How far ahead leases can have pushed it: further ahead it lies only where the clock was set back, or for a restore. */
  readonly holdOffMs: number;
  readonly paused: boolean;
  /** [memory] False between a load and `start`, while stored connections may be gone: nobody is asked meanwhile (S12). */
  readonly reconciled: boolean;
  /** [memory] A restore that waits until nobody can lead any more. */
  readonly pendingRestore: string | null;
  /** Ended terms so far: the number of the next row of the history. */
  readonly endedTerms: number;
  readonly sessions: SortedMap<string, Session>;
  readonly elections: SortedMap<ElectionName, Election>;
  readonly components: SortedMap<string, Component>;
  /** [memory] From leader session id to election, for the terms that are not over. */
  readonly terms: SortedMap<string, ElectionName>;
  /** [memory] The last place given out; the largest stored one after a load. */
  readonly lastOrder: number;
  /** [memory] */
  readonly connections: SortedMap<string, Connection>;
  /** [memory] Connections that owe their hello, by when it is due. */
  readonly silent: SortedMap<DeadlineKey, string>;
  /** [memory] When one of them was closed last; `-Infinity` before the first. */
  readonly silentClosedAt: number;
  /** [memory] Connections whose credentials end, by when they do. */
  readonly expiring: SortedMap<DeadlineKey, string>;
  /** [memory] Connections of polled sessions, by their poll deadline. */
  readonly polled: SortedMap<DeadlineKey, string>;
  /** [memory] How many sessions each subject has. */
  readonly subjects: SortedMap<string, number>;
  /** [memory] Sessions that watch anything. */
  readonly observers: number;
  /** [memory] Sessions that watch every component. */
  readonly watchersOfAll: SortedMap<string, true>;
  /** [memory] Every election that has a deadline, by when that is. */
  readonly deadlines: SortedMap<DeadlineKey, ElectionName>;
  /** [memory] Those for which somebody waits or watches, by when they are looked at. */
  readonly awaited: SortedMap<DeadlineKey, ElectionName>;
  /** [memory] The others, likewise; they are looked at only while somebody watches everything. */
  readonly unawaited: SortedMap<DeadlineKey, ElectionName>;
  /** [memory] Lost sessions, by when they were lost. */
  readonly lost: SortedMap<DeadlineKey, string>;
}
