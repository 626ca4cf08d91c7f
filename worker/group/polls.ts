/**
 * Contenders that hold no socket: each call says what its session wants and has its answer in the same turn. The session
 * is one like any other, and stands in the same queue; a call stands for a connection until the poll deadline.
 *
 * A call of a session whose connection is not there any more (the deadline was missed, the object is a new one) is a
 * resume (S9). Calls are ordered by `attempt`: it is stored whenever a call changes what is stored of its session, and a
 * late call at or below it changes nothing. So a call that was abandoned can't end what a later one has won. It can win
 * behind the back of later ones only if those changed no row and the object has died since: nobody acts by that, and the
 * next campaign, which does not name it, ends it.
 */
import type { ContenderInfo, Hello } from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import { firstAllowances } from "./bucket.ts";
import { settle } from "./deadlines.ts";
import { isHeld } from "./election.ts";
import type { EventBody, HeldLeadership, Outcome, PollCall, PollRefusal } from "./events.ts";
import { handle } from "./frames.ts";
import { askable, contendAs, greet, owesSignOfLife, ownsSecret, whyFull } from "./sessions.ts";
import type { Access, Connection, Session } from "./state.ts";
import { declineOffer, endTerm, offer, renew, withdrawOffer } from "./terms.ts";
import type { Turn } from "./turn.ts";

type PollEvent = Extract<EventBody, { readonly type: "poll" }> & { readonly access: Access };

/** Answers with `polled` once everything that the call brings has happened, or with `refused`: then nothing has changed. */
export function poll(turn: Turn, event: PollEvent): void {
  turn.effects.push({ type: "reply", request: event.request, outcome: refusal(turn, event) ?? hear(turn, event) });
}

type Refused = Extract<Outcome, { readonly type: "refused" }>;
const refused = (code: PollRefusal, message: string): Refused => ({ type: "refused", code, message });

function refusal(turn: Turn, { call, access }: PollEvent): Refused | null {
  const session = callerOf(turn, call);
  if (session !== undefined) {
    const latest = Math.max(session.attempt, turn.connectionOf(session)?.polling?.attempt ?? 0);
    if ((call.session?.attempt ?? 0) > latest) return null;
    return refused("superseded", "a later call of this session was here first: only that one's answer counts");
  }
  if (call.contenders === undefined)
    return refused("unknown_session", "this session is over, or the secret is wrong: campaign again without a session");
  const full = whyFull(turn, access);
  return full === null ? null : refused("limit_exceeded", full);
}

function callerOf(turn: Turn, { session: claim }: PollCall): Session | undefined {
  const session = claim === undefined ? undefined : turn.session(claim.sessionId);
  return session !== undefined && ownsSecret(session, claim?.presentedHash ?? null) ? session : undefined;
}

function hear(turn: Turn, event: PollEvent): Outcome {
  const { call } = event;
  const known = callerOf(turn, call);
  const present = known?.link.type === "polled" && turn.connectionOf(known) !== undefined;
  const extended = new Set<string>();
  turn.mayAskReplaced = !present || call.session?.presentedHash !== known.secretHash;
  turn.polling = present ? known.link.connection : event.connection;
  const id = present ? goOn(turn, event, known, extended) : arrive(turn, event, known, extended);
  for (const message of call.messages) {
    const session = turn.session(id);
    if (session !== undefined) handle(turn, session, message);
  }
  answerOffers(turn, id, call, extended);
  for (const message of turn.answers)
    if (message.type === "renewed") for (const held of message.held) extended.add(held);
  return {
    type: "polled",
    sessionId: id,
    secret: present ? null : call.secret.secret,
    resumed: known !== undefined,
    leaderships: leaderships(turn, id, extended),
    lease: turn.state.policy.lease,
    drainMs: turn.state.policy.drainMs,
    pollEveryMs: pollEveryMs(turn, call),
    answers: turn.answers.filter(({ type }) => type === "error" || type === "confirmed"),
  };
}

/** At most D: a lost session is kept that long. */
function pollEveryMs(turn: Turn, call: PollCall): number {
  const { durationMs } = turn.state.policy.lease;
  return Math.min(call.pollEveryMs ?? Math.floor(durationMs / 2), durationMs);
}

/** Only a campaign says how soon its caller asks again; whatever else it says in between does not shorten that. */
function polling(turn: Turn, call: PollCall, before = 0): NonNullable<Connection["polling"]> {
  const until = turn.now + pollEveryMs(turn, call) + turn.state.policy.offerTimeoutMs;
  const asked = call.contenders === undefined ? before : 0;
  return { attempt: call.session?.attempt ?? 0, until: Math.max(until, asked) };
}

/** A fresh session, or one that comes back. */
function arrive(
  turn: Turn,
  { connection, access, call }: PollEvent,
  known: Session | undefined,
  extended: Set<string>,
): string {
  const { secret, session } = call;
  const helloUntil = turn.now + turn.state.policy.helloTimeoutMs;
  const part = { ...firstAllowances(turn.state.policy.limits, turn.now), polling: polling(turn, call) };
  turn.putConnection({ id: connection, helloUntil, sessionId: null, access, ...part });
  const message = helloOf(turn, call, known);
  greet(turn, connection, { type: "hello", message, secret, presentedHash: session?.presentedHash ?? null });
  // A call that names nothing at all is told of nothing: its caller may have ended what the group still waits for (S7).
  const told = call.held === undefined ? [] : turn.answers;
  for (const answer of told) if (answer.type === "welcome") for (const held of answer.held) extended.add(held);
  return turn.state.connections.get(connection)?.sessionId ?? "";
}

/** What the call leaves out stays as it was. */
function helloOf(turn: Turn, call: PollCall, known: Session | undefined): Hello {
  const { contenders = known === undefined ? [] : contendersOf(known), session } = call;
  const priority = call.priority ?? known?.priority;
  const process = call.process ?? known?.process;
  return {
    type: "hello",
    sentAt: 0,
    contenders,
    held: call.held ?? (known === undefined ? [] : tenuresOf(turn, known).map(({ state }) => state.leaderSessionId)),
    ...(priority !== undefined && { priority }),
    ...(process !== undefined && { process }),
    ...(session !== undefined && known !== undefined && { resume: { ...session, secret: "" } }),
  };
}

const contendersOf = ({ contenders }: Session): ContenderInfo[] =>
  [...contenders.entries()].map(([component, { election, priority }]) => ({
    component,
    election: election === "process" ? "process" : "dedicated",
    ...(priority !== undefined && { priority }),
  }));

function tenuresOf(turn: Turn, { id, places }: Session) {
  return [...places.keys()].flatMap((name) => {
    const election = turn.election(name);
    return election !== undefined && isHeld(election) && election.state.sessionId === id ? [election] : [];
  });
}

/** The session polls as it has polled before: no row where it says nothing new. */
function goOn(turn: Turn, { access, call }: PollEvent, { id, link }: Session, extended: Set<string>): string {
  const connection = link.type === "polled" ? turn.state.connections.get(link.connection) : undefined;
  if (connection !== undefined) {
    turn.putConnection({ ...connection, access, polling: polling(turn, call, connection.polling?.until) });
  }
  wake(turn, id, call);
  settleHeld(turn, id, call, extended);
  const session = turn.session(id);
  if (session === undefined || call.contenders === undefined || sameContenders(session, call.contenders)) return id;
  for (const refusal of contendAs(turn, id, call.contenders)) turn.answers.push(refusal);
  if (turn.session(id) !== session) stamp(turn, id, call); // a contender that is refused again changes nothing
  return id;
}

const accepts = ({ accept = false }: PollCall, name: ElectionName): boolean =>
  typeof accept === "boolean" ? accept : accept.includes(name);

/** Any call is a real message: the session may be asked again, but one that declines leaves its declined places be (S11). */
function wake(turn: Turn, id: string, call: PollCall): void {
  const session = turn.session(id);
  if (session === undefined) return;
  const places = askable(session.places, (name) => accepts(call, name));
  const { priority = session.priority, process = session.process } = call;
  const leaseMs = turn.state.policy.lease.durationMs; // as the answer tells it
  const awake = places === session.places && !session.mute && !owesSignOfLife(turn, session);
  const same = awake && priority === session.priority && leaseMs === session.leaseMs;
  if (same && JSON.stringify(process) === JSON.stringify(session.process)) return;
  turn.putSession({ ...session, places, priority, process, leaseMs, mute: false, seenAt: turn.now });
  stamp(turn, id, call);
}

/** Named and good: extended. Not named: ended, since the caller can't hold it (S9). */
function settleHeld(turn: Turn, id: string, { held }: PollCall, extended: Set<string>): void {
  const session = turn.session(id);
  if (session === undefined || held === undefined) return;
  for (const election of tenuresOf(turn, session)) {
    const { leaderSessionId } = election.state;
    if (!held.includes(leaderSessionId)) endTerm(turn, election, "lost");
    else if (renew(turn, session, leaderSessionId)) extended.add(leaderSessionId);
  }
}

function sameContenders({ contenders }: Session, infos: readonly ContenderInfo[]): boolean {
  if (contenders.size !== infos.length) return false;
  return infos.every(({ component, election, priority }) => {
    const name = electionOf(component, election);
    const present = contenders.get(component);
    return present?.election === name && (name === "process" || present.priority === priority);
  });
}

/** The attempt goes into the row that is written anyway. */
const stamp = (turn: Turn, id: string, { session }: PollCall): void => {
  if (session !== undefined) turn.patchSession(id, { attempt: session.attempt }, []);
};

/**
 * Whoever has missed an offer is not waited for again while somebody is here: callers that are late each time would be
 * asked by turns for ever, each in its absence.
 */
function takeFromAbsent(turn: Turn, session: Session, call: PollCall): void {
  if (turn.state.paused) return;
  for (const name of session.places.keys()) {
    const election = turn.election(name);
    if (!accepts(call, name)) continue;
    if (election?.state.type !== "offered" || election.state.sessionId === session.id) continue;
    const asked = turn.session(election.state.sessionId);
    const missed = asked?.places.get(name)?.demotedAt === election.acceptedEpoch;
    if (asked?.link.type !== "polled" || !missed || turn.componentsOf(session, name).length === 0) continue;
    withdrawOffer(turn, name);
    offer(turn, name, session);
  }
}

/** Whatever a call does not accept is not offered to its session, nor taken from others for it, until a call does (S11). */
function declineUnready(turn: Turn, id: string, call: PollCall): void {
  const session = turn.session(id);
  if (session === undefined || call.accept === undefined) return;
  let { places } = session;
  for (const [name, place] of session.places.entries()) {
    const { state } = turn.election(name) ?? {};
    const concerns = state !== undefined && (state.type === "vacant" || state.sessionId !== id);
    if (concerns && !place.declined && !accepts(call, name)) places = places.set(name, { ...place, declined: true });
  }
  if (places === session.places) return;
  turn.patchSession(id, { places }, [...places.keys()]);
  stamp(turn, id, call);
}

/** What is offered to the session by now is accepted in the same turn: with the horizon, as one row (S1). */
function answerOffers(turn: Turn, id: string, call: PollCall, extended: Set<string>): void {
  declineUnready(turn, id, call);
  settle(turn);
  const session = turn.session(id);
  if (session === undefined || call.accept === undefined) return;
  takeFromAbsent(turn, session, call);
  for (const name of session.places.keys()) {
    const { state } = turn.election(name) ?? {};
    if (state?.type !== "offered" || state.sessionId !== id) continue;
    if (accepts(call, name) && renew(turn, session, state.leaderSessionId)) {
      extended.add(state.leaderSessionId);
      stamp(turn, id, call);
    } else {
      declineOffer(turn, name, id);
    }
  }
  settle(turn);
}

function leaderships(turn: Turn, id: string, extended: ReadonlySet<string>): HeldLeadership[] {
  const session = turn.session(id);
  if (session === undefined) return [];
  return tenuresOf(turn, session).flatMap(({ name, state }) => {
    if (!extended.has(state.leaderSessionId)) return [];
    const { leaderSessionId, epoch } = state;
    const components = turn.componentsOf(session, name);
    const revoked = state.type === "revoking" && {
      reason: state.reason,
      drainMs: Math.max(0, state.drainUntil - turn.now),
    };
    return [{ election: name, leaderSessionId, epoch, components, ...(revoked && { revoked }) }];
  });
}
