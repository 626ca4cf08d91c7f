/**
 * What processes have stated, and what they were asked. A statement is an acceptance in advance (S1): while it is fresh,
 * the group may grant its session any election where it stands and is not busy.
 */
import { leaseFor, renewalSlackFor } from "../../shared/lease.ts";
import type { Statement as StatementFields } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Connection, Question, Session, Statement } from "./state.ts";
import type { Turn } from "./turn.ts";

/** A connection that has sent no statement yet. */
export const NOTHING_STATED = { renewedAt: -Infinity, statement: null, asked: null, late: false } as const;

/** One list for all that are busy nowhere. */
export const NOWHERE: readonly ElectionName[] = [];

/** Records what a frame of the session's present connection states. It counts until something voids it. */
export function recordStatement(turn: Turn, id: string, { sentAt, busy = NOWHERE }: StatementFields): void {
  const session = turn.session(id);
  const connection = session && turn.connectionOf(session);
  if (session === undefined || connection === undefined) return;
  const isAnswer = connection.asked !== null || !isFresh(turn, session, connection.statement);
  const late = connection.late && !isInTime(turn, session, connection);
  turn.patchConnection(connection.id, { statement: { sentAt, readAt: turn.now }, asked: null, late });
  becomeBusy(turn, session, busy);
  if (isAnswer) {
    reconsider(turn, session);
    session.places.each((name) => turn.mayMove(name)); // to it, if that is what it was asked for
  }
  turn.reattached.add(id); // each: its process forgets earlier ones once this one is answered
}

/**
 * Takes the session's statement back: it was made while a term ran that is over, or while a contender stood that has
 * left. A grant by it could meet a process that does not lead by it (S7).
 */
export function voidStatement(turn: Turn, id: string): void {
  const session = turn.session(id);
  const connection = session && turn.connectionOf(session);
  if (session === undefined || connection === undefined) return;
  const isChange = becomeBusy(turn, session, NOWHERE);
  if (connection.statement === null && connection.asked === null && !isChange) return;
  turn.patchConnection(connection.id, { statement: null, asked: null });
  turn.reattached.add(id);
  reconsider(turn, session); // it may have said where it is busy, and has to be asked anew there
}

/** The call of a polled session is over, and its statement with it. Where it was busy, it stays so. */
export function endCall(turn: Turn, id: string): void {
  const session = turn.session(id);
  const connection = session && turn.connectionOf(session);
  if (connection !== undefined) turn.patchConnection(connection.id, { statement: null });
}

/** Returns whether that changes anything. */
function becomeBusy(turn: Turn, session: Session, busy: readonly ElectionName[]): boolean {
  const { busy: before } = session;
  if (before.length + busy.length === 0) return false;
  const changed = [...before.filter((name) => !busy.includes(name)), ...busy.filter((name) => !before.includes(name))];
  if (changed.length === 0) return false;
  turn.patchSession(session.id, { busy }, changed);
  return true;
}

/** Has every election decided anew where the session stands. */
export function reconsider(turn: Turn, { places }: Session): void {
  places.each((name) => turn.undecided.add(name));
}

/**
 * Whether the group may grant by it. Counted from when it was read, and no longer than E: on any path by which a leader
 * can renew in time, its first renewal is answered before R. One from the future was read before the clock was set back.
 */
export function isFresh(turn: Turn, { leaseMs }: Session, statement: Statement | null): statement is Statement {
  if (statement === null || statement.readAt > turn.now) return false;
  return turn.now < statement.readAt + leaseFor(leaseMs).renewEveryMs;
}

/** Whether its statement is at most E / 2 old: a younger one is not asked for again. */
export function isYoung({ now }: Turn, { leaseMs }: Session, statement: Statement | null): boolean {
  return statement !== null && Math.abs(now - statement.readAt) <= leaseFor(leaseMs).renewEveryMs / 2;
}

/** The question that counts: one from the future was asked before the clock was set back. */
const questionOf = ({ now }: Turn, { asked }: Connection): Question | null =>
  asked !== null && asked.at <= now ? asked : null;

export const isAsked = (turn: Turn, connection: Connection): boolean => questionOf(turn, connection) !== null;

/** To be answered at once, by the message: a timer may stand still where its process lives. */
const isPrompt = ({ at, due }: Question): boolean => at === due;

/** Until when it is waited for; `null`: it has no question to answer at once. */
export function answersUntil(turn: Turn, connection: Connection): number | null {
  const question = questionOf(turn, connection);
  return question !== null && isPrompt(question) ? question.due + turn.state.policy.askTimeoutMs : null;
}

/** It was asked to speak at once, and did not. */
export const isSilent = (turn: Turn, connection: Connection): boolean =>
  (answersUntil(turn, connection) ?? Infinity) <= turn.now;

/**
 * Asks the session to state that it is there: at once, or at `due` by its own timer. A question that is open is asked
 * again only where it would be answered too late. A polled session states it in its next call.
 */
export function ask(turn: Turn, session: Session, due = turn.now): void {
  const connection = turn.connectionOf(session);
  if (connection === undefined || connection.polling !== undefined) return;
  const open = questionOf(turn, connection);
  if (open !== null && (isPrompt(open) || (due > turn.now && open.due <= due))) return;
  turn.patchConnection(connection.id, { asked: { at: turn.now, due } });
  if (connection.asked === null) reconsider(turn, session); // it is expected, wherever it stands
  turn.send(session, { type: "next", inMs: due - turn.now });
  turn.reattached.add(session.id);
}

/** How much later than it was to speak a session may be heard of before its timer is no longer relied on. */
const latenessFor = (leaseMs: number): number => leaseFor(leaseMs).renewEveryMs / 2;

/** It speaks by its timer, as it was asked to. */
function isInTime(turn: Turn, { leaseMs }: Session, connection: Connection): boolean {
  const question = questionOf(turn, connection);
  if (question === null || isPrompt(question)) return false;
  return turn.now >= question.due - renewalSlackFor(leaseMs) && turn.now <= question.due + latenessFor(leaseMs);
}

/** It was to speak by its timer, and did not, although its process may live. */
export function isOverdue(turn: Turn, { leaseMs }: Session, connection: Connection): boolean {
  const question = questionOf(turn, connection);
  if (question === null || isPrompt(question)) return false;
  return turn.now > question.due + (connection.late ? 0 : latenessFor(leaseMs));
}

/** Asks it at once. From then on its timer is not relied on, until it speaks in time again. */
export function hurry(turn: Turn, session: Session): void {
  const connection = turn.connectionOf(session);
  if (connection !== undefined) turn.patchConnection(connection.id, { late: true });
  ask(turn, session);
  reconsider(turn, session);
}

/** Whether it is about to be heard of, so that the group can look at a lease in that turn. */
export const isExpected = ({ asked, late }: Connection): boolean => asked !== null && !late;
