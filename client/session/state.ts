/**
 * What one session of a process knows. All times are on the client's pessimistic clock, in milliseconds.
 *
 * A contender leads only while it is `granted` in a term whose `leaseUntil` lies ahead: `remainingMs` says for how long.
 */
import type {
  ClientMessage,
  Confirm,
  ContenderInfo,
  Deregister,
  ProcessInfo,
  Refusal,
  Register,
  Release,
  Resign,
  Welcome,
} from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { flushAt } from "./pace.ts";

/** What the application chose when it made the client. */
export interface Settings {
  readonly process: ProcessInfo;
  readonly priority: number;
  /** `keep`: a lost connection ends nothing before the lease does. `revoke`: it ends every term at once. */
  readonly onDisconnect: "keep" | "revoke";
  /** The server's own bounds it. */
  readonly drainMs: number;
  /** How long the session stays open after the last contender and observer have left. */
  readonly lingerMs: number;
  /** The token comes from a function, which may have a better one the next time. */
  readonly asksForToken?: boolean;
}

/**
 * `asked`: not answered yet. `greeted`: named in the `hello`, whose errors may be under way. `counted`: the group counts
 * it. `refused`: it counts for nothing, until it asks again.
 */
export type Standing = "asked" | "greeted" | "counted" | "refused";

export interface Contender {
  /** The shell's number for it: a component that is closed and contended for again is another contender. */
  readonly id: number;
  readonly info: ContenderInfo;
  readonly election: ElectionName;
  /**
   * `queued`: an older contender of its component has not left yet. `draining`: its `onRevoke` runs, then it waits for
   * the next term. `closing`: the same, then it leaves. `gone`: it leaves in this transition.
   */
  readonly phase: "queued" | "waiting" | "granted" | "draining" | "closing" | "gone";
  /** Whether the group was told that it stands: by the `hello` of the connection, or by its own `register`. */
  readonly registered: boolean;
  /** What the group makes of that. Only one that is `counted` is a sibling, and is named by a `grant`. */
  readonly standing: Standing;
  /** The term that the server has last named it for. */
  readonly named: string;
  /** The term that it leads or drains in, otherwise empty. */
  readonly leaderSessionId: string;
  /** When its drain time is over; its term may have less. */
  readonly drainUntil: number;
  /** What it wants published in this term: sent again after every resumed `welcome`. */
  readonly confirm: Confirm | null;
  /** Why the group did not count it the last time, until it does. */
  readonly refusal: Rejection | null;
}

export interface Rejection extends Pick<Refusal, "code" | "message"> {
  /** How often in a row. */
  readonly times: number;
  /** When it is asked for again. */
  readonly askAt: number;
}

export interface Term {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  /** `offered`: accepted, not yet answered. `ending`: nobody leads by it, and what its contenders do is being stopped. */
  readonly stage: "offered" | "leading" | "ending";
  readonly leaseUntil: number;
  readonly drainUntil: number;
  /** Tells the server that it is over. */
  readonly farewell: Release | Resign;
}

/** A frame that waits for its answer. `sentAt` is its name on the wire, 0 for a ping; leases count from `at`. */
export interface Request {
  readonly sentAt: number;
  readonly at: number;
  readonly held: readonly string[];
}

/**
 * `paused`: the page is frozen, nothing happens until it returns. `waiting`: to connect again. `opening`: token,
 * connect, upgrade. `greeting`: `hello` was sent. `closed`: for good.
 */
export type Connection = "idle" | "paused" | "waiting" | "opening" | "greeting" | "open" | "closed";

export interface SessionState {
  readonly settings: Settings;
  readonly priority: number;
  /** In the order of registration. */
  readonly contenders: readonly Contender[];
  readonly terms: readonly Term[];
  /** One entry for each component that somebody watches, and `true` for all of them. */
  readonly watched: readonly (string | true)[];
  readonly connection: Connection;
  /** Counts the connections that were lost or left, and so names the current one: frames of any other are dropped. */
  readonly attempt: number;
  /** When it connects (`waiting`), gives up (`opening`, `greeting`) or speaks (`open`). */
  readonly until: number;
  /** Unanswered, oldest first. */
  readonly requests: readonly Request[];
  /** Frames that wait until the server takes them: what ends terms, then the rest. And how many more it took at that time. */
  readonly farewells: readonly ClientMessage[];
  readonly outbox: readonly ClientMessage[];
  /** Unanswered, oldest first: the group answers those of one component in their order. */
  readonly registrations: readonly (Register | Deregister)[];
  readonly allowance: number;
  readonly allowanceAt: number;
  /** When a process that waits shows its next sign of life (S4). */
  readonly checkAt: number;
  /** The newest `welcome` of the session to resume: its identity, and the server's settings. */
  readonly session: Welcome | null;
  /** How often the back-off has doubled since the last `welcome`, and connections lost in a row for the token. */
  readonly failures: number;
  readonly refusals: number;
  /** The last one used: it strictly increases. */
  readonly sentAt: number;
  /** When a lease was last asked for. D later the group counts none of this session. */
  readonly askedAt: number;
  /** A term has ended here, and the group has not been told yet. */
  readonly untold: boolean;
  /** The highest epoch that has ended here. Epochs grow across all elections of a group (S5), so one number is enough (S7). */
  readonly endedEpoch: number;
  /** The last few terms that have ended here, to tell a late `revoke` from a wrong one. */
  readonly endedIds: readonly string[];
  /** An offer was declined: the server asks again only after the next real message (S11). */
  readonly declined: boolean;
  readonly lingerUntil: number;
  /** Nothing new is taken; the session ends when all terms are over. */
  readonly closing: boolean;
}

export const initialState = (settings: Settings): SessionState => ({
  settings,
  priority: settings.priority,
  contenders: [],
  terms: [],
  watched: [],
  connection: "idle",
  attempt: 0,
  until: Infinity,
  requests: [],
  farewells: [],
  outbox: [],
  registrations: [],
  allowance: 0,
  allowanceAt: 0,
  checkAt: 0,
  session: null,
  failures: 0,
  refusals: 0,
  sentAt: 0,
  askedAt: 0,
  untold: false,
  endedEpoch: 0,
  endedIds: [],
  declined: false,
  lingerUntil: Infinity,
  closing: false,
});

export const findTerm = <T extends Term>(terms: readonly T[], leaderSessionId: string): T | undefined =>
  terms.find((term) => term.leaderSessionId === leaderSessionId);

/** Runs for leadership, and goes on doing so, whatever the group makes of it. */
export const isLive = ({ phase }: Contender): boolean =>
  phase === "waiting" || phase === "granted" || phase === "draining";

/** What the next renewal asks for: accepted offers, and every term whose lease still runs, draining ones included (S10). */
export const heldTerms = ({ terms }: SessionState, now: number): readonly string[] =>
  terms.filter((term) => term.stage === "offered" || term.leaseUntil > now).map((term) => term.leaderSessionId);

/** How long a contender still leads by this id; 0 when it does not. */
export function remainingMs(
  { contenders, terms }: SessionState,
  id: number,
  leaderSessionId: string,
  now: number,
): number {
  const leads = contenders.some(
    (contender) =>
      contender.id === id && contender.phase === "granted" && contender.leaderSessionId === leaderSessionId,
  );
  return leads ? Math.max(0, (findTerm(terms, leaderSessionId)?.leaseUntil ?? 0) - now) : 0;
}

/** `idle`: no session is needed. `suspended`: the connection is lost and a term still runs. `closed`: for good. */
export type ClientState = "idle" | "connecting" | "connected" | "suspended" | "closed";

export function clientState({ connection, terms }: SessionState): ClientState {
  if (connection === "open") return "connected";
  if (connection === "closed") return connection;
  if (connection === "idle" || connection === "paused") return "idle";
  return terms.some(({ stage }) => stage === "leading") ? "suspended" : "connecting";
}

/** How long connecting, and every answer, may take. Who holds a lease has less time (N11). */
export const PATIENCE_MS = 10_000;

/** When the oldest question that is still unanswered proves the path dead: early only while a lease runs that would be lost. */
export function answerUntil({ requests: [oldest], session, terms }: SessionState): number {
  if (!oldest) return Infinity;
  const early = oldest.at + (session?.answerTimeoutMs ?? PATIENCE_MS);
  return terms.some(({ leaseUntil }) => leaseUntil > early) ? early : oldest.at + PATIENCE_MS;
}

/** For how long the group, which can't be told now, may still count a lease of a term that has ended here. */
export function untoldMs({ untold, session, connection, askedAt }: SessionState, now: number): number {
  const isDue = untold && session && connection !== "open" && connection !== "paused";
  return isDue ? Math.max(0, askedAt + session.lease.durationMs - now) : 0;
}

/** When the core has to be called again, whatever happens; `null`: not before the next event. One that has passed is due. */
export function nextDeadline(state: SessionState): number | null {
  const ends = state.terms.map(({ stage, leaseUntil, drainUntil }) => (stage === "leading" ? leaseUntil : drainUntil));
  const asks = state.connection === "open" ? state.contenders.filter(isLive) : [];
  for (const { standing, refusal } of asks) if (standing === "refused" && refusal) ends.push(refusal.askAt);
  const deadline = Math.min(state.until, state.lingerUntil, answerUntil(state), flushAt(state), ...ends);
  return deadline < Infinity ? deadline : null;
}
