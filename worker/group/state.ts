/**
 * The state of a group. Immutable; every map is persistent, so that a turn copies only what it touches.
 *
 * Marked [memory]: not stored. Everything else is in the rows of `rows.ts`, and `load(save(state))` gives it back.
 */
import type { GroupLimits } from "../../shared/protocol/limits.ts";
import type { ContenderInfo, LeaderInformation, ProcessInfo, RevokeReason } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { EndedRun } from "../../shared/protocol/runs.ts";
import type { Bucket } from "./bucket.ts";
import type { Policy } from "./policy.ts";
import type { Queue } from "./queue.ts";
import type { SortedMap } from "./sorted-map.ts";

/** Why a term ended, for the history. */
export type EndReason = "resigned" | "closed" | "expired" | "lost" | RevokeReason;

/** How a session is reached, or when it was lost. */
export type Link =
  | { readonly type: "connected"; readonly connection: string }
  /** It has no socket: it calls, and each call is answered in the same turn. */
  | { readonly type: "polled"; readonly connection: string }
  /** `unwritten`: the connection that its row still names, since its loss was worth no row (S12). `vanished`: its peer fell silent (N16). */
  | { readonly type: "lost"; readonly at: number; readonly unwritten?: string; readonly vanished?: true };

/** A session's place in the queue of one election. */
export interface Place {
  readonly order: number;
  /** The session is demoted as long as the election's `acceptedEpoch` is this one; `null`: not demoted. */
  readonly demotedAt: number | null;
  /** How often it did not take its turn since it last led here, and when it did not the last time: see `preemptsFrom` (Q6). */
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
  /** Valid until the present secret is presented, because the `welcome` that carried that one may be lost. */
  readonly previousSecretHash: string | null;
  readonly attempt: number;
  readonly link: Link;
  /** [memory] It was asked and did not answer in time: it is no candidate until its next frame (S11). */
  readonly mute: boolean;
  /** [memory] Where nothing of it could start now, by its last statement: it keeps its places there, and is passed over (S11). */
  readonly busy: readonly ElectionName[];
  /** D as its last `welcome` named it: the client counts its leases by it, even if the policy has changed since. */
  readonly leaseMs: number;
  readonly priority: number;
  readonly process: ProcessInfo;
  readonly contenders: SortedMap<string, Contender>;
  readonly places: SortedMap<ElectionName, Place>;
  /** [memory] Its socket carries it through hibernation; a lost session watches nothing. */
  readonly watched: Watched;
  /** [memory] When it began or last resumed; `-Infinity` after a load. */
  readonly arrivedAt: number;
  /** The subject of the credentials of its last connection; `null`: they name none. */
  readonly subject: string | null;
}

/** One leadership. */
export interface Term {
  readonly sessionId: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly grantedAt: number;
  /**
   * [memory] When the first renewal or confirmation showed that its holder had taken it; `null` before. After a load it is
   * `grantedAt`, unless the holder's socket or `untaken` says that it was not taken.
   */
  readonly acceptedAt: number | null;
  /** It was not taken when its holder was lost, nor since: in the row that is written at the loss. */
  readonly untaken?: true;
  /** The longest D by which this term was ever extended: a shorter policy must not cut what a client still counts on. */
  readonly leaseMs: number;
  /** Stored before it is promised: no `renewed` promises more (S3). */
  readonly horizon: number;
  /** The furthest that the horizon was ahead when it was written. It is further ahead only if the clock was set back. */
  readonly horizonMs: number;
  /** [memory] Exact end of the lease; never beyond the horizon. After a load: the horizon plus the clock margin. */
  readonly leaseUntil: number;
  /** Confirmations whose records are already removed, for the history. */
  readonly confirmed: readonly Confirmation[];
}

export interface Confirmation {
  readonly component: string;
  readonly at: number;
}

export type ElectionState =
  | { readonly type: "vacant"; readonly successor: string | null }
  | ({ readonly type: "leading" } & Term)
  | ({ readonly type: "revoking"; readonly drainUntil: number } & RevokeCause & Term);

/** Why a leadership is taken back, and for whom. */
export interface RevokeCause {
  readonly reason: RevokeReason;
  /** An operator's words. */
  readonly note: string | null;
  /** A session id: asked first. `null`: the queue decides. */
  readonly successor: string | null;
}

/** An operator's revoke that is not answered yet. */
export interface PendingRevoke {
  readonly request: string;
  readonly from: string;
  /** The session that the operator named. */
  readonly successor: string | null;
  readonly epoch: number;
  readonly startedAt: number;
  readonly until: number;
}

/** When something about an election is over, and when the group has to look at it if no event comes first. */
export interface Deadline {
  /** Key in `deadlines`: from this time on it is over. */
  readonly at: number;
  /** Key in `awaited` or `unawaited`: `at`, or later where an event is likely to come first (`slackOf`). */
  readonly lookAt: number;
  /** Whether anybody waits for it or watches. */
  readonly awaited: boolean;
}

export interface Election {
  readonly name: ElectionName;
  readonly state: ElectionState;
  /** Epoch of the last term that somebody has taken; 0 before the first. A present term counts from its first renewal, or from a load on. */
  readonly acceptedEpoch: number;
  /** When the last term ended: the start of the leaderless gap. `null` before the first. */
  readonly endedAt: number | null;
  /** [memory] */
  readonly queue: Queue;
  /** [memory] How many sessions have a place in it. */
  readonly places: number;
  /** [memory] How many of its components are watched by name. */
  readonly watchedComponents: number;
  /** [memory] */
  readonly pending: readonly PendingRevoke[];
  /** [memory] */
  readonly deadline: Deadline | null;
}

/** Leader information, as the leader confirmed it. */
export interface LeaderRecord {
  readonly leader: LeaderInformation;
  readonly confirmedAt: number;
}

/** A run of a job that has the lease, or had it last and has not ended. */
export interface Run {
  readonly occurrence: string;
  /** The hash of the id by which its caller proves it. */
  readonly hash: string;
  readonly by: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly startedAt: number;
  readonly retry: boolean;
  readonly leaseMs: number;
  /** As those of a `Term`. */
  readonly horizon: number;
  readonly horizonMs: number;
  /** [memory] Exact end of the lease; never beyond the horizon. After a load: the horizon plus the clock margin. */
  readonly leaseUntil: number;
  /** By an operator: it may still go on until its lease is over, and its end counts no longer. */
  readonly givenUp?: true;
}

/** An occurrence that is over: for good, or until it is run again. */
export interface Occurrence extends EndedRun {
  /** Whether it may be run again if it has not been completed. */
  readonly retry: boolean;
  readonly hash: string;
}

/** A job that runs once for each occurrence. It stays for as long as its group: what it has run must not run again. */
export interface Job {
  readonly name: string;
  readonly run: Run | null;
  /** Those that are remembered, in their order. */
  readonly ended: readonly Occurrence[];
  /** The latest one, by its order, that has begun. */
  readonly latest: string | null;
  /** The latest one that was forgotten: it, and those before it, never run unless they are remembered. */
  readonly forgotten: string | null;
  /** The epoch of the last run. */
  readonly epoch: number;
}

/** [memory] Everything about one component name. */
export interface Component {
  readonly election: ElectionName | null;
  readonly contenders: number;
  readonly record: LeaderRecord | null;
  readonly watchers: SortedMap<string, true>;
}

/** What the peer of a connection may do. Decided where it was admitted; the core only keeps to it. */
export interface Access {
  /** `observe`: may not contend. The group core makes no other difference between roles. */
  readonly role: "observe" | "contend" | "admin";
  /** The only components that it may contend for; absent: any. */
  readonly components?: readonly string[];
  /** The subject that the credentials name. The sessions of one subject are limited; absent: no such limit. */
  readonly subject?: string;
  /** When the credentials end: the group closes the socket, and the peer resumes with new ones. Absent: never. */
  readonly until?: number;
}

/** What the group remembers of the latest call of a polled session, without a row. */
export interface Polling {
  /** Its number: an earlier call that comes later is refused. */
  readonly attempt: number;
  /** The poll deadline: without another call by then the session is lost (S12). */
  readonly until: number;
  /** It presented a secret that a replaced object may know as well, so the next call may still reach that object (S3). */
  readonly mayAskReplaced: boolean;
}

/** What a process has accepted in advance, by a frame of its present connection (S1). */
export interface Statement {
  /** When the process sent it, by its own clock: a grant names it. */
  readonly sentAt: number;
  /** When the group read it: the lease of a grant begins here. */
  readonly readAt: number;
}

/** [memory] A socket, or what stands for one while a session polls. Without a session it owes its hello. */
export interface Connection {
  readonly id: string;
  /** Absent: a socket. */
  readonly polling?: Polling;
  readonly helloUntil: number;
  readonly sessionId: string | null;
  readonly access: Access;
  readonly frames: Bucket;
  /** Limits the changes that it publishes. */
  readonly confirms: Bucket;
  /** When its last `renew` arrived; `-Infinity` before the first. */
  readonly renewedAt: number;
  /** The last one, unless something has voided it; a polled session has one for the time of its own call only. */
  readonly statement: Statement | null;
  /** What it was asked by the last `next`; `null` once a statement has answered. */
  readonly asked: Question | null;
  /** When its peer was last known to live: by a frame, or by a ping that the platform has answered. */
  readonly heardAt: number;
  /** It was not heard of when it was to speak, although its process lives: an alarm looks after the lease, too. */
  readonly late: boolean;
}

/** Asked at `at` to speak at `due`: at once where both are the same, otherwise by the timer of the process. */
export interface Question {
  readonly at: number;
  readonly due: number;
}

/** How many dedicated elections a session leads, those included that it is to lead next; and in how many of them that changes now. */
export interface Load {
  readonly led: number;
  readonly changing: number;
}

export interface DeadlineKey {
  readonly at: number;
  readonly name: string;
}

export interface GroupState {
  readonly policy: Policy;
  /** [memory] The lowest limits since the load, if they have changed while a connection was open; otherwise `null`. */
  readonly lowered: GroupLimits | null;
  readonly epoch: number;
  readonly revision: number;
  /** Nothing is granted before this time (S5). */
  readonly holdOffUntil: number;
  /** The furthest ahead that leases can have set it. It is further ahead only if the clock was set back, or for a restore. */
  readonly holdOffMs: number;
  readonly paused: boolean;
  /** When a sign of life last wrote a row (S4). */
  readonly seenAt: number;
  /** Since when every session is lost and nobody leads; `null`: not so, or the group has no time to live. */
  readonly idleSince: number | null;
  /** [memory] False between a load and `start`: stored connections may be gone, so nobody is asked or granted anything (S12). */
  readonly reconciled: boolean;
  /** [memory] The request of a restore that waits until nobody can lead any longer. */
  readonly pendingRestore: string | null;
  readonly sessions: SortedMap<string, Session>;
  readonly elections: SortedMap<ElectionName, Election>;
  readonly components: SortedMap<string, Component>;
  readonly jobs: SortedMap<string, Job>;
  /** [memory] The highest epoch of any job. */
  readonly jobEpoch: number;
  /** [memory] The election of each present term, by leader session id. */
  readonly terms: SortedMap<string, ElectionName>;
  /** [memory] Of sessions that lead dedicated elections; empty unless the policy spreads them. */
  readonly loads: SortedMap<string, Load>;
  /** [memory] The `order` of the last place given out; after a load, the largest stored one. */
  readonly lastOrder: number;
  /** [memory] */
  readonly connections: SortedMap<string, Connection>;
  /** [memory] Connections that owe their hello, by when it is due. */
  readonly silent: SortedMap<DeadlineKey, string>;
  /** [memory] Connections whose credentials end, by when they end. */
  readonly expiring: SortedMap<DeadlineKey, string>;
  /** [memory] Connections of polled sessions, by their poll deadline. */
  readonly polled: SortedMap<DeadlineKey, string>;
  /** [memory] Sockets of sessions, by when they were last heard of. */
  readonly heard: SortedMap<DeadlineKey, string>;
  /** [memory] How many sessions each subject has. */
  readonly subjects: SortedMap<string, number>;
  /** [memory] What the subjects of credentials may still store; those without a subject together: the empty one. */
  readonly rowBuckets: SortedMap<string, Bucket>;
  /** [memory] How many sessions have a contender. */
  readonly contending: number;
  /** [memory] How many sessions watch anything. */
  readonly observers: number;
  /** [memory] Components with a record: few, while peers may watch any number of names. */
  readonly published: SortedMap<string, true>;
  /** [memory] Components whose leader has changed before `start`: who watches them is not known yet. */
  readonly unannounced: SortedMap<string, true>;
  /** [memory] Sessions that watch every component. */
  readonly watchersOfAll: SortedMap<string, true>;
  /** [memory] Elections with a deadline, by `at`. */
  readonly deadlines: SortedMap<DeadlineKey, ElectionName>;
  /** [memory] Elections whose deadline is awaited, by `lookAt`. */
  readonly awaited: SortedMap<DeadlineKey, ElectionName>;
  /** [memory] The others, by `lookAt`: the group looks at them only while somebody watches every component. */
  readonly unawaited: SortedMap<DeadlineKey, ElectionName>;
  /** [memory] Lost sessions that have no place, or whose peers have vanished, by when they were lost: they give way to others. */
  readonly yielding: SortedMap<DeadlineKey, string>;
  /** [memory] Lost sessions, by when they were lost. */
  readonly lost: SortedMap<DeadlineKey, string>;
}
