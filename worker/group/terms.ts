/**
 * The life of a leadership: offered, accepted, extended, revoked, ended.
 *
 * Safety rests on the order of these steps (S1-S3): an offer is no leadership; acceptance and the horizon are stored in
 * one row before `renewed` leaves; nobody else is offered the election before the holder has stopped, or its lease is
 * over.
 */
import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import type { Refusal } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { RevokeResult } from "../../shared/protocol/status.ts";
import { type HeldElection, isHeld, type TakenElection } from "./election.ts";
import type { Outcome } from "./events.ts";
import { refuse } from "./refusal.ts";
import type { Election, EndReason, HeldTerm, PendingRevoke, Place, RevokeCause, Session, Term } from "./state.ts";
import type { Turn } from "./turn.ts";

/** How many offers an operator's revoke waits for before it answers that nobody took over. */
const AWAITED_OFFERS = 3;

/** Offers the election to a session, which leads only once it has accepted. An offer writes no horizon (S1). */
export function offer(turn: Turn, name: ElectionName, session: Session): void {
  const { offerTimeoutMs } = turn.state.policy;
  const epoch = Math.max(turn.state.epoch + 1, turn.now); // S5: epochs grow, even across a restore
  turn.change({ epoch });
  const state: TakenElection["state"] = {
    type: "offered",
    sessionId: session.id,
    leaderSessionId: turn.freshId(),
    epoch,
    offeredAt: turn.now,
    // A caller can't answer before its next call: the offer stands until that is overdue.
    offerUntil: turn.connectionOf(session)?.polling?.until ?? turn.now + offerTimeoutMs,
  };
  turn.putState(name, state);
  sendGrant(turn, session, { name, state }, turn.componentsOf(session, name));
}

/** Sends components the term of their session: an offer, or a leadership that they join. */
export function sendGrant(
  turn: Turn,
  session: Session,
  { name: election, state }: Pick<TakenElection, "name" | "state">,
  components: readonly string[],
): void {
  const { leaderSessionId, epoch } = state;
  const joined = state.type !== "offered";
  turn.send(session, { type: "grant", election, leaderSessionId, epoch, components, joined });
}

/** Accepts this session's offer, or extends its lease. False where it has neither, or may not extend it (S10). */
export function renew(turn: Turn, session: Session, leaderSessionId: string): boolean {
  const election = turn.termOf(session, leaderSessionId);
  if (election === undefined) return false;
  const { state } = election;
  if (state.type === "offered") {
    accept(turn, election, session, state);
    return true;
  }
  if (!isHeld(election) || !turn.contendsIn(session, election.name)) return false;
  if (election.state.type === "revoking" && turn.now >= election.state.drainUntil) return false; // S10
  turn.putState(election.name, { ...election.state, ...lease(turn, session, election.state) });
  return true;
}

type Lease = Pick<HeldTerm, "leaseMs" | "leaseUntil" | "horizon" | "horizonMs">;

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

function accept(turn: Turn, election: Election, session: Session, offered: Term): void {
  const { sessionId, leaderSessionId, epoch, offeredAt } = offered;
  turn.putState(
    election.name,
    {
      type: "leading",
      sessionId,
      leaderSessionId,
      epoch,
      offeredAt,
      acceptedAt: turn.now,
      confirmed: [],
      ...lease(turn, session, { leaseMs: 0, leaseUntil: 0, horizon: 0, horizonMs: 0 }),
    },
    { acceptedEpoch: epoch, pending: [] },
  );
  for (const pending of election.pending) answerRevoke(turn, pending, { to: sessionId, epoch });
  forgiveDemoted(turn, election);
}

/** Ranks the demoted anew: demotion lasts until somebody has accepted (Q4). */
function forgiveDemoted(turn: Turn, election: Election): void {
  for (const sessionId of [...election.queue.demoted()]) {
    const session = turn.session(sessionId);
    if (session !== undefined) turn.rank(session, election.name);
  }
}

/**
 * Puts the session at the back of the queue, to be asked after all others. Removes its place if no contender is left, and
 * the place was only kept for the leadership.
 */
function demote(turn: Turn, sessionId: string, name: ElectionName, part: Partial<Place> = {}): void {
  const [session, election] = [turn.session(sessionId), turn.election(name)];
  if (session === undefined || election === undefined || !session.places.has(name)) return;
  if (!turn.contendsIn(session, name)) return turn.removePlace(session, name);
  const place = { ...turn.newPlace(election.acceptedEpoch), ...part };
  turn.patchSession(sessionId, { places: session.places.set(name, place) }, [name]);
}

/** Takes an offer back. That is safe at once: nobody leads by an offer that is not stored as accepted (S1). */
export function withdrawOffer(turn: Turn, name: ElectionName): void {
  turn.putState(name, { type: "vacant", successor: null });
}

/** For an offer that nobody answered in time: the session is mute until its next real message (S11, N7). */
export function missOffer(turn: Turn, name: ElectionName, sessionId: string): void {
  withdrawOffer(turn, name);
  demote(turn, sessionId, name, { missed: onceMore(turn, sessionId, name) });
  turn.patchSession(sessionId, { mute: true });
}

/**
 * Ends the term of a session that has stopped; an offer counts as declined. `successor`: a session id, asked first.
 * Returns why it was refused; then nothing has changed.
 */
export function stepDown(turn: Turn, session: Session, leaderSessionId: string, successor?: string): Refusal | null {
  const election = turn.termOf(session, leaderSessionId);
  if (election === undefined) return refuse("not_leader", "this leadership is over, or not this session's");
  if (isHeld(election)) endTerm(turn, election, "resigned", successor);
  else declineOffer(turn, election.name, session.id);
  return null;
}

/** For an offer that the session declines: it is asked again only after its next real message (S11). */
export function declineOffer(turn: Turn, name: ElectionName, sessionId: string): void {
  withdrawOffer(turn, name);
  demote(turn, sessionId, name, { declined: true, missed: onceMore(turn, sessionId, name) });
}

/** For an offer whose connection is gone: the session keeps its place, and the offer counts as missed (Q6). */
export function loseOffer(turn: Turn, name: ElectionName, sessionId: string): void {
  withdrawOffer(turn, name);
  countMissed(turn, sessionId, name);
}

function countMissed(turn: Turn, sessionId: string, name: ElectionName): void {
  const session = turn.session(sessionId);
  const place = session?.places.get(name);
  if (session === undefined || place === undefined) return;
  const missed = onceMore(turn, sessionId, name);
  turn.patchSession(sessionId, { places: session.places.set(name, { ...place, missed }) }, [name]);
}

function onceMore(turn: Turn, sessionId: string, name: ElectionName): NonNullable<Place["missed"]> {
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
  const confirmed = [...state.confirmed, ...withdrawRecords(turn, election)];
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
 * Ends an accepted term. Only for a holder that has stopped, or whose lease is over (S2). Afterwards the election is
 * vacant, the term's records are removed, the history has its row, and the former holder is asked last.
 */
export function endTerm(turn: Turn, election: HeldElection, reason: EndReason, successor: string | null = null): void {
  const { state } = election;
  const confirmed = [...state.confirmed, ...withdrawRecords(turn, election)];
  const revoked = state.type === "revoking" ? state : null;
  const { sessionId, leaderSessionId, epoch, offeredAt, acceptedAt } = state;
  turn.touched.ended.push({
    election: election.name,
    epoch,
    leaderSessionId,
    sessionId,
    process: turn.session(sessionId)?.process.name ?? null,
    offeredAt,
    acceptedAt,
    confirmed,
    endedAt: turn.now,
    reason: revoked?.reason ?? reason,
    note: revoked?.note ?? null,
    gapMs: election.endedAt === null ? null : acceptedAt - election.endedAt,
  });
  turn.change({ endedTerms: turn.state.endedTerms + 1 });
  if (turn.state.pendingRestore !== null) holdOffFor(turn, state);
  const named = revoked?.successor ?? successor;
  const next = { type: "vacant", successor: named === sessionId ? null : named } as const; // even if it is named
  turn.putState(election.name, next, { endedAt: turn.now });
  demote(turn, sessionId, election.name);
  if (revoked?.reason === "preempted" && revoked.successor !== null) missIfAway(turn, election.name, revoked.successor);
}

/** Counts a miss for a rival that the holder had to stop for, and that can't be asked now (Q6). */
function missIfAway(turn: Turn, name: ElectionName, sessionId: string): void {
  if (turn.election(name)?.queue.rankOf(sessionId) === undefined) countMissed(turn, sessionId, name);
}

/** Lets nothing be offered until the horizon of this term is over, for a state that is about to forget the term (S5). */
export function holdOffFor(turn: Turn, { horizon, horizonMs }: Pick<HeldTerm, "horizon" | "horizonMs">): void {
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
function withdrawRecords(turn: Turn, { name, state }: HeldElection): HeldTerm["confirmed"] {
  const session = turn.session(state.sessionId);
  const components = session === undefined ? [] : turn.componentsOf(session, name);
  return components.flatMap((component) => {
    const confirmation = withdrawRecord(turn, component, state.leaderSessionId);
    return confirmation === null ? [] : [confirmation];
  });
}

/** Removes a component's record if it is of this leadership. Returns when it was confirmed, or `null`. */
export function withdrawRecord(
  turn: Turn,
  component: string,
  leaderSessionId: string,
): HeldTerm["confirmed"][number] | null {
  const { record } = turn.component(component);
  if (record?.leader.leaderSessionId !== leaderSessionId) return null;
  turn.putRecord(component, null);
  return { component, at: record.confirmedAt };
}

/** Keeps an operator's request until the term has ended and, where somebody else waits, the next one is accepted. */
export function awaitRevoke(
  turn: Turn,
  { name, pending, state }: HeldElection,
  { request, successor }: Pick<PendingRevoke, "request" | "successor">,
): void {
  const { policy, epoch } = turn.state;
  const slowest = policy.lease.durationMs + Math.max(policy.drainMs, policy.horizonAheadMs) + CLOCK_MARGIN_MS;
  const until = turn.now + slowest + AWAITED_OFFERS * policy.offerTimeoutMs;
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
