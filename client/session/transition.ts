/**
 * The session core: pure, total by type, and the only place that decides.
 *
 * At most one leader: a contender leads only between a `renewed` that answers its own `renew` and `renewDeadlineMs`
 * after that left (S1); deadlines are looked at before the event that woke us (S6); what has ended never comes back
 * (S7); the server hears of an end only when everything has stopped (S2).
 * Not promised: that whoever is called back stops in time. Only the protected resource can refuse a late leader (S13).
 *
 * Entry of the room `client/session`. `client/` and `testing/` import it; it imports `shared/`. It never sees a
 * platform: time and randomness are fields of the event.
 */
import { lose, maintain, opened, page, pong, renewed, shutdown, welcome } from "./connection.ts";
import {
  advance,
  confirm,
  countGreeted,
  deregister,
  deregistered,
  prioritize,
  refused,
  register,
  registered,
  settled,
} from "./contenders.ts";
import type { Draft } from "./draft.ts";
import { endTerm, expireLeases, finishTerms } from "./ending.ts";
import type { Effect, Event, InputType, Of } from "./events.ts";
import { flush } from "./pace.ts";
import { isSame } from "./same.ts";
import { findTerm, type SessionState } from "./state.ts";
import { grant, revoke } from "./terms.ts";
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
  for (const contender of draft.contenders) {
    if (id !== undefined && contender.confirm?.id === id) contender.confirm = null;
  }
  draft.effects.push(message);
}

/** Of frames that never come between a `welcome` and the errors of its `hello`. */
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
  resign: (draft, message) => {
    const term = findTerm(draft.terms, message.leaderSessionId);
    if (term) endTerm(draft, term, "resigned", Infinity, message);
  },
  priority: prioritize,
  observe,
  unobserve,
  bye: shutdown,
  opened,
  welcome,
  registered: afterErrors(registered),
  deregistered: afterErrors(deregistered),
  grant: afterErrors(grant),
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

const follow = <T extends InputType>(draft: Draft, input: Of<T>): void => rules[input.type](draft, input);

/** Returns the same state where nothing has changed and nothing is to be done. The effects are to be executed in their order. */
export function transition(
  state: SessionState,
  { now, since = now, random, connection = state.attempt, input }: Event,
): { readonly state: SessionState; readonly effects: readonly Effect[] } {
  const draft: Draft = {
    ...state,
    contenders: state.contenders.map((contender) => ({ ...contender })),
    terms: state.terms.map((term) => ({ ...term })),
    now,
    since,
    random,
    effects: [],
  };
  expireLeases(draft);
  // Frames of a connection that is not the current one are nobody's concern any more.
  if (connection === state.attempt) follow(draft, input);
  expireLeases(draft);
  finishTerms(draft);
  advance(draft);
  maintain(draft);
  flush(draft);
  const { now: _now, since: _since, random: _random, effects, ...next } = draft;
  const isNew = effects.length > 0 || !isSame(next, state);
  return { state: isNew ? next : state, effects };
}
