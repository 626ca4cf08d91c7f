/**
 * Contenders without a socket: each call names what its session wants, and is answered in the same turn. The session is
 * like any other, and stands in the same queue; a call counts as its connection until the poll deadline.
 *
 * A call whose session has no connection (it missed the deadline, or the object is a new one) resumes it (S9). Calls are
 * ordered by `attempt`, which is stored whenever a call changes what is stored of its session; a call at or below it is
 * refused. So an abandoned call that arrives late can't end what a later one has won. It can win something only if the
 * later ones changed no row and the object has died since; nobody acts by that, and the next campaign, which does not
 * name it, ends it.
 */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { Refusal } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { firstAllowances } from "./bucket.ts";
import { settle } from "./deadlines.ts";
import { componentsIn } from "./election.ts";
import type {
  CampaignAction,
  EventBody,
  HeldLeadership,
  Outcome,
  PollAction,
  PollAnswer,
  PollCall,
  PollRefusal,
} from "./events.ts";
import { confirm, watch } from "./observers.ts";
import {
  type Arrival,
  begin,
  comeBack,
  contendAs,
  forget,
  hangUpOn,
  NOTHING_WATCHED,
  ownsSecret,
  settleHeld,
  showLife,
  whyFull,
} from "./sessions.ts";
import type { Access, Connection, Session } from "./state.ts";
import { endCall, NOTHING_STATED, reconsider, recordStatement } from "./statements.ts";
import { renew, stepDown } from "./terms.ts";
import { dropUnled } from "./tries.ts";
import type { Turn } from "./turn.ts";

type PollEvent = Extract<EventBody, { readonly type: "poll" }> & { readonly access: Access };

/** Carries out the call and replies `polled`, or replies `refused`; then nothing has changed. */
export function poll(turn: Turn, event: PollEvent): void {
  turn.reply(event.request, refusal(turn, event) ?? answer(turn, event));
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
  if (call.action.type !== "campaign")
    return refused("unknown_session", "this session is over, or the secret is wrong: campaign again without a session");
  const full = whyFull(turn, access, call.action.contenders.length);
  return full === null ? null : refused("limit_exceeded", full);
}

function callerOf(turn: Turn, { session: claim }: PollCall): Session | undefined {
  const session = claim === undefined ? undefined : turn.session(claim.sessionId);
  return session !== undefined && ownsSecret(session, claim?.presentedHash ?? null) ? session : undefined;
}

function answer(turn: Turn, event: PollEvent): PollAnswer {
  const { call } = event;
  const before = callerOf(turn, call);
  const connection = before?.link.type === "polled" ? turn.connectionOf(before) : undefined;
  const isPresent = before !== undefined && connection !== undefined;
  const id = isPresent ? goOn(turn, event, before, connection) : arrive(turn, event, before);
  const { extended, ...told } = act(turn, id, call);
  settle(turn);
  if (turn.session(id) !== before) stamp(turn, id, call);
  endCall(turn, id);
  return {
    type: "polled",
    sessionId: id,
    secret: isPresent ? null : call.secret.secret,
    resumed: before !== undefined,
    leaderships: leaderships(turn, id, extended),
    lease: turn.state.policy.lease,
    drainMs: turn.state.policy.drainMs,
    pollEveryMs: pollEveryMs(turn, call.action),
    ...told,
  };
}

/** Stores the attempt, in a row that is written anyway. */
const stamp = (turn: Turn, id: string, { session }: PollCall): void => {
  if (session !== undefined) turn.patchSession(id, { attempt: session.attempt }, []);
};

/** At most D, for which a lost session is kept. */
function pollEveryMs(turn: Turn, action: PollAction): number {
  const { durationMs } = turn.state.policy.lease;
  const asked = action.type === "campaign" ? action.pollEveryMs : undefined;
  return Math.min(asked ?? Math.floor(durationMs / 2), durationMs);
}

const pollUntil = (turn: Turn, action: PollAction): number =>
  turn.now + pollEveryMs(turn, action) + turn.state.policy.askTimeoutMs;

/** Begins a session, or resumes one. Returns its id. */
function arrive(turn: Turn, { connection, access, call }: PollEvent, known: Session | undefined): string {
  const { policy } = turn.state;
  turn.putConnection({
    id: connection,
    helloUntil: turn.now + policy.helloTimeoutMs,
    heardAt: turn.now,
    sessionId: null,
    access,
    ...firstAllowances(policy.limits, turn.now),
    polling: { attempt: call.session?.attempt ?? 0, until: pollUntil(turn, call.action), mayAskReplaced: true },
    ...NOTHING_STATED,
  });
  const arrival: Arrival = { link: { type: "polled", connection }, ...profileOf(call.action, known) };
  if (known === undefined) return begin(turn, arrival, call.secret.hash);
  const previousSecretHash = call.session?.presentedHash ?? null;
  const attempt = call.session?.attempt ?? known.attempt;
  comeBack(turn, known, arrival, { secretHash: call.secret.hash, previousSecretHash, attempt });
  watch(turn, known.id, NOTHING_WATCHED);
  return known.id;
}

/** For a session that is present: writes no row where the call changes nothing. Returns its id. */
function goOn(turn: Turn, { access, call }: PollEvent, session: Session, connection: Connection): string {
  const { action } = call;
  // Only a campaign says when its caller calls again; other calls in between must not shorten that.
  const asked = action.type === "campaign" ? 0 : (connection.polling?.until ?? 0);
  const polling = {
    attempt: call.session?.attempt ?? 0,
    until: Math.max(pollUntil(turn, action), asked),
    mayAskReplaced: call.session?.presentedHash !== session.secretHash,
  };
  turn.putConnection({ ...connection, access, polling });
  reconsider(turn, session); // elections wait for it until then
  wake(turn, session, action);
  return session.id;
}

const profileOf = (action: PollAction, known: Partial<Session> = {}): Pick<Session, "priority" | "process"> => {
  const { priority = known.priority ?? 0, process = known.process ?? {} } = action.type === "campaign" ? action : {};
  return { priority, process };
};

const accepts = (action: PollAction, name: ElectionName): boolean => {
  if (action.type !== "campaign") return false;
  return typeof action.accept === "boolean" ? action.accept : action.accept.includes(name);
};

/** A call is a sign of life. */
function wake(turn: Turn, session: Session, action: PollAction): void {
  const { priority, process } = profileOf(action, session);
  const leaseMs = turn.state.policy.lease.durationMs; // the one in the answer
  showLife(turn);
  const same = priority === session.priority && leaseMs === session.leaseMs;
  if (same && JSON.stringify(process) === JSON.stringify(session.process)) return;
  turn.putSession({ ...session, priority, process, leaseMs });
}

interface Done extends Pick<PollAnswer, "refusals" | "tried"> {
  /** Ids of the leaderships that the call was granted or has extended. */
  readonly extended: readonly string[];
}

function act(turn: Turn, id: string, call: PollCall): Done {
  const { action } = call;
  const session = turn.session(id);
  if (session === undefined) return { extended: [], refusals: [] };
  switch (action.type) {
    case "campaign":
      return campaign(turn, id, action, call);
    case "renew":
      return { extended: action.held.filter((held) => renew(turn, session, held)), refusals: [] };
    case "confirm":
      return { extended: [], refusals: listOf(confirm(turn, session, action)) };
    case "resign":
      return { extended: [], refusals: listOf(stepDown(turn, session, action)) };
    case "bye":
      leave(turn, session);
      return { extended: [], refusals: [] };
    default:
      return unreachable(action);
  }
}

const listOf = (refusal: Refusal | null): readonly Refusal[] => (refusal === null ? [] : [refusal]);

/** Ends what is not named before it is granted anything new (S9). What it accepts counts for this call only. */
function campaign(turn: Turn, id: string, action: CampaignAction, call: PollCall): Done {
  const refusals = contendAs(turn, id, action.contenders);
  const kept = settleHeld(turn, id, action.held);
  const before = turn.session(id);
  if (before === undefined) return { extended: kept, refusals };
  const held = new Set(turn.termsOf(before).map(({ name }) => name));
  const busy = [...before.places.keys()].filter((name) => !held.has(name) && !accepts(action, name));
  const statement = { sentAt: turn.now, busy };
  recordStatement(turn, id, statement);
  const tried = action.try ? dropUnled(turn, id) : null;
  if (tried !== null && tried.length > 0) recordStatement(turn, id, statement); // which that has taken back
  settle(turn);
  const granted = turn.termsOf(turn.session(id) ?? before).filter(({ name }) => !held.has(name));
  if (granted.length > 0) stamp(turn, id, call);
  if (tried !== null) leaveIfAlone(turn, id);
  const extended = [...kept, ...granted.map(({ state }) => state.leaderSessionId)];
  return { extended, refusals, ...(tried !== null && { tried }) };
}

/** A try that has left everything leaves no session. */
function leaveIfAlone(turn: Turn, id: string): void {
  const session = turn.session(id);
  if (session !== undefined && session.contenders.size === 0 && turn.termsOf(session).length === 0)
    leave(turn, session);
}

function leave(turn: Turn, session: Session): void {
  forget(turn, session, "closed");
  hangUpOn(turn, session, CLOSE.normal, "bye");
}

function leaderships(turn: Turn, id: string, extended: readonly string[]): HeldLeadership[] {
  const session = turn.session(id);
  if (session === undefined) return [];
  const told = new Set(extended);
  return turn.termsOf(session).flatMap(({ name, state }) => {
    if (!told.has(state.leaderSessionId)) return [];
    const { leaderSessionId, epoch } = state;
    const components = componentsIn(session, name);
    const revoked = state.type === "revoking" && {
      reason: state.reason,
      drainMs: Math.max(0, state.drainUntil - turn.now),
    };
    return [{ election: name, leaderSessionId, epoch, components, ...(revoked && { revoked }) }];
  });
}
