/** Sessions: how they begin, resume, are lost, and leave. */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { ContenderInfo, Refusal } from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import { addContender, mayContend, removeContender } from "./contenders.ts";
import { isHeld } from "./election.ts";
import { noNames } from "./indexes.ts";
import { watch } from "./observers.ts";
import type { Access, Connection, EndReason, Link, Session, Watched } from "./state.ts";
import { endTerm, loseOffer, renew, withdrawOffer } from "./terms.ts";
import type { Turn } from "./turn.ts";

export const NOTHING_WATCHED: Watched = { all: false, names: [] };

/** Why no session can begin with these credentials now; `null` where one can. */
export function whyFull({ state }: Turn, access: Access | undefined): string | null {
  const { sessions, sessionsPerSubject } = state.policy.limits;
  if (state.sessions.size >= sessions) return "this group has as many sessions as it takes: try again later";
  const own = access?.subject === undefined ? 0 : (state.subjects.get(access.subject) ?? 0);
  return own < sessionsPerSubject ? null : "the subject of these credentials has as many sessions as it may";
}

/** What a process tells when it arrives, by a `hello` or by a call. */
export interface Arrival extends Pick<Session, "priority" | "process"> {
  readonly link: Exclude<Link, { readonly type: "lost" }>;
}

/** Begins a session, and returns its id. */
export function begin(turn: Turn, arrival: Arrival, secretHash: string): string {
  const { id } = turn.putSession({
    id: turn.freshId(),
    secretHash,
    previousSecretHash: null,
    attempt: 0,
    contenders: noNames(),
    places: noNames(),
    watched: NOTHING_WATCHED,
    ...arrived(turn, arrival),
  });
  bind(turn, arrival, id);
  return id;
}

/**
 * The session goes on over another connection. Offers that went over the one before count as missed (Q6). `proof`: what
 * the next arrival has to know.
 */
export function comeBack(
  turn: Turn,
  session: Session,
  arrival: Arrival,
  proof: Pick<Session, "secretHash" | "previousSecretHash" | "attempt">,
): void {
  hangUpOn(turn, session, CLOSE.superseded, "a newer connection of this session is open");
  turn.putSession({ ...session, ...proof, places: askable(session.places), ...arrived(turn, arrival) });
  bind(turn, arrival, session.id);
  for (const { name, state } of turn.termsOf(session)) if (state.type === "offered") loseOffer(turn, name, session.id);
}

/**
 * A sign of life writes its session's row now and then: only a write proves that this object is the current one (S4). A
 * clock that was set back owes one at once.
 */
export const owesSignOfLife = ({ now, state }: Turn, { seenAt }: Session): boolean =>
  Math.abs(now - seenAt) >= state.policy.checkEveryMs / 2;

/** The same places, none of those that are `ready` declined any more. */
export function askable(places: Session["places"], isReady = (_: ElectionName): boolean => true): Session["places"] {
  let result = places;
  for (const [name, place] of places.entries()) {
    if (place.declined && isReady(name)) result = result.set(name, { ...place, declined: false });
  }
  return result;
}

const arrived = (turn: Turn, { link, priority, process }: Arrival) => ({
  link,
  mute: false,
  seenAt: turn.now,
  subject: turn.state.connections.get(link.connection)?.access.subject ?? null,
  leaseMs: turn.state.policy.lease.durationMs,
  priority,
  process,
});

/**
 * Settles the accepted terms by the leaderships that the process names, which count as renewed. Named and good: extended.
 * Not named: ended, since the process can't hold it. Named but refused (its drain is over, or no contender of it is left):
 * nothing changes, `release` or the lease ends it. Returns the ids of those that are extended.
 */
export function settleHeld(turn: Turn, id: string, ids: readonly string[]): string[] {
  const session = turn.session(id);
  if (session === undefined) return [];
  const named = new Set(ids);
  const extended: string[] = [];
  for (const election of turn.termsOf(session)) {
    if (!isHeld(election)) continue;
    const { leaderSessionId } = election.state;
    if (!named.has(leaderSessionId)) endTerm(turn, election, "lost");
    else if (renew(turn, session, leaderSessionId)) extended.push(leaderSessionId);
  }
  return extended;
}

/** Makes the named contenders the session's complete set. */
export function contendAs(turn: Turn, id: string, infos: readonly ContenderInfo[]): Refusal[] {
  const session = turn.session(id);
  if (session === undefined) return [];
  const allowed = infos.filter(({ component }) => mayContend(turn, session, component));
  // Of a component that is named twice the first entry counts; the second is refused.
  const kept = new Map(
    allowed.toReversed().map(({ component, election }) => [component, electionOf(component, election)]),
  );
  const before = [...session.contenders.entries()];
  const gone = before.filter(([component, { election }]) => kept.get(component) !== election);
  for (const [component] of gone) removeContender(turn, id, component, "keep");
  const refusals: Refusal[] = [];
  const seen = new Set<string>();
  for (const info of infos) {
    const refusal = addContender(turn, id, info, seen.has(info.component) ? "new" : "known");
    if (refusal !== null) refusals.push(refusal);
    seen.add(info.component);
  }
  return refusals;
}

/** The connection is the session's own from now on. */
function bind(turn: Turn, { link }: Arrival, sessionId: string): void {
  const known = turn.state.connections.get(link.connection);
  if (known !== undefined) turn.putConnection({ ...known, sessionId });
  turn.leaseChanges.add(sessionId); // its attachment names the session
}

/** Closes a socket for what its peer did or may no longer do. The session is lost, not ended: its leases run on (S2). */
export function hangUp(turn: Turn, connection: Connection, code: number, reason: string): void {
  const session = turn.sessionOf(connection);
  turn.close(connection.id, code, reason);
  if (session !== undefined) lose(turn, session);
}

/** Ends the session's present connection; what becomes of the session is up to the caller. */
export function hangUpOn(turn: Turn, { link }: Session, code: number, reason: string): void {
  if (link.type === "connected") turn.close(link.connection, code, reason);
  else if (link.type === "polled") turn.forgetConnection(link.connection);
}

/** The socket is gone; the session and its leases wait for it. Offers go to the next one at once. */
export function lose(turn: Turn, session: Session, at = turn.now): void {
  turn.patchSession(session.id, { link: { type: "lost", at } });
  for (const { name, state } of turn.termsOf(session)) {
    if (state.type === "offered") loseOffer(turn, name, session.id);
    // The exact deadline outlives the object from here on (S3). It never exceeds the horizon but after a load.
    else turn.putState(name, { ...state, horizon: Math.min(state.horizon, state.leaseUntil) });
  }
}

/** Removes a session with all that it has. Whatever it led ends: it has said so, or its lease is over. */
export function forget(turn: Turn, session: Session, reason: EndReason): void {
  for (const election of turn.termsOf(session)) {
    if (isHeld(election)) endTerm(turn, election, reason);
    else withdrawOffer(turn, election.name);
  }
  for (const component of session.contenders.keys()) removeContender(turn, session.id, component, "keep");
  watch(turn, session.id, { all: false, names: [] });
  const now = turn.session(session.id);
  if (now !== undefined) turn.removeSession(now);
}

/** Both hashes are compared to the end, whatever the first has shown. */
export function ownsSecret(session: Session, presentedHash: string | null): boolean {
  if (presentedHash === null) return false;
  const current = sameText(session.secretHash, presentedHash);
  const previous = sameText(session.previousSecretHash ?? "", presentedHash);
  return current || previous;
}

/** Takes as long for a near miss as for any other text of the length. */
function sameText(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < right.length; index++) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}
