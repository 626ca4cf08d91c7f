/**
 * What processes have stated, and what they were asked. A statement is an acceptance in advance (S1): while it is fresh,
 * the group may grant its session any election where it stands and is not busy.
 */
import { leaseFor } from "../../shared/lease.ts";
import type { Statement as StatementFields } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Connection, Session, Statement } from "./state.ts";
import type { Turn } from "./turn.ts";

/** A connection that has sent no statement yet. */
export const NOTHING_STATED = { renewedAt: -Infinity, statement: null, askedAt: null } as const;

const NOWHERE: readonly ElectionName[] = [];

/** Records what a frame of the session's present connection states. It counts until something voids it. */
export function recordStatement(turn: Turn, id: string, { sentAt, busy = NOWHERE }: StatementFields): void {
  const session = turn.session(id);
  const connection = session && turn.connectionOf(session);
  if (session === undefined || connection === undefined) return;
  const isAnswer = connection.askedAt !== null || !isFresh(turn, session, connection.statement);
  turn.patchConnection(connection.id, { statement: { sentAt, readAt: turn.now }, askedAt: null });
  becomeBusy(turn, session, busy);
  if (isAnswer) reconsider(turn, session);
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
  if (connection.statement === null && connection.askedAt === null && !isChange) return;
  turn.patchConnection(connection.id, { statement: null, askedAt: null });
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

/** A question from the future was asked before the clock was set back: it does not count. */
const isAsked = ({ now }: Turn, { askedAt }: Connection): boolean => askedAt !== null && askedAt <= now;

export const isSilent = (turn: Turn, connection: Connection): boolean =>
  isAsked(turn, connection) && turn.now >= (connection.askedAt ?? 0) + turn.state.policy.askTimeoutMs;

/** Asks the session to state that it is there. Each question is asked once; a polled session states it in its next call. */
export function ask(turn: Turn, session: Session): void {
  const connection = turn.connectionOf(session);
  if (connection === undefined || connection.polling !== undefined || isAsked(turn, connection)) return;
  turn.patchConnection(connection.id, { askedAt: turn.now });
  turn.send(session, { type: "next" });
  turn.reattached.add(session.id);
}
