/** What operators and deployments do: settings, revoke, pause, cleanup, restore. */

import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { isSame } from "../../shared/same.ts";
import { isHeld } from "./election.ts";
import type { EventBody } from "./events.ts";
import { whyInUse } from "./idle.ts";
import { endJobs } from "./jobs.ts";
import { countLoads } from "./loads.ts";
import { lowerOf, type Policy, toldLimits } from "./policy.ts";
import { rankEverywhere } from "./ranks.ts";
import { forget, hangUpOn, loseSocket } from "./sessions.ts";
import { awaitRevoke, beginRevoke, boundHoldOff, boundLease, endTerm, holdOffFor } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** Changes the settings. Leases that were promised under others run on as promised: see `leaseMs` of sessions and terms. */
export function configure(turn: Turn, policy: Policy): void {
  const { prefer, spread } = turn.state.policy;
  const isOther = spread !== policy.spread || !isSame(prefer, policy.prefer);
  lowerLimits(turn, policy);
  turn.change({ policy });
  if (isOther) {
    turn.change({ loads: countLoads(policy.spread ? turn.state.elections.values() : []) });
    for (const session of turn.state.sessions.values()) rankEverywhere(turn, session);
  }
  turn.reconsiderAll();
}

/**
 * Closes all sockets where clients that keep to the limits of their `welcome` would be closed for it from here on (N20). If
 * limits go up while sockets are open, the lower ones are told until the group is loaded anew: else two Workers with
 * different settings, which the group follows by turns, would close everybody each time (V1). A group that is loaded anew
 * under the higher ones tells those, and closes everybody once more when it is back at the lower ones.
 */
function lowerLimits(turn: Turn, { limits }: Policy): void {
  const { policy, connections } = turn.state;
  if (connections.size === 0 || isSame(policy.limits, limits)) return;
  const told = toldLimits(turn.state);
  const lowered = lowerOf(told, limits);
  turn.change({ lowered });
  if (!isSame(lowered, told)) closeAll(turn);
}

/** Their next `welcome` names the new limits. */
function closeAll(turn: Turn): void {
  for (const connection of turn.state.connections.values()) {
    const session = turn.sessionOf(connection);
    if (session === undefined || connection.polling !== undefined) continue;
    turn.close(connection.id, CLOSE.restart, "the limits of the group are lower now: connect again to read them");
    loseSocket(turn, session);
  }
}

/** Ends a leadership, for an operator. Replies once somebody has taken over, or nobody will. */
export function revoke(turn: Turn, event: Extract<EventBody, { readonly type: "revoke" }>): void {
  const { request, successor, note } = event;
  boundLease(turn, event.election);
  const election = turn.election(event.election);
  if (!isHeld(election)) return turn.reply(request, { type: "not_led" });
  awaitRevoke(turn, election, event);
  beginRevoke(turn, election, { reason: successor === null ? "revoked" : "transferred", successor, note });
}

/** While paused nothing is granted; present leaders go on. Opening a group cancels a restore that waits. */
export function pause(turn: Turn, paused: boolean): void {
  if (!paused) cancelRestore(turn);
  if (turn.state.paused === paused) return;
  turn.change({ paused });
  turn.reconsiderAll();
}

/** Removes everything except what keeps the next leader safe: the epoch, and a hold-off past every horizon (S5). */
export function cleanup(turn: Turn, { request, force }: Extract<EventBody, { readonly type: "cleanup" }>): void {
  const contended = [...turn.state.sessions.values()].some(({ contenders }) => contenders.size > 0);
  if (contended && !force) return turn.reply(request, { type: "contenders_registered" });
  boundHoldOff(turn);
  for (const name of turn.state.elections.keys()) {
    boundLease(turn, name);
    const election = turn.election(name);
    if (!isHeld(election)) continue;
    holdOffFor(turn, election.state);
    endTerm(turn, election, "revoked");
  }
  endJobs(turn);
  for (const session of turn.state.sessions.values()) {
    hangUpOn(turn, session, CLOSE.restart, "the group was cleaned up");
    const present = turn.session(session.id);
    if (present !== undefined) forget(turn, present, "revoked");
  }
  turn.reply(request, { type: "cleaned" });
}

/** Deletes the group, its history and its epochs included, if nobody uses it (S20). */
export function purge(turn: Turn, request: string): void {
  const why = whyInUse(turn);
  if (why !== null) return turn.reply(request, { type: "in_use", ...why });
  turn.purged = true;
  turn.reply(request, { type: "purged" });
}

/**
 * First step of a restore to an earlier point, which takes epochs and leases back (S5). Pauses the group and revokes every
 * holder. The caller is answered once the last horizon is over, and no host's clock could give out a known epoch or
 * revision again. Only then may storage go back.
 */
export function prepareRestore(turn: Turn, request: string): void {
  pause(turn, true);
  cancelRestore(turn);
  const { epoch, jobEpoch, revision, holdOffUntil } = turn.state;
  const newest = Math.max(epoch, jobEpoch, revision);
  if (newest > 0) turn.change({ holdOffUntil: Math.max(holdOffUntil, newest + CLOCK_MARGIN_MS + 1) });
  for (const name of turn.state.elections.keys()) {
    boundLease(turn, name);
    const election = turn.election(name);
    if (isHeld(election)) beginRevoke(turn, election, { reason: "revoked", successor: null, note: null });
  }
  endJobs(turn);
  turn.change({ pendingRestore: request });
}

/** Storage must not go back once the group may grant again, or another restore has taken the place of this one. */
function cancelRestore(turn: Turn): void {
  const { pendingRestore } = turn.state;
  if (pendingRestore === null) return;
  turn.change({ pendingRestore: null });
  turn.reply(pendingRestore, { type: "restore_cancelled" });
}

/** Replies once every term has ended and the hold-off is over, which includes their horizons: see `endTerm`. */
export function answerRestore(turn: Turn): void {
  const { pendingRestore, terms, holdOffUntil } = turn.state;
  if (pendingRestore === null || terms.size > 0 || turn.now < holdOffUntil) return;
  turn.change({ pendingRestore: null });
  turn.reply(pendingRestore, { type: "restorable" });
}

/**
 * Second step, after storage went back: removes records that are older than what observers have seen, and opens the
 * group. Idempotent. It may come late: a session that is connected has come back since, so its record stays.
 */
export function finishRestore(turn: Turn): void {
  for (const component of turn.state.published.keys()) {
    const { record } = turn.component(component);
    if (record !== null && !isPublishedNow(turn, record.leader.leaderSessionId)) turn.putRecord(component, null);
  }
  // Snapshots carry the revision, which must not be older than what observers have seen.
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
