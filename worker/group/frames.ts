/** What each frame of a client does. The switches are total by type: each message has one rule. */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { MESSAGE_BURST } from "../../shared/protocol/limits.ts";
import type {
  Confirm,
  Observe,
  Priority,
  Register,
  Release,
  Renew,
  Resign,
  Unobserve,
} from "../../shared/protocol/messages.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { draw } from "./bucket.ts";
import { addContender, joinPresent, removeContender } from "./contenders.ts";
import { spreadOf } from "./crowd.ts";
import type { EventBody, SessionMessage } from "./events.ts";
import { greet } from "./greeting.ts";
import { confirm, sendSnapshot, watch } from "./observers.ts";
import { refuse } from "./refusal.ts";
import { IN_DEBT, isInDebt } from "./row-debt.ts";
import { forget, hangUp, hangUpOn, showLife } from "./sessions.ts";
import type { Connection, Session } from "./state.ts";
import { recordStatement } from "./statements.ts";
import { renew, stepDown } from "./terms.ts";
import { tryComponent } from "./tries.ts";
import type { Turn } from "./turn.ts";

type FrameEvent = Extract<EventBody, { readonly type: "frame" }>;

/** Drops the frames of a connection that the group no longer knows (S7). */
export function receive(turn: Turn, event: FrameEvent): void {
  const connection = turn.state.connections.get(event.connection);
  if (connection === undefined) return;
  if (!mayPass(turn, connection, event)) {
    hangUp(turn, connection, CLOSE.tooMany, "too many messages a second: send fewer, or watch and contend for less");
    return;
  }
  const { frame } = event;
  switch (frame.type) {
    case "oversized":
      return hangUp(
        turn,
        connection,
        CLOSE.tooLarge,
        `a frame has at most ${turn.state.policy.limits.messageBytes} bytes`,
      );
    case "invalid":
      return hangUp(turn, connection, CLOSE.protocolViolation, frame.problem);
    case "hello":
      if (connection.sessionId === null) return greet(turn, connection, frame);
      return hangUp(turn, connection, CLOSE.protocolViolation, "hello must come once, as the first message");
    case "message":
      return take(turn, connection, frame.message);
    default:
      return unreachable(frame);
  }
}

function take(turn: Turn, connection: Connection, message: SessionMessage): void {
  const session = turn.sessionOf(connection);
  if (session === undefined) hangUp(turn, connection, CLOSE.protocolViolation, "the first message must be hello");
  else handle(turn, unmute(turn, session), message);
}

/** Any real message shows that the session's code is alive, so it may be asked again (S11). */
function unmute(turn: Turn, session: Session): Session {
  if (!session.mute) return session;
  if (session.link.type === "connected") turn.patchConnection(session.link.connection, { asked: null });
  turn.reattached.add(session.id);
  return turn.putSession({ ...session, mute: false });
}

function handle(turn: Turn, session: Session, message: SessionMessage): void {
  switch (message.type) {
    case "register":
      return register(turn, session, message);
    case "deregister":
      return deregister(turn, session, message.component);
    case "renew":
      return renewAll(turn, session, message);
    case "confirm":
      return publish(turn, session, message);
    case "resign":
    case "release":
      return stop(turn, session, message);
    case "priority":
      return setPriority(turn, session, message);
    case "observe":
    case "unobserve":
      return observe(turn, session, message);
    case "bye":
      forget(turn, session, "closed");
      return hangUpOn(turn, session, CLOSE.normal, "bye");
    default:
      return unreachable(message);
  }
}

function register(turn: Turn, present: Session, message: Register): void {
  if (message.try) return tryComponent(turn, present, message);
  const { id } = present;
  const refusal = addContender(turn, id, message, "new");
  const session = turn.session(id);
  if (session === undefined) return;
  turn.send(session, refusal ?? { type: "registered", component: message.component });
  if (refusal === null) joinPresent(turn, session, message.component);
}

function deregister(turn: Turn, session: Session, component: string): void {
  const known = removeContender(turn, session.id, component, "end");
  turn.send(
    session,
    known
      ? { type: "deregistered", component }
      : refuse("unknown_component", `this session does not contend for ${component}`, { component }),
  );
}

function renewAll(turn: Turn, session: Session, message: Renew): void {
  const { sentAt, held } = message;
  const kept = held.filter((leaderSessionId) => renew(turn, session, leaderSessionId));
  if (held.length === 0) showLife(turn);
  recordStatement(turn, session.id, message);
  turn.send(session, { type: "renewed", sentAt, held: kept, ...spreadOf(turn.state) });
}

function publish(turn: Turn, session: Session, message: Confirm): void {
  const { id, component, leaderSessionId } = message;
  const refusal = confirm(turn, session, message);
  turn.send(
    session,
    refusal === null
      ? { type: "confirmed", id, component, leaderSessionId }
      : refuse(refusal.code, refusal.message, { id, component }),
  );
}

/** `resign` and `release` mean the same; a client sends the first of its own accord, the second after a `revoke`. */
function stop(turn: Turn, session: Session, message: Resign | Release): void {
  const refusal = stepDown(turn, session, message);
  if (refusal !== null) turn.send(session, refusal);
  // After the end of the term, which voids what was stated while it ran.
  const { sentAt, busy } = message;
  if (sentAt !== undefined) recordStatement(turn, session.id, { sentAt, ...(busy && { busy }) });
}

/** In debt its socket is closed: its next `hello` has the priority. */
function setPriority(turn: Turn, session: Session, { priority, component }: Priority): void {
  const connection = turn.connectionOf(session);
  if (connection !== undefined && isInDebt(turn, connection.access))
    return hangUp(turn, connection, CLOSE.tooMany, IN_DEBT);
  if (component === undefined) {
    if (priority === session.priority) return;
    charge(turn, turn.putSession({ ...session, priority }), Math.floor(session.places.size / PLACES));
    return;
  }
  const contender = session.contenders.get(component);
  if (contender === undefined) {
    turn.send(session, refuse("unknown_component", `this session does not contend for ${component}`, { component }));
  } else if (contender.election === "process") {
    const remedy = `${component} runs in the process election: set the priority of the process`;
    turn.send(session, refuse("election_mismatch", remedy, { component }));
  } else if (contender.priority !== priority) {
    const contenders = session.contenders.set(component, { ...contender, priority });
    turn.putSession({ ...session, contenders }, [contender.election]);
  }
}

function observe(turn: Turn, { id, watched }: Session, { type, components }: Observe | Unobserve): void {
  const on = type === "observe";
  const named = new Set(components === true ? [] : components);
  const others = watched.names.filter((name) => !named.has(name));
  const all = components === true ? on : watched.all;
  const refusals = watch(turn, id, { all, names: on ? [...others, ...named] : others });
  const session = turn.session(id);
  if (session === undefined) return;
  for (const refusal of refusals) turn.send(session, refusal);
  const isHeard = components === true ? session.watched.all : refusals.length === 0 || isWatched(session, named);
  if (on && isHeard) charge(turn, session, Math.floor(sendSnapshot(turn, session) / SNAPSHOT_CHARACTERS));
}

const isWatched = ({ watched }: Session, named: ReadonlySet<string>): boolean =>
  watched.names.some((name) => named.has(name));

/** A frame counts once more for each of these: reading it takes as long as reading that many small ones. */
const FRAME_CHARACTERS = 16_384;

/**
 * Whether a frame is within the rate of its connection. A renewal that is due passes in any case: a session that sends
 * too much must not lose its lease by that.
 */
function mayPass(turn: Turn, connection: Connection, { frame, characters = 0 }: FrameEvent): boolean {
  const { limits, lease } = turn.state.policy;
  const flow = { burst: MESSAGE_BURST, perSecond: limits.messagesPerSecond };
  const more = Math.min(Math.floor(characters / FRAME_CHARACTERS), MESSAGE_BURST / 2); // the first frame passes, however long
  const frames = draw(connection.frames, turn.now, flow, 1 + more);
  const renews = frame.type === "message" && frame.message.type === "renew";
  const due = renews && turn.now - connection.renewedAt >= lease.renewEveryMs / 2;
  if (frames === null && !due) return false;
  const part = { ...(frames !== null && { frames }), ...(renews && { renewedAt: turn.now }) };
  turn.hear(connection.id, turn.now, part);
  return true;
}

/** A frame that asks for a snapshot counts once more for each of these that the snapshot has. */
const SNAPSHOT_CHARACTERS = 131_072;
/** A frame that moves its session in many queues counts once more for each of so many. */
const PLACES = 16;

/** Counts a frame that many times more, after it was carried out. */
function charge(turn: Turn, session: Session, more: number): void {
  const connection = turn.connectionOf(session);
  if (connection === undefined || more === 0) return;
  turn.patchConnection(connection.id, { frames: { ...connection.frames, tokens: connection.frames.tokens - more } });
}
