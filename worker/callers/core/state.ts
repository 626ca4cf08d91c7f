/** What a contender without a socket knows. All times are on the wall clock of its hosts, in milliseconds. */
import {
  drainMs as drainOf,
  type Farewell,
  type Contender as HolderContender,
  type HolderState,
  isStopping,
  remainingMs as remainingOf,
  stayOutUntil,
  type Term as TermOf,
  termsUntil,
} from "../../../shared/holder/state.ts";
import {
  answerTimeoutFor,
  CLOCK_MARGIN_MS,
  DEFAULT_DRAIN_MS,
  type LeaseSettings,
  PATIENCE_MS,
} from "../../../shared/lease.ts";
import type { ContenderInfo, Metadata, ProcessInfo } from "../../../shared/protocol/messages.ts";
import { electionOf } from "../../../shared/protocol/names.ts";
import type { Request } from "./requests.ts";

/** A component, and whether it may lead at present; absent: yes. */
export interface Candidate extends ContenderInfo {
  readonly ready?: boolean;
}

/** What the application chose. Not stored: a deployment may change it. */
export interface ContenderSettings {
  readonly contenders: readonly Candidate[];
  /** Contends only for what is free at its first call: `tried` tells that it is not. */
  readonly tries?: boolean;
  readonly process?: ProcessInfo;
  readonly priority?: number;
  readonly pollEveryMs?: number;
  /** The group's own bounds it. */
  readonly drainMs?: number;
}

/** What a leader wants observers to see; kept until the group has it, across restarts. */
export interface Publication {
  readonly address?: string;
  readonly metadata?: Metadata;
  readonly isPublished: boolean;
}

/** Named by its component. One that is `gone` stays until the group has been told. */
export interface Contender extends HolderContender<string, Publication> {
  readonly info: Candidate;
  /** The code with which the group refuses it, so that this is reported once. */
  readonly refusal: string | null;
}

export type Term = TermOf<string>;

/** An `onRevoke` that runs: of which component, and in which leadership. */
export interface Drain {
  readonly component: string;
  readonly leaderSessionId: string;
}

/** The one call that is under way; an answer to any other is dropped. */
export interface Call {
  readonly attempt: number;
  /** Names the call for the group. Leases count from `at`: after a clock was set back, `sentAt` may lie ahead of it. */
  readonly sentAt: number;
  readonly at: number;
  readonly answerUntil: number;
  readonly request: Request;
  /** How many changes it tells. */
  readonly changes: number;
}

export interface ContenderState extends HolderState<Contender> {
  readonly settings: ContenderSettings;
  /** `leaving`: stops its terms, then says goodbye. `returning`: the same, and then it begins anew. */
  readonly activity: "stopped" | "running" | "leaving" | "returning";
  readonly session: { readonly sessionId: string; readonly secret: string } | null;
  /** The last one used. Up to `attemptsReserved` they are used up in storage already: no row for each call. */
  readonly attempt: number;
  readonly attemptsReserved: number;
  /** The last one used: it strictly increases. */
  readonly sentAt: number;
  /** `sentAt` when somebody last inquired: an answer to any later campaign will do. `null`: nobody waits. Not stored. */
  readonly inquiredAt: number | null;
  /** How often it has changed what it wants of the group, and of how many of these changes the group was told. */
  readonly changes: number;
  readonly changesTold: number;
  /** For terms that are over here, until the group was told. */
  readonly farewells: readonly Farewell[];
  readonly lease: LeaseSettings | null;
  readonly drainMs: number;
  readonly call: Call | null;
  /** `nextAt`: when the next campaign or renewal is due. `quietUntil`: no call is made before, as one has failed. */
  readonly nextAt: number;
  readonly quietUntil: number;
  /** Calls that have failed in a row. */
  readonly failures: number;
  /** The last answer came too late to lead by it, or never: nothing is accepted until one comes in time. */
  readonly isLate: boolean;
  /** The latest time seen: a clock that lies behind it was set back. */
  readonly seenAt: number;
}

export const initialState = (settings: ContenderSettings): ContenderState => ({
  settings,
  activity: "stopped",
  session: null,
  attempt: 0,
  attemptsReserved: 0,
  sentAt: 0,
  inquiredAt: null,
  contenders: [],
  changes: 0,
  changesTold: 0,
  terms: [],
  farewells: [],
  endedEpoch: 0,
  stayOuts: [],
  lease: null,
  drainMs: DEFAULT_DRAIN_MS,
  call: null,
  nextAt: 0,
  quietUntil: 0,
  failures: 0,
  isLate: false,
  seenAt: 0,
});

/** What outlives this incarnation. */
export type Stored = Omit<ContenderState, "settings" | "call" | "attempt" | "inquiredAt">;

export function save({ settings: _, call: __, attempt: ___, inquiredAt: ____, ...stored }: ContenderState): Stored {
  return stored;
}

/** Whether `after` has to be stored before it is relied upon. That a call was made needs no row: see `attemptsReserved`. */
export function isWorthStoring(before: ContenderState, after: ContenderState): boolean {
  return before !== after && lasting(before) !== lasting(after);
}

const lasting = (state: ContenderState): string => JSON.stringify({ ...save(state), seenAt: 0, sentAt: 0 });

/**
 * The state of a new incarnation, perhaps on another host: its clock may lie behind by the clock margin, so leases are
 * that much shorter. What an incarnation that is gone was running is gone with it: an `onRevoke` that was cut off counts
 * as settled.
 */
export function load(stored: Stored, settings: ContenderSettings): ContenderState {
  return {
    ...initialState(settings), // what an older version has not stored
    ...stored,
    call: null,
    inquiredAt: null,
    attempt: stored.attemptsReserved,
    terms: stored.terms.map((term) => ({ ...term, leaseUntil: term.leaseUntil - CLOCK_MARGIN_MS })),
    contenders: stored.contenders.map((contender) => ({ ...contender, phase: settledPhase(contender.phase) })),
  };
}

function settledPhase(phase: Contender["phase"]): Contender["phase"] {
  if (phase.type === "draining") return { type: "waiting" };
  return phase.type === "closing" ? { type: "gone" } : phase;
}

export const contenderOf = (info: Candidate): Contender => ({
  id: info.component,
  info,
  election: electionOf(info.component, info.election),
  phase: { type: "waiting" },
  ready: info.ready ?? true,
  refusal: null,
});

/** Short while it holds a term, so that another call still fits before R. Long otherwise, or a slow path would keep it out for ever. */
export const answerTimeoutMs = ({ lease, terms }: Pick<ContenderState, "lease" | "terms">): number =>
  lease === null || terms.length === 0 ? PATIENCE_MS : answerTimeoutFor(lease);

/** How long a component still leads by this id; 0 when it does not, and while the clock lies behind what it has shown before. */
export function remainingMs(state: ContenderState, component: string, leaderSessionId: string, now: number): number {
  return now < state.seenAt ? 0 : remainingOf(state, component, leaderSessionId, now);
}

/** How long what stops now may take: the smaller of the application's limit and the group's. */
export const maxDrainMs = ({ settings, drainMs }: Pick<ContenderState, "settings" | "drainMs">): number =>
  Math.min(settings.drainMs ?? Infinity, drainMs);

/** For how long the work of a component may still take to stop; 0 while the clock lies behind what it has shown before. */
export function drainMs(state: ContenderState, component: string, leaderSessionId: string, now: number): number {
  return now < state.seenAt ? 0 : drainOf(state, component, leaderSessionId, { now, maxDrainMs: maxDrainMs(state) });
}

/** Which leaderships the next call names: those that lead, and those that are still stopping. */
export const heldIds = ({ terms }: Pick<ContenderState, "terms">): readonly string[] =>
  terms.map(({ leaderSessionId }) => leaderSessionId);

export const drainsIn = ({ contenders }: Pick<ContenderState, "contenders">): readonly Drain[] =>
  contenders.flatMap(({ id, phase }) =>
    isStopping(phase) ? [{ component: id, leaderSessionId: phase.leaderSessionId }] : [],
  );

/** Which leaderships are not over, or the group was not told so. */
export const unreleasedIn = ({ terms, farewells }: Pick<ContenderState, "terms" | "farewells">): readonly string[] =>
  [...terms, ...farewells].map(({ leaderSessionId }) => leaderSessionId);

/** Whether there is something to tell at once, not with the next poll. */
export function isUrgent(state: Omit<ContenderState, "settings">): boolean {
  if (hasStopped(state)) return true;
  if (isDeparting(state)) return state.session !== null && state.farewells.length > 0;
  const isAsked = hasNews(state) || state.inquiredAt !== null;
  return isAsked || state.farewells.length > 0 || state.contenders.some(wantsPublishing);
}

export const isDeparting = ({ activity }: Pick<ContenderState, "activity">): boolean =>
  activity === "leaving" || activity === "returning";

/** Whether it leaves, and nothing of it runs. */
export const hasStopped = (state: Pick<ContenderState, "activity" | "terms">): boolean =>
  isDeparting(state) && state.terms.length === 0;

/** Whether the group was not yet told what it wants by now. */
const hasNews = ({ changes, changesTold }: Pick<ContenderState, "changes" | "changesTold">): boolean =>
  changes !== changesTold;

export const wantsPublishing = ({ phase }: Pick<Contender, "phase">): boolean =>
  phase.type === "granted" && phase.publication !== null && !phase.publication.isPublished;

/** When the core has to be called again, whatever happens; `null`: not before it is started. One that has passed is due. */
export function nextDeadline(state: ContenderState): number | null {
  if (state.activity === "stopped") return null;
  const { call, terms } = state;
  const callAt = call === null ? nextCallAt(state) : call.answerUntil;
  return Math.min(callAt, termsUntil(terms), stayOutUntil(state));
}

function nextCallAt(state: ContenderState): number {
  const { session, terms, nextAt, quietUntil } = state;
  if (isUrgent(state)) return quietUntil;
  // One that leaves without a session has nobody to tell of what is still stopping.
  if (isDeparting(state) && session === null && terms.length > 0) return Infinity;
  return Math.max(nextAt, quietUntil);
}
