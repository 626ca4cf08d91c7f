/**
 * Who can be granted an election at once, and who has to be asked first.
 *
 * Acceptance comes in advance: a process states by a frame that it is alive and would lead (S1). While the statement is
 * fresh, the group grants by it, in the same turn in which the election becomes free. Before it is needed, the
 * next candidate is asked (`next`) for a new one. A candidate that does not answer is mute until its next frame, and one
 * that is busy is passed over (S11).
 *
 * A polled session can't be asked: it has a statement in its own calls only, and is waited for until its poll deadline.
 */
import { leaseFor, renewalSlackFor } from "../../shared/lease.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { HeldElection } from "./election.ts";
import { paidAt } from "./row-debt.ts";
import type { Connection, Election, Session, Statement } from "./state.ts";
import { answersUntil, ask, hurry, isAsked, isExpected, isFresh, isOverdue, isSilent, isYoung } from "./statements.ts";
import { countMissed, demote, grant, onceMore } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** How many are asked at once: so many that have fallen silent together cost one time-out. */
const ASKED_AT_ONCE = 8;

interface Candidate {
  readonly session: Session;
  readonly connection: Connection;
}

/**
 * Looks at the candidates in the order in which it is granted to them, until `look` returns true. The one that the former holder
 * or an operator has named comes first.
 */
function lookAtCandidates(turn: Turn, { queue, state }: Election, look: (candidate: Candidate) => boolean): void {
  const named = state.type === "leading" ? null : state.successor;
  const first = named !== null && queue.rankOf(named) !== undefined ? candidate(turn, named) : null;
  if (first !== null && look(first)) return;
  for (const id of queue.sessionIds()) {
    const next = id === named ? null : candidate(turn, id);
    if (next !== null && look(next)) return;
  }
}

function candidate(turn: Turn, id: string): Candidate | null {
  const session = turn.session(id);
  const connection = session && turn.connectionOf(session);
  return session === undefined || connection === undefined ? null : { session, connection };
}

/**
 * `ready`: the first candidate that can be granted the election now. `unknown`: those before it, of whom the group knows
 * too little. While there are any, the first of them is waited for, until it answers or was silent for too long.
 */
interface Front {
  readonly unknown: readonly Candidate[];
  readonly ready: { readonly session: Session; readonly statement: Statement } | null;
  /** When the first of those is out of debt that were passed over for it (N17). */
  readonly paidAt: number;
}

/** By what it can be granted an election now; `null`: too little is known. Silence outweighs what it has stated before (S11). */
function acceptanceOf(turn: Turn, { session, connection }: Candidate): Statement | null {
  const { statement } = connection;
  return isFresh(turn, session, statement) && !isSilent(turn, connection) ? statement : null;
}

function frontOf(turn: Turn, election: Election, atMost: number): Front {
  const unknown: Candidate[] = [];
  let ready: Front["ready"] = null;
  let soonest = Infinity;
  lookAtCandidates(turn, election, (one) => {
    const { session, connection } = one;
    const paid = paidAt(turn, connection.access);
    if (paid !== null) {
      soonest = Math.min(soonest, paid);
      return false;
    }
    const statement = acceptanceOf(turn, one);
    if (statement !== null) {
      ready = { session, statement };
      return true;
    }
    // A caller that has missed its turn is granted the election in a call of its own, and not waited for.
    if (connection.polling !== undefined && election.queue.rankOf(session.id)?.demoted) return false;
    unknown.push(one);
    return unknown.length === atMost;
  });
  return { unknown, ready, paidAt: soonest };
}

const mayGrant = ({ state, now }: Turn): boolean => state.reconciled && !state.paused && now >= state.holdOffUntil;

/** Whether a vacant election is granted to this session as soon as it is decided. */
export function isNext(turn: Turn, election: Election, id: string): boolean {
  const { unknown, ready } = frontOf(turn, election, 1);
  return mayGrant(turn) && unknown.length === 0 && ready?.session.id === id;
}

/** Grants a vacant election to the next candidate, or first asks those whose statements are too old. */
export function fill(turn: Turn, election: Election): void {
  if (!mayGrant(turn)) return;
  const { unknown, ready } = frontOf(turn, election, ASKED_AT_ONCE);
  const silent = unknown.filter(({ connection }) => isSilent(turn, connection));
  for (const { session } of silent) missTurn(turn, election.name, session);
  if (silent.length > 0) {
    const rest = turn.election(election.name);
    if (rest !== undefined) fill(turn, rest);
  } else if (unknown.length > 0) {
    for (const { session } of unknown) ask(turn, session);
  } else if (ready !== null) {
    missIfAway(turn, election);
    grant(turn, election.name, ready.session, ready.statement);
  }
}

/** Until when a vacant election waits for an answer, for a call, or for a debt to be paid; `null`: for none of them. */
export function waitsUntil(turn: Turn, election: Election): number | null {
  if (!mayGrant(turn)) return null;
  const front = frontOf(turn, election, 1);
  const [first] = front.unknown;
  const answerUntil = first && (first.connection.polling?.until ?? answersUntil(turn, first.connection));
  const until = Math.min(answerUntil ?? Infinity, front.paidAt);
  return until === Infinity ? null : until;
}

/** Counts a miss for the one that was named, and is no candidate now that somebody is granted the election (Q6). */
function missIfAway(turn: Turn, { name, state, queue }: Election): void {
  const named = state.type === "vacant" ? state.successor : null;
  if (named !== null && queue.rankOf(named) === undefined) countMissed(turn, named, name);
}

/** It was its turn, and it was silent: it is mute, comes last, and being named as the successor is used up (S11, N7). */
function missTurn(turn: Turn, name: ElectionName, { id }: Session): void {
  mute(turn, id);
  passOver(turn, name, id);
}

function passOver(turn: Turn, name: ElectionName, id: string): void {
  const state = turn.election(name)?.state;
  if (state?.type === "vacant" && state.successor === id) turn.putState(name, { type: "vacant", successor: null });
  demote(turn, id, name, { missed: onceMore(turn, id, name) });
}

/** It is no candidate anywhere until its next frame. */
function mute(turn: Turn, id: string): void {
  turn.patchSession(id, { mute: true });
}

/** For a caller that misses its poll deadline: it comes last in the elections that have waited for it. */
export function missCalls(turn: Turn, session: Session): void {
  for (const name of session.places.keys()) {
    const election = turn.election(name);
    if (election?.state.type !== "vacant" || !mayGrant(turn)) continue;
    if (frontOf(turn, election, 1).unknown[0]?.session.id === session.id) passOver(turn, name, session.id);
  }
}

/**
 * While somebody leads, keeps the next candidate's statement fresh, so that a hand-over needs no question (N3). It is asked
 * to speak right after each renewal of the holder, by its own timer. Where no renewal comes, it speaks right after the
 * end of the lease: the group looks at the lease in that turn, and needs no alarm for it (see `isWatched`). The holder's
 * renewals, and changes of the queue, notice that it is overdue. Once the holder's socket is lost, the first few
 * candidates are asked at once, however young their statements are: the rest of the lease shows which of them are there.
 */
export function warm(turn: Turn, election: HeldElection): void {
  if (!turn.state.reconciled || turn.state.paused) return;
  const { link } = turn.session(election.state.sessionId) ?? {};
  let left = link?.type === "lost" ? ASKED_AT_ONCE : 1;
  lookAtCandidates(turn, election, (one) => {
    if (isSilent(turn, one.connection)) {
      mute(turn, one.session.id);
      return false;
    }
    if (link?.type === "lost") findOut(turn, one, link.at);
    else keepReady(turn, election, one);
    left -= 1;
    return left === 0;
  });
}

/** Whether it is there since then. A loss in the future: the clock was set back, and every answer would be older than it. */
function findOut(turn: Turn, { session, connection }: Candidate, lostAt: number): void {
  const isOlder = (connection.statement?.readAt ?? -Infinity) < lostAt && lostAt <= turn.now;
  if (isOlder || !isYoung(turn, session, connection.statement)) ask(turn, session);
}

function keepReady(turn: Turn, election: HeldElection, { session, connection }: Candidate): void {
  const isSoon = isAsked(turn, connection) && election.state.type === "leading";
  if (isOverdue(turn, session, connection)) hurry(turn, session);
  else if (isSoon || isYoung(turn, session, connection.statement))
    ask(turn, session, speaksAt(turn, election, connection));
  else ask(turn, session);
}

/**
 * When the next candidate speaks by its timer: after the holder's next renewal, or once the lease is over. No sooner than
 * after E / 2 while the lease runs: one session may be next behind many holders, each of whom renews at a time of its own.
 */
function speaksAt(turn: Turn, { state }: HeldElection, { late }: Connection): number {
  const { leaseMs, leaseUntil } = state;
  const { renewEveryMs } = leaseFor(leaseMs);
  // Before the holder's renewal, which would ask it at once: so its timer can show that it is in time again.
  const soonest = turn.now + Math.floor(renewEveryMs / 2);
  if (late) return Math.min(soonest, leaseUntil) + renewalSlackFor(leaseMs);
  const renewsAt = leaseUntil - leaseMs + renewEveryMs;
  const beatAt = renewsAt > turn.now ? Math.max(renewsAt, soonest) : turn.now + renewEveryMs;
  return Math.min(beatAt, leaseUntil) + renewalSlackFor(leaseMs);
}

/** Whether the end of this lease needs no alarm of its own: the next candidate is about to speak, by then at the latest. */
export function isWatched(turn: Turn, election: HeldElection): boolean {
  if (!turn.state.reconciled) return false;
  let isComing = false;
  lookAtCandidates(turn, election, ({ connection }) => {
    isComing = isExpected(connection);
    return true; // only the first one counts
  });
  return isComing;
}

/** Whether this rival may be granted the election now. If the group does not know, it asks; a silent one is mute from here on. */
export function isReady(turn: Turn, id: string): boolean {
  const rival = candidate(turn, id);
  if (rival === null) return false;
  if (acceptanceOf(turn, rival) !== null) return true;
  if (isSilent(turn, rival.connection)) mute(turn, id);
  else ask(turn, rival.session);
  return false;
}
