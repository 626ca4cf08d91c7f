/**
 * The wire protocol, version 1: every message once, by direction. PROTOCOL.md is its text.
 *
 * One JSON object per text frame. Times are milliseconds. `sentAt` is a number of the client's own clock, strictly
 * increasing within a client, that the server echoes and never interprets. Optional fields are left out, never `null`.
 *
 * Entry of the room `shared/protocol`. Every room may import it; it imports `shared/`. It never sees a platform, and
 * never decides who leads.
 */
import type { LeaseSettings } from "../lease.ts";
import type { GroupLimits, Limits } from "./limits.ts";
import type { ElectionKind, ElectionName } from "./names.ts";

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = "edge-election.v1";
/** The name of every version begins with it: it distinguishes an outdated peer from a stranger. */
export const SUBPROTOCOL_FAMILY = "edge-election.";
/** A second offered subprotocol carries the token, since browsers can't set headers: `bearer.` + base64url(token). */
export const TOKEN_PROTOCOL = "bearer.";

/** Keep-alive text frames. Not JSON: the platform answers `PING` outside the object, and it renews nothing. */
export const PING = "ping";
export const PONG = "pong";

/** Any text under any name; at most 2,048 bytes as JSON. */
export type Metadata = Readonly<Record<string, string>>;

/** How a process describes itself. */
export interface ProcessInfo {
  readonly name?: string;
  /** What `confirm` publishes when it names no address. */
  readonly address?: string;
  readonly metadata?: Metadata;
}

export interface ContenderInfo {
  readonly component: string;
  /** Default `process`. */
  readonly election?: ElectionKind;
  /** For a dedicated contender; without one it has that of its process. Higher is asked first. */
  readonly priority?: number;
}

/** Proof that a new connection belongs to an existing session. */
export interface Resume {
  readonly sessionId: string;
  readonly secret: string;
  /** Grows with every connection attempt of the client: a late hello of an abandoned connection is recognised by it. */
  readonly attempt: number;
}

/** Names, or `true` for every component of the group. */
export type Watch = true | readonly string[];

// Client to server

/**
 * The process is alive, and accepts a grant in advance: while the group goes by this statement, it may grant the process any
 * election where it waits and could start at once (S1).
 */
export interface Statement {
  readonly sentAt: number;
  /**
   * The elections in which it contends, holds nothing that this frame names in `held`, and could start nothing now. Absent:
   * none.
   */
  readonly busy?: readonly ElectionName[];
}

/**
 * First frame of every connection, and a statement. With `resume`, the lists are the complete new sets, and `held` counts
 * as a renewal.
 */
export interface Hello extends Statement {
  readonly type: "hello";
  readonly process?: ProcessInfo;
  readonly priority?: number;
  readonly contenders?: readonly ContenderInfo[];
  readonly observe?: Watch;
  readonly resume?: Resume;
  readonly held?: readonly string[];
}
/** A component starts to run for leadership. With `sentAt` a statement. */
export interface Register extends ContenderInfo, Partial<Statement> {
  readonly type: "register";
  /** Only if its election is free for this session: then the session leads it by this frame. Otherwise the component does not contend. */
  readonly try?: true;
}
/** A component has stopped running; the last one of an election gives its leadership up. */
export interface Deregister {
  readonly type: "deregister";
  readonly component: string;
}
/** A statement that extends leases; ids that are not named are untouched. It answers `next`, and is a sign of life. */
export interface Renew extends Statement {
  readonly type: "renew";
  readonly held: readonly string[];
}
/** Publishes where a component's leader is. */
export interface Confirm {
  readonly type: "confirm";
  readonly id: string;
  readonly component: string;
  readonly leaderSessionId: string;
  readonly address?: string;
  readonly metadata?: Metadata;
}
/** The holder has stopped, and steps down of its own accord: it goes to the back of the queue. With `sentAt` a statement. */
export interface Resign extends Partial<Statement> {
  readonly type: "resign";
  readonly leaderSessionId: string;
  /** A session id: asked first. */
  readonly successor?: string;
}
/**
 * The holder has stopped after a `revoke` or the end of its lease. With `sentAt` it is a statement as well; without, and before
 * the first renewal or `confirm`, it says that the process does not take the leadership that it was granted.
 */
export interface Release extends Partial<Statement> {
  readonly type: "release";
  readonly leaderSessionId: string;
}
/** New priority of the process, or of one dedicated contender. */
export interface Priority {
  readonly type: "priority";
  readonly priority: number;
  readonly component?: string;
}
/** The session starts to watch. */
export interface Observe {
  readonly type: "observe";
  readonly components: Watch;
}
/** The session stops watching. While it watches all components (`true`), a name changes nothing. */
export interface Unobserve {
  readonly type: "unobserve";
  readonly components: Watch;
}
/** The process has stopped everything and leaves: there is nothing to wait for. */
export interface Bye {
  readonly type: "bye";
}

export type ClientMessage =
  | Hello
  | Register
  | Deregister
  | Renew
  | Confirm
  | Resign
  | Release
  | Priority
  | Observe
  | Unobserve
  | Bye;

// Server to client

/** Answers `hello`. `held`: the leaderships that go on, extended from the echoed `sentAt`. */
export interface Welcome {
  readonly type: "welcome";
  readonly version: typeof PROTOCOL_VERSION;
  readonly sessionId: string;
  /** For the next `resume`; the one before stays valid until this one was presented. */
  readonly secret: string;
  readonly resumed: boolean;
  readonly sentAt: number;
  readonly held: readonly string[];
  readonly lease: LeaseSettings;
  readonly pingEveryMs: number;
  /** How long the client may wait for `pong` or `renewed` before it drops the socket. */
  readonly answerTimeoutMs: number;
  /** How often a waiting contender sends a `renew` with an empty list. */
  readonly checkEveryMs: number;
  /** How long a candidate may take to answer `next`. */
  readonly askTimeoutMs: number;
  readonly drainMs: number;
  /**
   * Over how long sessions spread their return when they lose their sockets; left out while the group is small. A
   * session that holds a lease, or was asked by `next` within the last D, comes back at once (N15).
   */
  readonly spreadMs?: number;
  /** Tells this group from those of its name in other deployments (E15). */
  readonly deployment?: string;
  /** The limits of the group. A server may leave out those that a client need not keep to by itself. */
  readonly limits: Limits & Partial<GroupLimits>;
}
export interface Registered {
  readonly type: "registered";
  readonly component: string;
  /** Its `register` was a try, and a `grant` follows. Absent from a server that knows no tries. */
  readonly try?: true;
}
/** The session that has the leadership. */
export interface LeaderStatus {
  readonly sessionId: string;
  /** The name of the process, if it has one. */
  readonly process: string | null;
  readonly leaderSessionId: string;
  readonly epoch: number;
}
/** A try is over: its component does not contend. `leader`: who leads the election; `null`: nobody, and it is not this session's turn. */
export interface Tried {
  readonly type: "tried";
  readonly component: string;
  readonly leader: LeaderStatus | null;
}
export interface Deregistered {
  readonly type: "deregistered";
  readonly component: string;
}
interface Granted {
  readonly type: "grant";
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly components: readonly string[];
}
/**
 * `joined: false`: the session leads from here on, until `renewDeadlineMs` after it sent the statement with this `sentAt`, on
 * the client's clock. `joined: true`: components join a leadership that the session has.
 */
export type Grant =
  | (Granted & { readonly joined: false; readonly sentAt: number })
  | (Granted & { readonly joined: true; readonly sentAt?: never });
/**
 * The session may be granted an election soon: speak by a `renew`, after `inMs` ms by a timer of the session. 0: at once,
 * whatever its timers do. Each `next` takes the place of the one before (N3).
 */
export interface Next {
  readonly type: "next";
  readonly inMs: number;
}
/** Leases that run until `sentAt` + `renewDeadlineMs` on the client's clock; an id asked for and missing here is lost. */
export interface Renewed {
  readonly type: "renewed";
  readonly sentAt: number;
  readonly held: readonly string[];
  /** As in `welcome`, for the group as it is now. */
  readonly spreadMs?: number;
}
export type RevokeReason = "revoked" | "preempted" | "transferred";
/** The holder has to stop and then to send `release`, within `drainMs`. */
export interface Revoke {
  readonly type: "revoke";
  readonly leaderSessionId: string;
  readonly reason: RevokeReason;
  readonly drainMs: number;
}
export interface Confirmed {
  readonly type: "confirmed";
  readonly id: string;
  readonly component: string;
  readonly leaderSessionId: string;
}
/** The leader of a component, with the address that it has confirmed. */
export interface LeaderInformation {
  readonly component: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly address?: string;
  readonly metadata?: Metadata;
  /** The name of the leading process, where it has one. */
  readonly process?: string;
}
/** Who leads a component from now on; `null`: nobody. */
export interface LeaderChange {
  readonly component: string;
  readonly leader: LeaderInformation | null;
}
/** A snapshot after every `observe` and `welcome`, then changes. */
export interface Leaders {
  readonly type: "leaders";
  readonly revision: number;
  readonly snapshot: boolean;
  /** The snapshot is of every component: one that is not in it has no leader. */
  readonly all?: boolean;
  readonly leaders: readonly LeaderChange[];
}
export type ErrorCode =
  | "duplicate_component"
  | "unknown_component"
  | "election_mismatch"
  | "not_leader"
  | "limit_exceeded"
  | "forbidden";
/** A refused request; the session goes on. */
export interface Refusal {
  readonly type: "error";
  readonly code: ErrorCode;
  readonly message: string;
  readonly id?: string;
  /** What was to be contended for, or confirmed. */
  readonly component?: string;
  /** What was to be watched, and is not. */
  readonly observed?: Watch;
}

export type ServerMessage =
  | Welcome
  | Registered
  | Tried
  | Deregistered
  | Grant
  | Next
  | Renewed
  | Revoke
  | Confirmed
  | Leaders
  | Refusal;
