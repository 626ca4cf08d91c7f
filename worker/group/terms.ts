/**
 * The life of a leadership: granted, extended, revoked, ended.
 *
 * Safety rests on the order of these steps (S1-S3): a grant goes by what the process has stated before; the term and its
 * horizon are stored in one row before the grant leaves; nobody else is granted the election before the holder has
 * stopped, or its lease is over.
 */
import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import type { Refusal, Release, Resign } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { RevokeResult } from "../../shared/protocol/status.ts";
import { componentsIn, contendsIn, type HeldElection, isHeld } from "./election.ts";
import type { EndedTerm, Outcome } from "./events.ts";
import { refuse } from "./refusal.ts";
import type { EndReason, PendingRevoke, Place, RevokeCause, Session, Statement, Term } from "./state.ts";
import { voidStatement } from "./statements.ts";
import type { Turn } from "./turn.ts";

/** How many time-outs of silent candidates an operator's revoke waits for before it answers that nobody took over. */
const AWAITED_SILENCES = 3;

/**
 * Makes the session the leader, by its statement. The group counts D from when it read the statement, and the process R
 * from when it sent it (S1, S2). A polled session is told in the answer to the call that states it.
 */
export function grant(turn: Turn, name: ElectionName, session: Session, { sentAt, readAt }: Statement): void {
  const epoch = turn.freshEpoch();
  turn.change({ epoch });
  const { id: sessionId, leaseMs } = session;
  const leaderSessionId = turn.freshId();
  const aheadMs = leaseMs + turn.state.policy.horizonAheadMs;
  turn.putState(name, {
    type: "leading",
    sessionId,
    leaderSessionId,
    epoch,
    grantedAt: turn.now,
    acceptedAt: null,
    confirmed: [],
    leaseMs,
    leaseUntil: readAt + leaseMs,
    horizon: turn.now + aheadMs,
    horizonMs: aheadMs,
  });
  const components = componentsIn(session, name);
  turn.send(session, { type: "grant", election: name, leaderSessionId, epoch, components, joined: false, sentAt });
  if (session.link.type === "polled") accept(turn, name);
}

/** Components join the leadership of their session. */
export function sendJoined(
  turn: Turn,
  session: Session,
  { name: election, state }: HeldElection,
  components: readonly string[],
): void {
  const { leaderSessionId, epoch } = state;
  turn.send(session, { type: "grant", election, leaderSessionId, epoch, components, joined: true });
}

/** Extends this session's lease; its first renewal shows that it has taken the lead. False where it may not (S10). */
export function renew(turn: Turn, session: Session, leaderSessionId: string): boolean {
  const election = turn.termOf(session, leaderSessionId);
  if (election === undefined || !contendsIn(session, election.name)) return false;
  const { name, state } = election;
  if (state.type === "revoking" && turn.now >= state.drainUntil) return false; // S10
  turn.putState(name, { ...state, ...lease(turn, session, state) });
  accept(turn, name);
  turn.mayMove(name);
  return true;
}

type Lease = Pick<Term, "leaseMs" | "leaseUntil" | "horizon" | "horizonMs">;

/**
 * The lease from now on. The horizon is written ahead, so that most renewals find it far enough and write no row (S3). A
 * horizon further ahead than `horizonMs` was written before the clock was set back: it is written anew. A replaced object
 * can't do that, so it promises nothing beyond what `boundLease` leaves.
 */
function lease(turn: Turn, session: Session, before: Lease): Lease {
  const leaseMs = Math.max(before.leaseMs, session.leaseMs);
  const promised = turn.now + leaseMs;
  const mayAskReplaced = turn.connectionOf(session)?.polling?.mayAskReplaced ?? false;
  // As after a load: a replaced object may still promise that much to a caller that has not heard from this one.
  const leaseUntil = mayAskReplaced ? Math.max(promised, before.leaseUntil) : promised;
  const { horizon, horizonMs } = before;
  const isAhead = promised <= horizon && (mayAskReplaced || horizon <= turn.now + horizonMs);
  if (isAhead) return { leaseMs, leaseUntil, horizon, horizonMs: Math.max(horizonMs, leaseMs) };
  const aheadMs = leaseMs + turn.state.policy.horizonAheadMs;
  return { leaseMs, leaseUntil, horizon: turn.now + aheadMs, horizonMs: Math.max(horizonMs, aheadMs) };
}

/**
 * For operators, after the clock was set back by more than a lease can last: bounds the term to what could be promised at
 * this moment. Nobody counts on more: everything was promised earlier, and by this clock the next renewal of a replaced
 * object needs a row, which it can't write. After a smaller step it might not, so the term stays as it is (S2, S3).
 */
export function boundLease(turn: Turn, name: ElectionName): void {
  const election = turn.election(name);
  if (!isHeld(election)) return;
  const { horizon, horizonMs, leaseUntil } = election.state;
  const latest = turn.now + horizonMs;
  if (horizon <= latest + horizonMs) return;
  const bounded = Math.min(leaseUntil, latest + CLOCK_MARGIN_MS);
  turn.putState(name, { ...election.state, horizon: latest, leaseUntil: bounded });
}

/** The holder shows that it has taken the lead: operators who wait for that are answered, and nobody is demoted any longer (Q4). */
export function accept(turn: Turn, name: ElectionName): void {
  const election = turn.election(name);
  if (!isHeld(election) || election.state.acceptedAt !== null) return;
  const { untaken: _, ...state } = election.state;
  const { sessionId, epoch } = state;
  const isOfThisTerm = (waiting: PendingRevoke): boolean => waiting.epoch >= epoch;
  const pending = election.pending.filter(isOfThisTerm);
  turn.putState(name, { ...state, acceptedAt: turn.now }, { acceptedEpoch: epoch, pending });
  for (const waiting of election.pending)
    if (!isOfThisTerm(waiting)) answerRevoke(turn, waiting, { to: sessionId, epoch });
  forgiveDemoted(turn, name);
}

function forgiveDemoted(turn: Turn, name: ElectionName): void {
  for (const sessionId of turn.election(name)?.queue.demoted() ?? []) {
    const session = turn.session(sessionId);
    if (session !== undefined) turn.rank(session, name);
  }
}

/**
 * Puts the session at the back of the queue, behind all others. Removes its place if no contender is left, and the place
 * was only kept for the leadership.
 */
export function demote(turn: Turn, sessionId: string, name: ElectionName, part: Partial<Place> = {}): void {
  const [session, election] = [turn.session(sessionId), turn.election(name)];
  if (session === undefined || election === undefined || !session.places.has(name)) return;
  if (!contendsIn(session, name)) return turn.removePlace(session, name);
  const place = { ...turn.newPlace(election.acceptedEpoch), ...part };
  turn.patchSession(sessionId, { places: session.places.set(name, place) }, [name]);
}

/** Whether it may be dropped: its holder has not shown yet that it leads, and nobody has asked it to stop. */
export const isUntaken = ({ state }: HeldElection): boolean => state.type === "leading" && state.acceptedAt === null;

/**
 * Ends the term of a session that has stopped. A `release` without a statement says that it was never taken: whatever was to
 * lead has left meanwhile, so it is dropped. If it was revoked before that, it ends like one that was lost, which is a missed
 * turn as well (Q6). Returns why it was refused; then nothing has changed.
 */
export function stepDown(turn: Turn, session: Session, farewell: Resign | Release): Refusal | null {
  const { type, leaderSessionId, sentAt } = farewell;
  const election = turn.termOf(session, leaderSessionId);
  if (election === undefined) return refuse("not_leader", "this leadership is over, or not this session's");
  const successor = "successor" in farewell ? farewell.successor : undefined;
  const isGivenBack = type === "release" && sentAt === undefined && election.state.acceptedAt === null;
  if (isGivenBack && isUntaken(election)) dropTerm(turn, election);
  else endTerm(turn, election, isGivenBack ? "lost" : "resigned", successor); // the history has why it was revoked
  return null;
}

/**
 * Ends a term by which nobody leads, and which no renewal has shown to be taken: the history has no row of it, and the
 * session keeps its place if it still contends (S9). It counts as a missed turn (Q6). Who misses one after the other keeps
 * nobody else waiting: from the second on it comes last.
 */
export function dropTerm(turn: Turn, { name, state: { sessionId } }: HeldElection): void {
  turn.putState(name, { type: "vacant", successor: null });
  const session = turn.session(sessionId);
  const isMissedAgain = (session?.places.get(name)?.missed ?? null) !== null;
  if (session !== undefined && !contendsIn(session, name))
    turn.removePlace(session, name); // kept for the leadership
  else if (isMissedAgain) demote(turn, sessionId, name, { missed: onceMore(turn, sessionId, name) });
  else countMissed(turn, sessionId, name);
  voidStatement(turn, sessionId);
}

/** A turn was not taken: it keeps its place (Q6). */
export function countMissed(turn: Turn, sessionId: string, name: ElectionName): void {
  const session = turn.session(sessionId);
  const place = session?.places.get(name);
  if (session === undefined || place === undefined) return;
  const missed = onceMore(turn, sessionId, name);
  turn.patchSession(sessionId, { places: session.places.set(name, { ...place, missed }) }, [name]);
}

/** A turn that it did not take (Q6). */
export function onceMore(turn: Turn, sessionId: string, name: ElectionName): NonNullable<Place["missed"]> {
  const times = turn.session(sessionId)?.places.get(name)?.missed?.times ?? 0;
  return { times: times + 1, at: turn.now };
}

/** Tells the holder to stop, and removes its records. Its lease runs on until it releases it, or the lease is over (S10). */
export function beginRevoke(turn: Turn, election: HeldElection, cause: RevokeCause): void {
  const { state } = election;
  if (state.type === "revoking") {
    const reason = cause.successor === null ? state.reason : cause.reason;
    const [successor, note] = [cause.successor ?? state.successor, cause.note ?? state.note];
    if (successor !== state.successor || note !== state.note)
      turn.putState(election.name, { ...state, reason, successor, note });
    return;
  }
  const drainUntil = turn.now + turn.state.policy.drainMs;
  const confirmed = keptConfirmations([...state.confirmed, ...withdrawRecords(turn, election)]);
  turn.putState(election.name, { ...state, ...cause, type: "revoking", drainUntil, confirmed });
  sendRevoke(turn, election.name);
}

/** Sends the `revoke` with the drain time that is left; repeated after a resume. */
export function sendRevoke(turn: Turn, name: ElectionName): void {
  const state = turn.election(name)?.state;
  if (state?.type !== "revoking") return;
  const session = turn.session(state.sessionId);
  if (session === undefined) return;
  const { leaderSessionId, reason } = state;
  turn.send(session, { type: "revoke", leaderSessionId, reason, drainMs: Math.max(0, state.drainUntil - turn.now) });
}

/**
 * Ends a term. Only for a holder that has stopped, or whose lease is over (S2). Afterwards the election is vacant, the
 * term's records are removed, the history has its row, and the former holder comes last.
 */
export function endTerm(turn: Turn, election: HeldElection, reason: EndReason, successor: string | null = null): void {
  const { state } = election;
  const confirmed = keptConfirmations([...state.confirmed, ...withdrawRecords(turn, election)]);
  const revoked = state.type === "revoking" ? state : null;
  const { sessionId, leaderSessionId, epoch, grantedAt } = state;
  const acceptedAt = state.acceptedAt ?? grantedAt; // it may have led, even if no renewal has come
  turn.touched.ended.push({
    election: election.name,
    epoch,
    leaderSessionId,
    sessionId,
    grantedAt,
    acceptedAt,
    confirmed,
    endedAt: turn.now,
    reason: revoked?.reason ?? reason,
    note: revoked?.note ?? null,
    gapMs: election.endedAt === null ? null : acceptedAt - election.endedAt,
    ...holderNames(turn, sessionId),
  });
  if (turn.state.pendingRestore !== null) holdOffFor(turn, state);
  const named = revoked?.successor ?? successor;
  const next = { type: "vacant", successor: named === sessionId ? null : named } as const; // even if it is named
  turn.putState(election.name, next, { endedAt: turn.now, acceptedEpoch: epoch });
  if (state.acceptedAt === null) forgiveDemoted(turn, election.name);
  const isMissed = state.acceptedAt === null && (reason === "expired" || reason === "lost");
  demote(turn, sessionId, election.name, isMissed ? { missed: onceMore(turn, sessionId, election.name) } : {});
  voidStatement(turn, sessionId);
}

function holderNames(turn: Turn, sessionId: string): Pick<EndedTerm, "process" | "subject"> {
  const { process, subject } = turn.session(sessionId) ?? {};
  return { process: process?.name ?? null, ...(typeof subject === "string" && { subject }) };
}

/** Lets nothing be granted until the horizon of this term is over, for a state that is about to forget the term (S5). */
export function holdOffFor(turn: Turn, { horizon, horizonMs }: Pick<Term, "horizon" | "horizonMs">): void {
  const { holdOffUntil, holdOffMs } = turn.state;
  turn.change({
    holdOffUntil: Math.max(holdOffUntil, horizon + CLOCK_MARGIN_MS),
    holdOffMs: Math.max(holdOffUntil > turn.now ? holdOffMs : 0, horizonMs + CLOCK_MARGIN_MS),
  });
}

/** As `boundLease`, for the hold-off of earlier terms. Not while a restore waits, which holds off for epochs as well. */
export function boundHoldOff(turn: Turn): void {
  const { holdOffUntil, holdOffMs, pendingRestore } = turn.state;
  const latest = turn.now + holdOffMs;
  if (pendingRestore === null && holdOffUntil > latest + holdOffMs) turn.change({ holdOffUntil: latest });
}

/** Removes what the present term has published. Returns when each was confirmed. */
function withdrawRecords(turn: Turn, { name, state }: HeldElection): Term["confirmed"] {
  const session = turn.session(state.sessionId);
  const components = session === undefined ? [] : componentsIn(session, name);
  return components.flatMap((component) => {
    const confirmation = withdrawRecord(turn, component, state.leaderSessionId);
    return confirmation === null ? [] : [confirmation];
  });
}

/** How many confirmations a term has in its rows and in the history: an answer has up to a thousand terms. */
const CONFIRMATIONS = 16;

/** The last ones of them. */
export const keptConfirmations = (confirmed: Term["confirmed"]): Term["confirmed"] => confirmed.slice(-CONFIRMATIONS);

/** Removes what nobody could withdraw when its term ends: the row of the term or of its session could not be read (S17). */
export function withdrawOrphans(turn: Turn): void {
  for (const component of turn.state.published.keys()) {
    const leaderSessionId = turn.component(component).record?.leader.leaderSessionId ?? "";
    const name = turn.state.terms.get(leaderSessionId);
    const term = name === undefined ? undefined : turn.election(name)?.state;
    const holder = term === undefined || term.type === "vacant" ? undefined : turn.session(term.sessionId);
    if (holder?.contenders.get(component)?.election !== name || name === undefined) turn.putRecord(component, null);
  }
}

/** Removes a component's record if it is of this leadership. Returns when it was confirmed, or `null`. */
export function withdrawRecord(
  turn: Turn,
  component: string,
  leaderSessionId: string,
): Term["confirmed"][number] | null {
  const { record } = turn.component(component);
  if (record?.leader.leaderSessionId !== leaderSessionId) return null;
  turn.putRecord(component, null);
  return { component, at: record.confirmedAt };
}

/** Keeps an operator's request until the term has ended and, where somebody else waits, somebody has taken the next one. */
export function awaitRevoke(
  turn: Turn,
  { name, pending, state }: HeldElection,
  { request, successor }: Pick<PendingRevoke, "request" | "successor">,
): void {
  const { policy, epoch } = turn.state;
  const slowest = policy.lease.durationMs + Math.max(policy.drainMs, policy.horizonAheadMs) + CLOCK_MARGIN_MS;
  const until = turn.now + slowest + AWAITED_SILENCES * policy.askTimeoutMs;
  const waiting = { request, successor, from: state.sessionId, epoch, startedAt: turn.now, until };
  turn.patchElection(name, { pending: [...pending, waiting] });
}

/** Replies to an operator. `next`: who leads now and since which epoch; `to: null` with the epoch that has ended. */
export function answerRevoke(
  turn: Turn,
  { request, from, successor, startedAt }: PendingRevoke,
  next: Pick<RevokeResult, "to" | "epoch">,
): void {
  const passedOver = successor === null || successor === next.to ? {} : { passedOver: successor };
  const outcome: Outcome = { type: "revoked", from, ...next, durationMs: turn.now - startedAt, ...passedOver };
  turn.reply(request, outcome);
}
