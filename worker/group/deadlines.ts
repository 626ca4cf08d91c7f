/**
 * Everything that happens because time has passed, and the decisions at the end of a turn: who is granted a vacant
 * election, whether a holder is preempted, and when the group has to be looked at again.
 */

import { renewalSlackFor } from "../../shared/lease.ts";
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { returnMs } from "./crowd.ts";
import { isHeld } from "./election.ts";
import { idleDeadline } from "./idle.ts";
import { rankAllReloaded, rankReloaded } from "./ranks.ts";
import { fill, isWatched, missCalls, waitsUntil, warm } from "./readiness.ts";
import { levelAll, preempt, preemptor } from "./rivals.ts";
import { forget, hangUp, lose } from "./sessions.ts";
import type { SortedMap } from "./sorted-map.ts";
import type { Deadline, DeadlineKey, Election, GroupState, PendingRevoke } from "./state.ts";
import { answerRevoke, endTerm } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** When the host has to send a `tick` if no event comes before; `null`: nobody waits or watches. */
export function nextDeadline(state: GroupState): number | null {
  const everything = state.watchersOfAll.size > 0 || state.pendingRestore !== null;
  const first = Math.min(
    state.awaited.first()?.[0].at ?? Infinity,
    everything ? (state.unawaited.first()?.[0].at ?? Infinity) : Infinity,
    state.expiring.first()?.[0].at ?? Infinity,
    state.pendingRestore !== null && state.terms.size === 0 ? state.holdOffUntil : Infinity,
    idleDeadline(state) ?? Infinity,
  );
  return first === Infinity ? null : first;
}

/** Processes every deadline up to now. Comes before the event itself: a late message must revive nothing (S6). */
export function expire(turn: Turn): void {
  eachDue(turn, ({ deadlines }) => deadlines, meetDeadline);
  eachDue(turn, ({ silent }) => silent, closeSilent);
  eachDue(turn, ({ expiring }) => expiring, closeExpired);
  eachDue(turn, ({ polled }) => polled, losePolled);
  forgetLost(turn);
}

/** Processes what is due in an index, the earliest first. `end` has to take it out of the index. */
function eachDue<Id extends string>(
  turn: Turn,
  indexOf: (state: GroupState) => SortedMap<DeadlineKey, Id>,
  end: (turn: Turn, id: Id, at: number) => void,
): void {
  for (;;) {
    const first = indexOf(turn.state).first();
    if (first === undefined || first[0].at > turn.now) return;
    end(turn, first[1], first[0].at);
  }
}

function meetDeadline(turn: Turn, name: ElectionName): void {
  const election = turn.election(name);
  if (election === undefined) return;
  turn.putDeadline(election, null);
  turn.undecided.add(name);
  lapse(turn, name);
}

function lapse(turn: Turn, name: ElectionName): void {
  const election = turn.election(name);
  if (election === undefined) return;
  if (isHeld(election) && election.state.leaseUntil <= turn.now) endTerm(turn, election, "expired");
  answerInVain(turn, name, ({ until }) => until <= turn.now);
}

const TOKEN_ENDED = "the token has ended: connect again with a new one";

/** The next event closes it. A socket without a hello holds no lease and keeps nobody waiting: alone it needs no alarm. */
function closeSilent(turn: Turn, id: string): void {
  const { until = Infinity } = turn.state.connections.get(id)?.access ?? {};
  if (until <= turn.now) turn.close(id, CLOSE.unauthorized, TOKEN_ENDED);
  else turn.close(id, CLOSE.timeout, "no hello in time");
}

/** Its credentials have ended: the session may resume with new ones, and keeps its terms within the lease. */
function closeExpired(turn: Turn, id: string): void {
  const connection = turn.state.connections.get(id);
  if (connection !== undefined) hangUp(turn, connection, CLOSE.unauthorized, TOKEN_ENDED);
}

/** A polled session is lost at its poll deadline, and resumes with its next call (S12). */
function losePolled(turn: Turn, id: string, at: number): void {
  const session = turn.sessionOf(turn.state.connections.get(id));
  if (session !== undefined) missCalls(turn, session);
  turn.forgetConnection(id);
  const missed = session && turn.session(session.id);
  if (missed !== undefined) lose(turn, missed, at);
}

/** A lost session is kept for D and for the return of the group (N15), and until its leases are over (S12). */
export function forgetLost(turn: Turn): void {
  if (turn.state.lost.size === 0) return; // most turns
  const dueAt = turn.now - returnMs(turn.state);
  for (const [lost, id] of turn.state.lost.entries()) {
    if (lost.at + turn.state.policy.lease.durationMs > dueAt) return;
    const session = turn.session(id);
    if (session === undefined || lost.at + session.leaseMs > dueAt) continue; // D as it knows it
    if (turn.termsOf(session).length === 0) forget(turn, session, "lost");
  }
}

/** Decides every election that was touched. A decision can touch another election, but not its own again. */
export function settle(turn: Turn): void {
  do {
    for (const name of turn.undecided) {
      rankReloaded(turn, name);
      decide(turn, name);
      turn.undecided.delete(name);
      updateDeadline(turn, name);
    }
    levelAll(turn);
  } while (rankAllReloaded(turn) || turn.undecided.size > 0);
}

function decide(turn: Turn, name: ElectionName): void {
  const election = turn.election(name);
  if (election === undefined) return;
  if (!isHeld(election)) {
    answerRevokesWithoutSuccessor(turn, election);
    if (election.places === 0) return turn.removeElection(election);
    fill(turn, turn.election(name) ?? election);
    const rest = turn.election(name);
    if (rest !== undefined && !isHeld(rest)) answerRevokesWithoutSuccessor(turn, rest); // all were silent
  } else preempt(turn, election);
  const present = turn.election(name);
  if (isHeld(present)) warm(turn, present);
}

/** Answers an operator at once where nobody but the former holder can be asked. */
function answerRevokesWithoutSuccessor(turn: Turn, { name, queue }: Election): void {
  answerInVain(turn, name, ({ from }) => queue.size === 0 || (queue.size === 1 && queue.rankOf(from) !== undefined));
}

/** Answers those pending revokes after which nobody will take over. */
function answerInVain(turn: Turn, name: ElectionName, isInVain: (revoke: PendingRevoke) => boolean): void {
  const { pending = [] } = turn.election(name) ?? {};
  const inVain = pending.filter(isInVain);
  if (inVain.length === 0) return;
  for (const revoke of inVain) answerRevoke(turn, revoke, { to: null, epoch: revoke.epoch });
  turn.patchElection(name, { pending: pending.filter((revoke) => !inVain.includes(revoke)) });
}

/** Puts an election where its deadline belongs. */
export function updateDeadline(turn: Turn, name: ElectionName): void {
  const election = turn.election(name);
  if (election !== undefined) turn.putDeadline(election, deadlineOf(turn, election));
}

function deadlineOf(turn: Turn, election: Election): Deadline | null {
  const { state, pending } = election;
  const { holdOffUntil, paused } = turn.state;
  const waiting = election.queue.size > 0;
  let due = Infinity;
  for (const { until } of pending) due = Math.min(due, until);
  if (state.type === "vacant" && waiting && !paused && holdOffUntil > turn.now) due = Math.min(due, holdOffUntil);
  const answerUntil = state.type === "vacant" ? waitsUntil(turn, election) : null;
  if (answerUntil !== null) due = Math.min(due, answerUntil);
  // A rival that may already is asked: its answer comes as an event, and its silence is noticed in one (S11).
  const rival = isHeld(election) ? preemptor(turn, election) : null;
  if (rival !== null && rival.from > turn.now) due = Math.min(due, rival.from);
  const leaseUntil = isHeld(election) ? election.state.leaseUntil : Infinity;
  const at = Math.min(due, leaseUntil);
  if (at === Infinity) return null;
  const lookAt = Math.min(due, leaseUntil + slackOf(turn, election));
  const awaited = waiting || pending.length > 0 || election.watchedComponents > 0;
  return { at, lookAt, awaited };
}

/** While the next candidate is about to speak: how many leases after the end of one the group looks by itself, W at most. */
const NET_LEASES = 2;

/**
 * How long after the end of a lease the group looks. Right at the end it would look just before a late renewal, and in
 * vain. Before the first renewal it looks as if the lease had begun with the grant: that renewal is under way, and no
 * hand-over sets an alarm earlier than the term before has. Zero where the holder is known to be gone. While the next
 * candidate is about to speak, much longer: the alarm is a net for the case that both fall silent, and is rarely set.
 */
function slackOf(turn: Turn, election: Election): number {
  if (!isHeld(election)) return 0;
  const { sessionId, leaseMs, leaseUntil, grantedAt, acceptedAt } = election.state;
  const { link } = turn.session(sessionId) ?? {};
  if (link === undefined || link.type === "lost") return 0;
  const slackMs = renewalSlackFor(leaseMs);
  if (isWatched(turn, election))
    return Math.max(slackMs, Math.min(NET_LEASES * leaseMs, turn.state.policy.horizonAheadMs));
  return slackMs + (acceptedAt === null ? Math.max(0, grantedAt + leaseMs - leaseUntil) : 0);
}
