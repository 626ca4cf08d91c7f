/** What operators and deployments do to a group as a whole: settings, pause, cleanup, restore. */

import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { isHeld } from "./election.ts";
import type { EventBody } from "./events.ts";
import type { Policy } from "./policy.ts";
import { forget, hangUpOn } from "./sessions.ts";
import { beginRevoke, boundHoldOff, boundLease, endTerm, holdOffFor, withdrawOffer } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** Leases that were promised under other settings run on as promised: `leaseMs` of their session and term. */
export function configure(turn: Turn, policy: Policy): void {
  turn.change({ policy });
  for (const name of turn.state.elections.keys()) turn.undecided.add(name);
}

/** While paused nothing is offered; who leads goes on. Opening a group cancels a restore that waits. */
export function pause(turn: Turn, paused: boolean): void {
  if (!paused) cancelRestore(turn);
  if (turn.state.paused === paused) return;
  turn.change({ paused });
  for (const name of turn.state.elections.keys()) turn.undecided.add(name);
}

/** Removes everything but what keeps the next leader safe: the epoch, and a hold-off until every horizon is over (S5). */
export function cleanup(turn: Turn, { request, force }: Extract<EventBody, { readonly type: "cleanup" }>): void {
  const contended = [...turn.state.sessions.values()].some(({ contenders }) => contenders.size > 0);
  if (contended && !force) {
    turn.effects.push({ type: "reply", request, outcome: { type: "contenders_registered" } });
    return;
  }
  boundHoldOff(turn);
  for (const name of turn.state.elections.keys()) {
    boundLease(turn, name);
    const election = turn.election(name);
    if (!isHeld(election)) continue;
    holdOffFor(turn, election.state);
    endTerm(turn, election, "revoked");
  }
  for (const session of turn.state.sessions.values()) {
    hangUpOn(turn, session, CLOSE.restart, "the group was cleaned up");
    const present = turn.session(session.id);
    if (present !== undefined) forget(turn, present, "revoked");
  }
  turn.effects.push({ type: "reply", request, outcome: { type: "cleaned" } });
}

/**
 * First step of a restore to an earlier point, which takes epochs and leases back (S5): nothing is offered any more,
 * every holder is revoked, and the caller is answered once the last horizon is over, and once the clock of no host
 * would give out an epoch or a revision again. Only then may storage go back.
 */
export function prepareRestore(turn: Turn, request: string): void {
  pause(turn, true);
  cancelRestore(turn);
  const { epoch, revision, holdOffUntil } = turn.state;
  const newest = Math.max(epoch, revision);
  if (newest > 0) turn.change({ holdOffUntil: Math.max(holdOffUntil, newest + CLOCK_MARGIN_MS + 1) });
  for (const name of turn.state.elections.keys()) {
    boundLease(turn, name);
    const election = turn.election(name);
    if (election?.state.type === "offered") withdrawOffer(turn, name);
    else if (isHeld(election)) beginRevoke(turn, election, { reason: "revoked", successor: null, note: null });
  }
  turn.change({ pendingRestore: request });
}

/** Storage must not go back once the group offers again, or for a caller that another one has replaced. */
function cancelRestore(turn: Turn): void {
  const { pendingRestore } = turn.state;
  if (pendingRestore === null) return;
  turn.change({ pendingRestore: null });
  turn.effects.push({ type: "reply", request: pendingRestore, outcome: { type: "restore_cancelled" } });
}

/** While a restore waits, every term that ends leaves its horizon as the hold-off; see `endTerm`. */
export function answerRestore(turn: Turn): void {
  const { pendingRestore, terms, holdOffUntil } = turn.state;
  if (pendingRestore === null || terms.size > 0 || turn.now < holdOffUntil) return;
  turn.change({ pendingRestore: null });
  turn.effects.push({ type: "reply", request: pendingRestore, outcome: { type: "restorable" } });
}

/**
 * Second step, after storage went back: what was published then is older than what observers have seen. Idempotent, and
 * it may come late: whoever is connected has come back since, and what it leads and publishes is of now.
 */
export function finishRestore(turn: Turn): void {
  for (const [component, { record }] of turn.state.components.entries()) {
    if (record !== null && !isPublishedNow(turn, record.leader.leaderSessionId)) turn.putRecord(component, null);
  }
  // Snapshots carry the revision as it is: it must not be one from before what observers have seen.
  if (turn.state.revision < turn.now) turn.change({ revision: turn.now });
  pause(turn, false);
}

function isPublishedNow(turn: Turn, leaderSessionId: string): boolean {
  const name = turn.state.terms.get(leaderSessionId);
  const term = name === undefined ? undefined : turn.election(name)?.state;
  if (term?.type !== "leading") return false;
  const session = turn.session(term.sessionId);
  return session !== undefined && session.link.type !== "lost";
}
