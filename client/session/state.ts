/** What one session of a process knows. All times are on the client's pessimistic clock, in milliseconds. */
import {
  type Farewell,
  type Contender as HolderContender,
  type HolderState,
  type Term as HolderTerm,
  isLive,
} from "../../shared/holder/state.ts";
import { DEFAULT_DRAIN_MS } from "../../shared/lease.ts";
import type {
  ClientMessage,
  Confirm,
  ContenderInfo,
  Deregister,
  ProcessInfo,
  Refusal,
  Register,
  Release,
  Welcome,
} from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { unreachable } from "../../shared/unreachable.ts";

/** What the application chose when it made the client. */
export interface SessionSettings {
  readonly process: ProcessInfo;
  readonly priority: number;
  /** `keep`: a lost connection ends nothing before the lease does. `revoke`: it ends every term at once. */
  readonly onDisconnect: "keep" | "revoke";
  /** How long an `onRevoke` may take: the smaller of this and the group's value counts. Default: the group's value. */
  readonly drainMs: number;
  /** How long the session stays open after the last contender and observer have left. */
  readonly lingerMs: number;
  /** The token comes from a function, which may have a better one the next time. */
  readonly asksForToken?: boolean;
}

export interface Rejection extends Pick<Refusal, "message"> {
  readonly code: string;
  /** How often in a row. */
  readonly times: number;
}

/** What the group makes of a contender. Only one that it counts is a sibling, and is named by a `grant`. */
export type Standing =
  /** The group was not told that it stands, or was told that it has left. */
  | { readonly type: "untold" }
  /**
   * Told by its own `register` (`asked`), or by the `hello` of the connection (`greeted`), whose errors may be under way.
   * `refusal`: why the group did not count it the last time.
   */
  | { readonly type: "asked" | "greeted"; readonly refusal: Rejection | null }
  | { readonly type: "counted" }
  /** It counts for nothing, until it asks again. */
  | { readonly type: "refused"; readonly refusal: Rejection; readonly askAt: number };

/** `id`: the shell's number for it. Its publication is sent again after every resumed `welcome`. */
export interface Contender extends HolderContender<number, Confirm> {
  readonly info: ContenderInfo;
  readonly standing: Standing;
  /** It asks once whether it can lead now, and leaves: with the answer, or with the term that it is granted by it. */
  readonly tries?: boolean;
}

export type Term = HolderTerm<number>;

/** A frame that waits for its answer. */
export type Request =
  | { readonly type: "ping"; readonly at: number }
  /** `sent`: how many frames have left with it. */
  | ({ readonly type: "renewal"; readonly held: readonly string[]; readonly sent: number } & Stated);

/** A statement that was sent. `sentAt` is its name on the wire; a lease that is granted by it counts from `at`. */
export interface Stated {
  readonly sentAt: number;
  readonly at: number;
}

/** A component leaves. `sentAt`: the last one in use when its `deregister` left; `null`: the frame still waits. */
interface Departure {
  readonly component: string;
  readonly election: ElectionName;
  readonly sentAt: number | null;
}

/** What belongs to one connection, from its `hello` on. */
interface Traffic {
  /** Unanswered, oldest first. */
  readonly requests: readonly Request[];
  /**
   * What the group may still grant by, oldest first. None is older than the last one that was answered, so their number
   * is bounded by the questions that wait and the terms that have ended since.
   */
  readonly statements: readonly Stated[];
  /** Where the last of them said that nothing could start. */
  readonly busy: readonly ElectionName[];
  /** Kept while a grant may still rest on an older statement. */
  readonly departures: readonly Departure[];
  /** Frames that wait until the server takes them: terms that were not taken, what ends others, then the rest. */
  readonly untaken: readonly Release[];
  /** Where a grant was given back. */
  readonly givenBack: readonly ElectionName[];
  /** A `resign` or `release` among them becomes a statement when it leaves. */
  readonly farewells: readonly (Deregister | Farewell)[];
  readonly outbox: readonly ClientMessage[];
  /** How many frames the server took at the time `allowanceAt`. */
  readonly allowance: number;
  readonly allowanceAt: number;
  /** How many frames have left, and how many of them were read for sure. */
  readonly sent: number;
  readonly read: number;
  /** Unanswered, oldest first: the group answers those of one component in their order. */
  readonly registrations: readonly (Register | Deregister)[];
}

export type Connection =
  /** No session is needed. */
  | { readonly type: "idle" }
  /** The page is frozen: nothing happens until it returns. */
  | { readonly type: "paused" }
  /** `until`: when it connects again. */
  | { readonly type: "waiting"; readonly until: number }
  /** Token, connect, upgrade. `until`: when that is given up. */
  | { readonly type: "opening"; readonly until: number }
  /** `hello` was sent. `until`: when the answer is given up. */
  | ({ readonly type: "greeting"; readonly until: number } & Traffic)
  /** `until`: when it renews, or asks for a sign of life. `checkAt`: when one that waits gives its next sign of life (S4). */
  | ({ readonly type: "open"; readonly until: number; readonly checkAt: number } & Traffic)
  /** For good. */
  | { readonly type: "closed" };

/** A connection that opens late, or whose answers are late, and beside which another one is opened. */
export interface Overtaken {
  /** Its number. */
  readonly attempt: number;
  /** Unanswered, oldest first. */
  readonly requests: readonly Request[];
}

/** A connection over which frames can be sent. */
export type Line = Extract<Connection, Traffic>;

export interface SessionState extends HolderState<Contender> {
  readonly settings: SessionSettings;
  readonly priority: number;
  /** One entry for each component that somebody watches, and `true` for all of them. */
  readonly watched: readonly (string | true)[];
  readonly connection: Connection;
  /** The number of the current connection: frames of any other are dropped. */
  readonly attempt: number;
  /** The highest number of any connection. Every `hello` names it as its attempt, also one by an older connection, which opens late (S9). */
  readonly attempts: number;
  /** Earlier connections that may still open, or whose answers still count (N19). */
  readonly overtaken: readonly Overtaken[];
  /** The newest `welcome` of the session to resume: its identity, and the server's settings. */
  readonly session: Welcome | null;
  /** `failures`: how often the back-off has doubled since the last `welcome`. `refusals`: how many connections in a row the token has cost. */
  readonly failures: number;
  readonly refusals: number;
  /** Over how long the group lets its sessions spread their return (N15). */
  readonly spreadMs: number;
  /** Until when it counts as one that is next: D after it was to answer the last `next`. `null`: no `next` came. */
  readonly nextUntil: number | null;
  /** How far the clock has jumped in all. */
  readonly jumped: number;
  /** The last one used: it strictly increases. */
  readonly sentAt: number;
  /** `sentAt` when somebody last inquired: an answer to any later question will do. `null`: nobody waits. */
  readonly inquiredAt: number | null;
  /**
   * When a lease was last asked for, or granted: D later the group counts none of this session. `null`: it counts none, as
   * every term has ended and it was told so.
   */
  readonly askedAt: number | null;
  /** The last few terms that have ended here, or were not taken, to tell a late `revoke` from a wrong one. */
  readonly endedIds: readonly string[];
  /** When the session ends that nobody needs. `Infinity`, as in all deadlines of which the earliest counts: not by time. */
  readonly lingerUntil: number;
  /** Nothing new is taken; the session ends when all terms are over. */
  readonly closing: boolean;
}

export const initialState = (settings: SessionSettings): SessionState => ({
  settings,
  priority: settings.priority,
  contenders: [],
  terms: [],
  endedEpoch: 0,
  stayOuts: [],
  watched: [],
  connection: { type: "idle" },
  attempt: 0,
  attempts: 0,
  overtaken: [],
  session: null,
  failures: 0,
  refusals: 0,
  spreadMs: 0,
  nextUntil: null,
  jumped: 0,
  sentAt: 0,
  inquiredAt: null,
  askedAt: null,
  endedIds: [],
  lingerUntil: Infinity,
  closing: false,
});

/** How long what stops now may take: the smaller of the application's limit and the group's. */
export const maxDrainMs = ({ settings, session }: Pick<SessionState, "settings" | "session">): number =>
  Math.min(settings.drainMs, session?.drainMs ?? DEFAULT_DRAIN_MS);

/** The connection, where frames can be sent over it. */
export const lineOf = ({ connection }: Pick<SessionState, "connection">): Line | null =>
  connection.type === "greeting" || connection.type === "open" ? connection : null;

/** Whether the group was told that it stands. */
export const isRegistered = ({ standing }: Contender): boolean => standing.type !== "untold";

/** Whether the session is needed for it. A try is told over an open connection only. */
export const isNeeded = (contender: Contender): boolean =>
  isRegistered(contender) || (contender.tries === true && isLive(contender));

/**
 * Whether the group may count it, now or once it was told. No other statement is about a try that is yet to ask: its `register`
 * is one itself. A try that has left is `untold` again, but the group may count it until its `deregister` has come.
 */
export const mayStand = (contender: Contender): boolean =>
  contender.standing.type !== "refused" && !(isLive(contender) && isUnaskedTry(contender));

const isUnaskedTry = ({ standing, tries }: Contender): boolean => tries === true && standing.type === "untold";

/** Why the group did not count it the last time; `null` when it does. */
export const refusalOf = ({ standing }: Contender): Rejection | null =>
  "refusal" in standing ? standing.refusal : null;

/** Whether the process leaves, and nothing of it runs: it sends one `bye` for all that it still contends for. */
export const hasStopped = ({ closing, terms }: Pick<SessionState, "closing" | "terms">): boolean =>
  closing && terms.length === 0;

/** What the next renewal asks for: every term whose lease still runs, ending ones included (S10). */
export const heldTerms = ({ terms }: Pick<SessionState, "terms">, now: number): readonly string[] =>
  terms.filter((term) => term.leaseUntil > now).map((term) => term.leaderSessionId);

/**
 * `idle`: no session is needed, or the page is frozen. `suspended`: the connection is lost and a term still runs. `closed`:
 * for good.
 */
export type ClientState = "idle" | "connecting" | "connected" | "suspended" | "closed";

export function clientState({ connection, terms }: SessionState): ClientState {
  switch (connection.type) {
    case "paused":
      return "idle";
    case "open":
      return "connected";
    case "idle":
    case "closed":
      return connection.type;
    case "waiting":
    case "opening":
    case "greeting":
      return terms.some(({ stage }) => stage === "leading") ? "suspended" : "connecting";
    default:
      return unreachable(connection);
  }
}
