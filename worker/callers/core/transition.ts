/**
 * The core of a contender that can't hold a socket: it asks instead. Pure: the time and randomness are fields of the
 * event, effects are data, and after each event the shell stores what has changed before it executes them.
 *
 * It leads only by answers to its own calls, each from the time of its question (S1), never by one that came after the
 * deadline (S6) or that a later question has replaced (S7). The group is told of the end of a term only after everything
 * has stopped, or had its drain time (S2). Grants and revokes of a component alternate, across incarnations (C1).
 */
import { endTerms, expireLeases, grantWaiting, resignUnready } from "../../../shared/holder/holder.ts";
import { isStopping } from "../../../shared/holder/state.ts";
import { isSame } from "../../../shared/same.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { answered, fail, failed, speak } from "./calls.ts";
import { type Draft, draftOf, effectsOf, stateOf } from "./draft.ts";
import type { Effect, Event } from "./events.ts";
import { type Contender, type ContenderState, drainsIn, isDeparting, type Term, unreleasedIn } from "./state.ts";
import { adoptSettings, confirm, finish, resign, settled } from "./terms.ts";

export interface Transition {
  /** The same reference where nothing has changed. */
  readonly state: ContenderState;
  readonly effects: readonly Effect[];
}

export function transition(before: ContenderState, event: Event): Transition {
  const draft = draftOf(before, event);
  watchClock(draft);
  expireLeases(draft);
  loseLateCall(draft);
  apply(draft, event);
  adoptSettings(draft);
  expireLeases(draft);
  resignUnready(draft);
  finish(draft);
  grantWaiting(draft);
  speak(draft);
  tellWaiting(draft, before);
  const after = stateOf(draft);
  return { state: isSame(after, before) ? before : after, effects: effectsOf(draft) };
}

/** Tells those who wait what this event has brought to its end. */
function tellWaiting(draft: Draft, before: ContenderState): void {
  const drains = drainsIn(draft);
  const unreleased = unreleasedIn(draft);
  for (const drain of drainsIn(before)) {
    const isRunning = drains.some((other) => isSame(drain, other));
    if (!isRunning) draft.effects.push({ type: "stopped", ...drain });
  }
  for (const leaderSessionId of unreleasedIn(before)) {
    if (!unreleased.includes(leaderSessionId)) draft.effects.push({ type: "released", leaderSessionId });
  }
  for (let change = before.changesTold + 1; change <= draft.changesTold; change += 1) {
    draft.effects.push({ type: "heard", change });
  }
}

/** A clock that was set back must not lengthen anything: what lay ahead lies as far ahead as when it was last seen. */
function watchClock(draft: Draft): void {
  const back = draft.seenAt - draft.now;
  draft.seenAt = draft.now;
  if (back <= 0) return;
  draft.nextAt -= back;
  draft.quietUntil -= back;
  draft.terms = draft.terms.map((term) => shortenTerm(term, back));
  draft.stayOuts = draft.stayOuts.map(({ election, until }) => ({ election, until: until - back }));
  draft.contenders = draft.contenders.map((contender) => ({
    ...contender,
    phase: shortenDrain(contender.phase, back),
  }));
  if (draft.call !== null) {
    draft.call = { ...draft.call, at: draft.call.at - back, answerUntil: draft.call.answerUntil - back };
  }
}

const shortenTerm = (term: Term, ms: number): Term => ({
  ...term,
  leaseUntil: term.leaseUntil - ms,
  ...(term.stage === "ending" && { drainUntil: term.drainUntil - ms }),
});

const shortenDrain = (phase: Contender["phase"], ms: number): Contender["phase"] =>
  isStopping(phase) ? { ...phase, drainUntil: phase.drainUntil - ms } : phase;

function loseLateCall(draft: Draft): void {
  const { call } = draft;
  if (call === null || call.answerUntil > draft.now) return;
  draft.call = null;
  draft.isLate = true;
  fail(draft, call);
}

function apply(draft: Draft, event: Event): void {
  switch (event.type) {
    case "start":
      if (draft.activity === "stopped") draft.nextAt = draft.now;
      draft.activity = isDeparting(draft) ? "returning" : "running";
      return;
    case "change":
      draft.settings = event.settings;
      draft.changes += 1;
      return;
    case "close":
      if (draft.activity === "returning") draft.activity = "leaving";
      if (draft.activity !== "running") return;
      draft.activity = "leaving";
      draft.changesTold = draft.changes;
      draft.failures = draft.quietUntil = 0;
      return endTerms(draft, "closed");
    case "tick":
      return;
    case "answered":
      return answered(draft, event);
    case "failed":
      return failed(draft, event);
    case "inquire":
      draft.inquiredAt = draft.sentAt;
      return;
    case "settled":
      return settled(draft, event);
    case "resign":
      return resign(draft, event);
    case "confirm":
      return confirm(draft, event);
    default:
      return unreachable(event);
  }
}
