/**
 * The group core: what one process group's backend does, as a pure function.
 *
 * Guaranteed (S1-S7): at most one session leads an election at any time, if two assumptions about clocks hold. The clocks of
 * hosts differ by at most the clock margin. R on a client's clock, plus any forward step of the server's clock, takes at
 * most D. An election with a candidate that answers does not stay vacant.
 *
 * Not guaranteed (S13): a holder that is paused between its check and its act may act late. The resource has to compare epochs.
 *
 * The host calls `transition`, writes `rowChanges` in the same synchronous turn, moves its alarm to `nextDeadline` if
 * that is earlier, then executes the effects in order. It decides nothing.
 *
 * Entry of the room `worker/group`. In `worker/`, all rooms but `fence` and `pages` may import it, and so may
 * `testing/`; it imports `shared/`. It never sees a platform: time, nonces and hashes are fields of the event.
 */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { firstAllowances } from "./bucket.ts";
import { putConnections } from "./bulk-load.ts";
import { expire, settle, updateDeadline } from "./deadlines.ts";
import type { AttachedLease, Attachment, Effect, EventBody, GroupEvent } from "./events.ts";
import { receive } from "./frames.ts";
import { followIdle, isOver } from "./idle.ts";
import { answerRun, forgetJob } from "./jobs.ts";
import {
  answerRestore,
  cleanup,
  configure,
  finishRestore,
  pause,
  prepareRestore,
  purge,
  revoke,
} from "./maintenance.ts";
import { announceChanges, setWatched } from "./observers.ts";
import { closeVanished, look } from "./paths.ts";
import { poll } from "./polls.ts";
import { charge } from "./row-debt.ts";
import { emptyGroup, rowChanges } from "./rows.ts";
import { lose, loseSocket } from "./sessions.ts";
import type { Access, Connection, GroupState, Session, Watched } from "./state.ts";
import { isSilent, NOTHING_STATED } from "./statements.ts";
import { withdrawOrphans } from "./terms.ts";
import { type Touched, Turn } from "./turn.ts";

export { nextDeadline } from "./deadlines.ts";

const EVERYTHING: Access = { role: "admin" };

export interface Transition {
  readonly state: GroupState;
  readonly effects: readonly Effect[];
  /** What may have to be written: for `rowChanges`. */
  readonly touched: Touched;
  /** Everything that is stored is to be deleted, in place of rows to write. */
  readonly purged: boolean;
}

/** The next state of the group; the same reference where nothing has changed. */
export function transition(state: GroupState, event: GroupEvent): Transition {
  const turn = new Turn(state, event.now, event.nonce);
  if (event.type === "start") adoptAll(turn, event.attachments);
  if (event.type === "adopt") adoptSome(turn, event.attachments);
  expire(turn);
  const payer = payerOf(turn, event);
  const lapsed = payer === null ? 0 : causedRows(state, turn);
  apply(turn, event);
  settle(turn);
  if (payer !== null && charge(turn, payer, causedRows(state, turn) - lapsed)) passOver(turn);
  answerRestore(turn);
  announceChanges(turn);
  followIdle(turn);
  // Attachments come first: if a send fails, the exact deadline of what it promised is kept.
  const effects = attachments(turn);
  for (const effect of turn.effects) effects.push(effect);
  const { purged, touched } = turn;
  return { state: purged ? emptyGroup(turn.state.policy) : turn.state, effects, touched, purged };
}

/** By whose credentials the rows are caused; `null`: nobody counts them. */
function payerOf({ state }: Turn, event: EventBody): Access | null {
  const polls = event.type === "poll" || event.type === "run" ? (event.access ?? EVERYTHING) : null;
  const access = event.type === "frame" ? state.connections.get(event.connection)?.access : polls;
  return access === undefined || access?.role === "admin" ? null : access;
}

/** A subject is in debt from now on, or for longer: whatever waits for one of its sessions, or for a rival, is decided anew. */
function passOver(turn: Turn): void {
  const { elections, policy } = turn.state;
  for (const { name, state } of elections.values())
    if (state.type === "vacant" || policy.preempt) turn.undecided.add(name);
  settle(turn);
}

/** Rows of this turn so far. A lease whose end is only moved on is free: its row comes once in W, whatever a peer does. */
const causedRows = (before: GroupState, { state: after, touched }: Turn): number =>
  rowChanges(before, after, touched).filter((change) => {
    const term = change.table === "election" ? termIn(before, change.key) : undefined;
    return term === undefined || change.table !== "election" || term !== termIn(after, change.key);
  }).length;

function termIn({ elections }: GroupState, name: string): string | undefined {
  const state = elections.get(name as ElectionName)?.state;
  return state === undefined || state.type === "vacant" ? undefined : state.leaderSessionId;
}

function apply(turn: Turn, event: EventBody): void {
  switch (event.type) {
    case "adopt":
      return;
    case "tick":
      turn.purged = isOver(turn);
      return;
    case "start":
      return closeVanished(turn);
    case "connect":
      return connect(turn, { ...event, connectedAt: turn.now, sessionId: null });
    case "frame":
      return receive(turn, event);
    case "disconnect":
      return disconnect(turn, event.connection);
    case "look":
      return look(turn, event.paths);
    case "poll":
      return poll(turn, { access: EVERYTHING, ...event });
    case "run":
      return answerRun(turn, event);
    case "revoke":
      return revoke(turn, event);
    case "configure":
      return configure(turn, event.policy);
    case "pause":
      return pause(turn, event.paused);
    case "forget-job":
      return forgetJob(turn, event);
    case "cleanup":
      return cleanup(turn, event);
    case "purge":
      return purge(turn, event.request);
    case "restore":
      return prepareRestore(turn, event.request);
    case "finish-restore":
      return finishRestore(turn);
    default:
      return unreachable(event);
  }
}

type Socket = Pick<Attachment, "connection" | "connectedAt" | "sessionId" | "access" | "heardAt" | "answeredAt">;

function connect(turn: Turn, socket: Socket): void {
  makeRoom(turn);
  turn.putConnection(connectionOf(turn, socket));
}

function connectionOf(turn: Turn, socket: Socket): Connection {
  const { connection: id, connectedAt, sessionId, access = EVERYTHING } = socket;
  const { policy } = turn.state;
  const helloUntil = connectedAt + policy.helloTimeoutMs;
  const heardAt = Math.max(connectedAt, socket.heardAt ?? 0, socket.answeredAt ?? 0);
  // Each by its name, as in `begin`: there is one for each session.
  const { frames, confirms } = firstAllowances(policy.limits, turn.now);
  const { renewedAt, statement, asked, late } = NOTHING_STATED;
  return { id, helloUntil, sessionId, access, heardAt, frames, confirms, renewedAt, statement, asked, late };
}

/**
 * The platform takes 32,768 sockets. Where as many owe their hello as the group takes sessions, the one that has owed it
 * longest is closed: a real client sends its hello at once.
 */
function makeRoom(turn: Turn): void {
  const { silent, policy } = turn.state;
  const oldest = silent.size < policy.limits.sessions ? undefined : silent.first();
  if (oldest !== undefined) turn.close(oldest[1], CLOSE.tooMany, "too many sockets without a hello");
}

/** All live sockets are known: they bring exact leases (S3), and a session without one is lost (S12). */
function adoptAll(turn: Turn, attachments: readonly Attachment[]): void {
  turn.change({ reconciled: true });
  const others = attachments.filter(({ connection }) => !turn.state.connections.has(connection));
  const adopted = others.flatMap((attachment) => adopt(turn, attachment));
  putConnections(turn, [...turn.state.connections.values(), ...adopted]);
  for (const attachment of others) if (attachment.sessionId === null) connect(turn, attachment);
  loseAbsent(turn);
  withdrawOrphans(turn);
  for (const name of turn.state.elections.keys()) {
    turn.undecided.add(name);
    updateDeadline(turn, name); // an exact lease may be over by now, and `expire` comes next
  }
}

/**
 * How many losses one incarnation writes. A group that is evicted soon, again and again, would count an unwritten loss anew
 * each time: so some are written at each wake-up, and forgotten in the end. The rest of a crowd is about to return.
 */
const WRITTEN_LOSSES = 256;

function loseAbsent(turn: Turn): void {
  let written = 0;
  for (const session of turn.state.sessions.values()) {
    if (session.link.type === "lost" || turn.connectionOf(session) !== undefined) continue;
    written += 1;
    if (written > WRITTEN_LOSSES) loseSocket(turn, session);
    else lose(turn, session);
  }
}

/** Some live sockets, before all are known. */
function adoptSome(turn: Turn, attachments: readonly Attachment[]): void {
  for (const attachment of attachments) {
    if (turn.state.connections.has(attachment.connection)) continue;
    for (const connection of adopt(turn, attachment)) turn.putConnection(connection);
    if (attachment.sessionId === null) connect(turn, attachment);
  }
  for (const name of turn.undecided) updateDeadline(turn, name);
}

/** The connection of a session; none for a socket that owes its hello. Closes one that is no longer its session's. */
function adopt(turn: Turn, attachment: Attachment): Connection[] {
  const { connection, sessionId, leases, untaken = [] } = attachment;
  if (sessionId === null) return [];
  const session = turn.session(sessionId);
  if (session?.link.type !== "connected" || session.link.connection !== connection) {
    turn.close(connection, CLOSE.restart, "this socket is no longer its session's: connect again");
    return [];
  }
  for (const lease of leases) bringLease(turn, session, lease, true);
  for (const lease of untaken) bringLease(turn, session, lease, false);
  const { statement = null, busy = [], asked = null, late = false, watched } = attachment;
  if (watched === null) {
    turn.close(connection, CLOSE.restart, "what this session watches was too much to keep: connect again");
    loseSocket(turn, session);
    return [];
  }
  if (watched !== undefined) setWatched(turn, session, watched);
  if (busy.length > 0) turn.patchSession(session.id, { busy }, busy);
  const adopted = { ...connectionOf(turn, attachment), statement, asked, late };
  if (isSilent(turn, adopted)) turn.patchSession(session.id, { mute: true }); // it was, or would be: no turn is missed anew
  return [adopted];
}

function bringLease(turn: Turn, session: Session, lease: AttachedLease, isTaken: boolean): void {
  const [leaderSessionId, leaseUntil] = lease;
  const election = turn.termOf(session, leaderSessionId);
  if (election === undefined) return;
  const { state } = election;
  const acceptedAt = isTaken ? state.acceptedAt : null;
  // A lease that a crash has lengthened reaches beyond the horizon; hibernation must not cut it.
  turn.putState(election.name, { ...state, acceptedAt, leaseUntil: Math.min(leaseUntil, state.leaseUntil) });
}

function disconnect(turn: Turn, id: string): void {
  const connection = turn.state.connections.get(id);
  if (connection === undefined) return;
  turn.forgetConnection(id);
  const session = turn.sessionOf(connection);
  if (session !== undefined) loseSocket(turn, session);
}

/**
 * A socket may carry 16,384 bytes: 2,048 of access, and some 50 for each lease. After hibernation a lease that is not
 * carried lasts as long as after a crash: fail-over is slower, and as safe.
 */
const ATTACHED_LEASES = 256;
/** Each takes up to 140 bytes. What is not carried is forgotten: the session may be granted it, and gives it back. */
const ATTACHED_BUSY = 8;

/** What is left is for the platform's own encoding, which has two bytes a character where a text has any beyond Latin-1. */
const ATTACHED_BYTES = 16_000;

/** What a session watches, unless it is too much: then the client has to send it again. */
function withWatched(attachment: Attachment, watched: Watched): Attachment {
  if (!watched.all && watched.names.length === 0) return attachment;
  const whole = { ...attachment, watched };
  const text = JSON.stringify(whole);
  const bytes = text.length * (/[^\0-\xff]/.test(text) ? 2 : 1);
  return bytes <= ATTACHED_BYTES ? whole : { ...attachment, watched: null };
}

/** The attachments of connections whose leases or statements have changed: they cost no row, and survive hibernation. */
function attachments(turn: Turn): Effect[] {
  const attached: Effect[] = [];
  for (const sessionId of turn.reattached) {
    const session = turn.session(sessionId);
    if (session?.link.type !== "connected") continue;
    const connection = turn.state.connections.get(session.link.connection);
    if (connection === undefined) continue;
    const [leases, untaken]: [AttachedLease[], AttachedLease[]] = [[], []];
    for (const { state } of turn.termsOf(session).slice(0, ATTACHED_LEASES))
      (state.acceptedAt === null ? untaken : leases).push([state.leaderSessionId, state.leaseUntil]);
    const { id, helloUntil, access, statement, asked, late, heardAt } = connection;
    const { busy } = session;
    const attachment: Attachment = {
      connection: id,
      connectedAt: helloUntil - turn.state.policy.helloTimeoutMs,
      heardAt,
      sessionId,
      leases,
      access,
      ...(untaken.length > 0 && { untaken }),
      ...(statement !== null && { statement }),
      ...(busy.length > 0 && { busy: busy.slice(0, ATTACHED_BUSY) }),
      ...(asked !== null && { asked }),
      ...(late && { late }),
    };
    attached.push({ type: "attach", attachment: withWatched(attachment, session.watched) });
  }
  return attached;
}
