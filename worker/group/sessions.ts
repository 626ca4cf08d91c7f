/** Sessions: how they begin, resume, are lost, and leave. */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { ContenderInfo, Hello, Refusal, Welcome } from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import { addContender, joinHeld, mayContend, removeContender } from "./contenders.ts";
import { type HeldElection, isHeld } from "./election.ts";
import type { Greeting } from "./events.ts";
import { sendSnapshot, watch } from "./observers.ts";
import type { Access, EndReason, Session } from "./state.ts";
import { endTerm, loseOffer, renew, sendRevoke, withdrawOffer } from "./terms.ts";
import { noNames, type Turn } from "./turn.ts";

/** The first message of a connection: a fresh session, or one that comes back (S9). */
export function greet(turn: Turn, connection: string, greeting: Greeting): void {
  const { resume } = greeting.message;
  const known = resume === undefined ? undefined : turn.session(resume.sessionId);
  if (known !== undefined && resume !== undefined && ownsSecret(known, greeting.presentedHash)) {
    if (resume.attempt > known.attempt) comeBack(turn, connection, known, greeting);
    else turn.close(connection, CLOSE.superseded, "a later attempt of this session was here first");
  } else {
    const full = whyFull(turn, turn.state.connections.get(connection)?.access);
    if (full === null) begin(turn, connection, greeting);
    else turn.close(connection, CLOSE.tooMany, full);
  }
}

/** Why no session can begin with these credentials now; `null` where one can. */
export function whyFull({ state }: Turn, access: Access | undefined): string | null {
  const { sessions, sessionsPerSubject } = state.policy.limits;
  if (state.sessions.size >= sessions) return "this group has as many sessions as it takes: try again later";
  const own = access?.subject === undefined ? 0 : (state.subjects.get(access.subject) ?? 0);
  return own < sessionsPerSubject ? null : "the subject of these credentials has as many sessions as it may";
}

function begin(turn: Turn, connection: string, { message, secret }: Greeting): void {
  const session = turn.putSession({
    id: turn.freshId(),
    secretHash: secret.hash,
    previousSecretHash: null,
    attempt: 0,
    contenders: noNames(),
    places: noNames(),
    watched: { all: false, names: [] },
    ...arrival(turn, connection, message),
  });
  bind(turn, connection, session.id);
  const refusals = contendAs(turn, session.id, message.contenders ?? []);
  welcome(turn, session.id, secret.secret, message, { resumed: false, held: [], refusals });
}

function comeBack(
  turn: Turn,
  connection: string,
  session: Session,
  { message, secret, presentedHash }: Greeting,
): void {
  hangUpOn(turn, session, CLOSE.superseded, "a newer connection of this session is open");
  turn.putSession({
    ...session,
    secretHash: secret.hash,
    previousSecretHash: presentedHash,
    attempt: message.resume?.attempt ?? session.attempt,
    places: askable(session.places),
    ...arrival(turn, connection, message),
  });
  bind(turn, connection, session.id);
  const refusals = contendAs(turn, session.id, message.contenders ?? []);
  const held = settleHeld(turn, session.id, message);
  const part = { resumed: true, held: held.map(({ state }) => state.leaderSessionId), refusals };
  welcome(turn, session.id, secret.secret, message, part);
  for (const { name } of held) sendRevoke(turn, name);
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

/** What every hello says anew. */
const arrival = (turn: Turn, connection: string, { priority = 0, process = {} }: Hello) =>
  ({
    link: { type: turn.polling === connection ? "polled" : "connected", connection },
    mute: false,
    seenAt: turn.now,
    subject: turn.state.connections.get(connection)?.access.subject ?? null,
    leaseMs: turn.state.policy.lease.durationMs,
    priority,
    process,
  }) as const;

/**
 * What becomes of each term at a resume. Named and good: extended. Not named: ended, since the client can't hold it.
 * Named but refused (its drain is over, or no contender of it is left): nothing changes, `release` or the lease ends it.
 */
function settleHeld(turn: Turn, id: string, hello: Hello): HeldElection[] {
  const session = turn.session(id);
  const named = new Set(hello.held);
  const held: HeldElection[] = [];
  for (const name of session?.places.keys() ?? []) {
    const election = turn.election(name);
    if (session === undefined || election === undefined) continue;
    if (election.state.type === "vacant" || election.state.sessionId !== id) continue;
    if (!isHeld(election)) loseOffer(turn, name, id);
    else if (!named.has(election.state.leaderSessionId)) endTerm(turn, election, "lost");
    else if (renew(turn, session, election.state.leaderSessionId)) held.push(election);
  }
  return held;
}

interface Part extends Pick<Welcome, "resumed" | "held"> {
  readonly refusals: readonly Refusal[];
}

function welcome(turn: Turn, id: string, secret: string, hello: Hello, { refusals, ...part }: Part): void {
  const refused = [...refusals, ...watchAs(turn, id, hello)];
  const session = turn.session(id);
  if (session === undefined) return;
  const { lease, pingEveryMs, answerTimeoutMs, checkEveryMs, offerTimeoutMs, drainMs, limits } = turn.state.policy;
  turn.send(session, {
    type: "welcome",
    version: 1,
    sessionId: id,
    secret,
    ...part,
    sentAt: hello.sentAt,
    lease,
    pingEveryMs,
    answerTimeoutMs,
    checkEveryMs,
    offerTimeoutMs,
    drainMs,
    limits,
  });
  for (const error of refused) turn.send(session, error);
  sendSnapshot(turn, session);
  joinHeld(turn, session);
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

/** Makes the named components all that the session watches. */
const watchAs = (turn: Turn, id: string, { observe = [] }: Hello): Refusal[] =>
  watch(turn, id, { all: observe === true, names: observe === true ? [] : observe });

/** The connection is the session's own from now on. */
function bind(turn: Turn, connection: string, sessionId: string): void {
  const known = turn.state.connections.get(connection);
  if (known !== undefined) turn.putConnection({ ...known, sessionId });
  turn.leaseChanges.add(sessionId); // its attachment names the session
}

/** Ends the session's present connection; what the session becomes is the caller's to say. */
export function hangUpOn(turn: Turn, { link }: Session, code: number, reason: string): void {
  if (link.type === "connected") turn.close(link.connection, code, reason);
  else if (link.type === "polled") turn.forgetConnection(link.connection);
}

/** The socket is gone; the session and its leases wait for it. Offers go to the next one at once. */
export function lose(turn: Turn, session: Session, at = turn.now): void {
  turn.patchSession(session.id, { link: { type: "lost", at } });
  for (const name of session.places.keys()) {
    const election = turn.election(name);
    if (election === undefined || election.state.type === "vacant" || election.state.sessionId !== session.id) continue;
    if (!isHeld(election)) loseOffer(turn, name, session.id);
    // The exact deadline outlives the object from here on (S3). It never exceeds the horizon but after a load.
    else
      turn.putState(name, { ...election.state, horizon: Math.min(election.state.horizon, election.state.leaseUntil) });
  }
}

/** Removes a session with all that it has. Whatever it led ends: it has said so, or its lease is over. */
export function forget(turn: Turn, session: Session, reason: EndReason): void {
  const elections = new Set<ElectionName>(session.places.keys());
  for (const name of elections) {
    const election = turn.election(name);
    if (election === undefined || election.state.type === "vacant" || election.state.sessionId !== session.id) continue;
    if (isHeld(election)) endTerm(turn, election, reason);
    else withdrawOffer(turn, name);
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
