/**
 * The session core: pure, total by type, and the only place that decides.
 *
 * At most one leader: a process leads R (`renewDeadlineMs`) from when it SENT what the group answered or granted by
 * (S1); deadlines are looked at before the event that woke us (S6); what has ended never comes back, and no component
 * starts by what was stated before it left (S7); the server is told of an end only when everything has stopped (S2).
 * Not promised: that a callback stops in time. Only the protected resource can refuse a late leader (S13).
 *
 * Entry of the room `client/session`. Only the other rooms of `client/`, `testing/` and tests may import it; it imports
 * `shared/`. It never sees a platform: time and randomness are fields of the event.
 */
import { expireLeases, finishTerms, resign, resignUnready, type Transport } from "../../shared/holder/holder.ts";
import { isSame } from "../../shared/same.ts";
import { answer, inquire, lose, maintain, opened, page, pong, renewed, shutdown, welcome } from "./connection.ts";
import {
  advance,
  confirm,
  countGreeted,
  deregister,
  deregistered,
  granted,
  prioritize,
  refused,
  register,
  registered,
  setReady,
  settled,
  tried,
  withdrawConfirm,
} from "./contenders.ts";
import type { Draft } from "./draft.ts";
import type { Effect, Event, InputType, Of } from "./events.ts";
import { overtakenSays } from "./overtaken.ts";
import { flush, jump } from "./pace.ts";
import { type Contender, maxDrainMs, mayStand, type SessionState } from "./state.ts";
import { dropped, revoke } from "./terms.ts";
import { observe, refuseWatch, unobserve } from "./watching.ts";

const ignore = (): void => {};
const deliver = ({ effects }: Draft, message: Of<"confirmed" | "leaders">): void => {
  effects.push(message);
};

/** What is refused is not asked for again by the next `hello` or after it. */
function refuse(draft: Draft, message: Of<"error">): void {
  const { id, observed } = message;
  if (refused(draft, message)) return;
  if (observed !== undefined) return refuseWatch(draft, { ...message, observed });
  if (id !== undefined) withdrawConfirm(draft, id);
  draft.effects.push(message);
}

/** For frames that never come between a `welcome` and the errors of its `hello`. */
const afterErrors =
  <I>(rule: (draft: Draft, input: I) => void) =>
  (draft: Draft, input: I): void => {
    countGreeted(draft);
    rule(draft, input);
  };

/** One rule for each input, total by type. */
const rules: { readonly [T in InputType]: (draft: Draft, input: Of<T>) => void } = {
  register,
  deregister,
  settled,
  confirm,
  resign: (draft, { leaderSessionId, successor, stayOutMs }) =>
    resign(draft, { type: "resign", leaderSessionId, ...(successor !== undefined && { successor }) }, stayOutMs),
  ready: setReady,
  priority: prioritize,
  inquire,
  observe,
  unobserve,
  bye: shutdown,
  opened,
  welcome,
  registered: afterErrors(registered),
  tried: afterErrors(tried),
  deregistered: afterErrors(deregistered),
  grant: afterErrors(granted),
  next: afterErrors(answer),
  renewed: afterErrors(renewed),
  revoke: afterErrors(revoke),
  confirmed: afterErrors(deliver),
  leaders: afterErrors(deliver),
  error: refuse,
  pong,
  lost: lose,
  page,
  tick: ignore,
};

const applyRule = <T extends InputType>(draft: Draft, input: Of<T>): void => rules[input.type](draft, input);

/** Returns the same state where nothing has changed and nothing is to be done. The effects are to be executed in their order. */
export function transition(
  state: SessionState,
  { now, since = now, jumped = state.jumped, random, connection = state.attempt, input }: Event,
): { readonly state: SessionState; readonly effects: readonly Effect[] } {
  const draft = draftOf(state, now, since, random);
  jump(draft, jumped);
  // What is over by now is over before anything names it (S6, S10).
  expireLeases(draft);
  finishTerms(draft);
  // Frames of any other connection are dropped.
  if (connection === state.attempt || overtakenSays(draft, connection, input)) applyRule(draft, input);
  expireLeases(draft);
  resignUnready(draft);
  finishTerms(draft);
  advance(draft);
  maintain(draft);
  flush(draft);
  tellStage(draft, state);
  const next = stateOf(draft);
  const isNew = draft.effects.length > 0 || !isSame(next, state);
  return { state: isNew ? next : state, effects: draft.effects };
}

/** Whether the session has begun to be needed, or ended, by this event. */
function tellStage({ connection, effects }: Draft, before: SessionState): void {
  const { type } = connection;
  if (type === before.connection.type) return;
  if (type === "idle" || type === "closed") effects.push({ type });
  else if (before.connection.type === "idle") effects.push({ type: "started" });
}

const transport: Transport<Contender, Draft> = {
  maxDrainMs,
  isUncounted: (contender) => !mayStand(contender),
  isTry: ({ tries }) => tries === true,
  dropped,
};

const draftOf = (state: SessionState, now: number, since: number, random: number): Draft => ({
  ...state,
  now,
  since,
  random,
  contenders: [...state.contenders],
  terms: [...state.terms],
  effects: [],
  transport,
});

/** Field by field: a copy of all but some fields took a sixth of a client's time. */
function stateOf(draft: Draft): Required<SessionState> {
  return {
    settings: draft.settings,
    priority: draft.priority,
    contenders: draft.contenders,
    terms: draft.terms,
    endedEpoch: draft.endedEpoch,
    stayOuts: draft.stayOuts,
    watched: draft.watched,
    connection: draft.connection,
    attempt: draft.attempt,
    attempts: draft.attempts,
    overtaken: draft.overtaken,
    session: draft.session,
    failures: draft.failures,
    refusals: draft.refusals,
    spreadMs: draft.spreadMs,
    nextUntil: draft.nextUntil,
    jumped: draft.jumped,
    sentAt: draft.sentAt,
    inquiredAt: draft.inquiredAt,
    askedAt: draft.askedAt,
    endedIds: draft.endedIds,
    lingerUntil: draft.lingerUntil,
    closing: draft.closing,
  };
}
