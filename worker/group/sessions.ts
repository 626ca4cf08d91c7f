/** Sessions: how they begin, resume, are lost, and leave. */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { ContenderInfo, Refusal } from "../../shared/protocol/messages.ts";
import { electionOf } from "../../shared/protocol/names.ts";
import { addContender, mayContend, removeContender } from "./contenders.ts";
import { noNames } from "./indexes.ts";
import { setWatched } from "./observers.ts";
import { IN_DEBT, isInDebt } from "./row-debt.ts";
import type { Access, Connection, EndReason, Link, Session, Watched } from "./state.ts";
import { NOWHERE } from "./statements.ts";
import { dropTerm, endTerm, isUntaken, renew } from "./terms.ts";
import type { Turn } from "./turn.ts";

export const NOTHING_WATCHED: Watched = { all: false, names: [] };

/** Why no session can begin with these credentials now; `null` where one can. `contenders`: how many it names. */
export function whyFull(turn: Turn, access: Access | undefined, contenders: number): string | null {
  if (isInDebt(turn, access)) return IN_DEBT;
  if (access?.subject !== undefined && !hasRoomFor(turn, access.subject))
    return "the subject of these credentials has as many sessions as it may";
  const contends = contenders > 0 && access?.role !== "observe";
  let why = whyNoRoom(turn, contends);
  while (why !== null && forgetOne(turn)) why = whyNoRoom(turn, contends);
  return why;
}

/** Half of the sessions are kept for contenders, so that observers can't keep them out. */
function whyNoRoom({ state }: Turn, contends: boolean): string | null {
  const { sessions } = state.policy.limits;
  if (state.sessions.size >= sessions) return "this group has as many sessions as it takes: try again later";
  if (contends || state.sessions.size - state.contending < Math.ceil(sessions / 2)) return null;
  return "this group has as many sessions without contenders as it takes: try again later";
}

/** Those of the subject whose peers have vanished give way (N16). */
function hasRoomFor(turn: Turn, subject: string): boolean {
  const isFull = (): boolean => (turn.state.subjects.get(subject) ?? 0) >= turn.state.policy.limits.sessionsPerSubject;
  if (!isFull()) return true;
  for (const id of turn.state.yielding.values()) {
    const session = turn.session(id);
    if (session?.subject !== subject || session.link.type !== "lost" || !session.link.vanished) continue;
    forget(turn, session, "lost");
    if (!isFull()) return true;
  }
  return false;
}

/**
 * A lost session that has no place loses nothing, and one whose peer has vanished is lost for long: where there is no
 * room, the one that was lost first gives way (N14, N16). False where there is none.
 */
function forgetOne(turn: Turn): boolean {
  const [, id] = turn.state.yielding.first() ?? [];
  const session = id === undefined ? undefined : turn.session(id);
  if (session === undefined) return false;
  forget(turn, session, "lost");
  return true;
}

/** What a process names when it arrives, by a `hello` or by a call. */
export interface Arrival extends Pick<Session, "priority" | "process"> {
  readonly link: Exclude<Link, { readonly type: "lost" }>;
}

/** Begins a session, and returns its id. */
export function begin(turn: Turn, arrival: Arrival, secretHash: string): string {
  // Each by its name: what a spread adds lies outside of the object, and takes more memory.
  const { link, mute, busy, subject, leaseMs, arrivedAt, priority, process } = arrived(turn, arrival);
  const { id } = turn.putSession({
    id: turn.freshId(),
    secretHash,
    previousSecretHash: null,
    attempt: 0,
    contenders: noNames(),
    places: noNames(),
    watched: NOTHING_WATCHED,
    link,
    mute,
    busy,
    subject,
    leaseMs,
    arrivedAt,
    priority,
    process,
  });
  bind(turn, arrival, id);
  showLife(turn);
  return id;
}

/** Moves a session to another connection, and ends the one that it had. `proof`: what the next arrival is checked against. */
export function comeBack(
  turn: Turn,
  session: Session,
  arrival: Arrival,
  proof: Pick<Session, "secretHash" | "previousSecretHash" | "attempt">,
): void {
  hangUpOn(turn, session, CLOSE.superseded, "a newer connection of this session is open");
  turn.putSession({ ...session, ...proof, ...arrived(turn, arrival) });
  bind(turn, arrival, session.id);
}

/**
 * For a sign of life of somebody who waits. Now and then it has to write a row, because only a write proves that this
 * object is the current one (S4); and at once after the clock was set back. One row is enough for the whole group.
 */
export function showLife(turn: Turn): void {
  const { seenAt, policy } = turn.state;
  if (Math.abs(turn.now - seenAt) >= policy.checkEveryMs * SIGN_OF_LIFE) turn.change({ seenAt: turn.now });
}

/** Signs of life come about every `checkEveryMs`: some a little earlier. */
const SIGN_OF_LIFE = 0.9;

const arrived = (turn: Turn, { link, priority, process }: Arrival) => ({
  link,
  mute: false,
  busy: NOWHERE,
  subject: turn.state.connections.get(link.connection)?.access.subject ?? null,
  leaseMs: turn.state.policy.lease.durationMs,
  arrivedAt: turn.now,
  priority,
  process,
});

/**
 * Settles the session's terms by the leaderships that the process names. A named one is renewed. One that is not named
 * ends: the process can't hold it, or has never received its grant. One that is named but can't be renewed (its drain is over, or the session no
 * longer contends for it) stays as it is, until `release` or the lease ends it. Comes after `contendAs`. Returns the ids
 * of those that were renewed.
 */
export function settleHeld(turn: Turn, id: string, ids: readonly string[]): string[] {
  const session = turn.session(id);
  if (session === undefined) return [];
  const named = new Set(ids);
  const extended: string[] = [];
  for (const election of turn.termsOf(session)) {
    const { leaderSessionId } = election.state;
    if (!named.has(leaderSessionId)) {
      if (isUntaken(election)) dropTerm(turn, election);
      else endTerm(turn, election, "lost");
    } else if (renew(turn, session, leaderSessionId)) extended.push(leaderSessionId);
  }
  return extended;
}

/** Makes these the session's complete set of contenders, except those that are refused. Returns the refusals. */
export function contendAs(turn: Turn, id: string, infos: readonly ContenderInfo[]): Refusal[] {
  const session = turn.session(id);
  if (session === undefined) return [];
  const allowed = infos.filter(({ component }) => mayContend(turn, session, component));
  // Where a component is named twice, the first entry counts and the second is refused.
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

/** Makes the connection the session's own. */
function bind(turn: Turn, { link }: Arrival, sessionId: string): void {
  const known = turn.state.connections.get(link.connection);
  if (known !== undefined) turn.putConnection({ ...known, sessionId });
  turn.reattached.add(sessionId); // its attachment names the session
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

/**
 * For a socket that has ended by itself. A session that leads nothing is lost without a row: thousands may be cut at once,
 * and a new incarnation, which does not find the socket among the live ones, counts it as lost from then on (S12).
 * `vanishedAt`: since when its peer has been silent for too long.
 */
export function loseSocket(turn: Turn, session: Session, vanishedAt?: number): void {
  const { link } = session;
  if (link.type !== "connected" || turn.termsOf(session).length > 0) return lose(turn, session);
  const lost = { type: "lost", at: vanishedAt ?? turn.now, unwritten: link.connection } as const;
  const vanished = vanishedAt !== undefined && ({ vanished: true } as const);
  turn.patchSession(session.id, { link: { ...lost, ...vanished }, busy: [] });
  watchNothing(turn, session.id);
}

/** Its next `hello` names what it watches. */
function watchNothing(turn: Turn, id: string): void {
  const session = turn.session(id);
  if (session !== undefined) setWatched(turn, session, NOTHING_WATCHED);
}

/** Marks the session as lost: it keeps its places and leases. What it has stated is gone with its connection. */
export function lose(turn: Turn, session: Session, at = turn.now): void {
  turn.patchSession(session.id, { link: { type: "lost", at }, busy: [] });
  watchNothing(turn, session.id);
  for (const { name, state } of turn.termsOf(session)) {
    // From here on the exact deadline is stored (S3). It exceeds the horizon only after a load.
    const untaken = state.acceptedAt === null && ({ untaken: true } as const);
    turn.putState(name, { ...state, ...untaken, horizon: Math.min(state.horizon, state.leaseUntil) });
  }
}

/** Removes a session and everything that it has. Only for one that has stopped, or whose leases are over (S2). */
export function forget(turn: Turn, session: Session, reason: EndReason): void {
  for (const election of turn.termsOf(session)) endTerm(turn, election, reason);
  for (const component of session.contenders.keys()) removeContender(turn, session.id, component, "keep");
  watchNothing(turn, session.id);
  const now = turn.session(session.id);
  if (now !== undefined) turn.removeSession(now);
}

/** Compares both hashes to the end, so that the time it takes tells nothing. */
export function ownsSecret(session: Session, presentedHash: string | null): boolean {
  if (presentedHash === null) return false;
  const current = sameText(session.secretHash, presentedHash);
  const previous = sameText(session.previousSecretHash ?? "", presentedHash);
  return current || previous;
}

/** Takes equally long for every text of the same length. */
function sameText(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < right.length; index++) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}
