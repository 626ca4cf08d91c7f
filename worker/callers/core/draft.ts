/** The working copy of one transition. Nothing of it outlives the call. */

import type { LossReason } from "../../../shared/errors.ts";
import type { Effect, Event, Subject } from "./events.ts";
import type { Component, ContenderState, Term } from "./state.ts";

export type ComponentDraft = { -readonly [K in keyof Component]: Component[K] };

export type Draft = {
  -readonly [K in keyof Omit<ContenderState, "components">]: ContenderState[K];
} & {
  components: ComponentDraft[];
  readonly effects: Effect[];
  readonly now: number;
  readonly random: number;
};

export const draftOf = (state: ContenderState, { now, random }: Pick<Event, "now" | "random">): Draft => ({
  ...state,
  components: state.components.map((component) => ({ ...component })),
  effects: [],
  now,
  random,
});

export function stateOf({ effects: _, now: __, random: ___, ...state }: Draft): ContenderState {
  return state;
}

export function replaceTerm(draft: Draft, old: Term, term: Term): void {
  draft.terms = draft.terms.map((other) => (other === old ? term : other));
}

/**
 * The term is over for its users, and stays until they have stopped or the drain time is over: until then it is named in
 * every call, whatever the group has answered, so that nobody else leads while something still runs in its lease (S9).
 */
export function endTerm(
  draft: Draft,
  term: Term,
  reason: LossReason,
  { drainMs = Infinity, successor }: { readonly drainMs?: number; readonly successor?: string } = {},
): void {
  if (term.stage === "ending") return;
  const drainUntil = draft.now + Math.min(drainMs, draft.settings.drainMs ?? Infinity, draft.drainMs);
  replaceTerm(draft, term, {
    ...term,
    stage: "ending",
    drainUntil,
    ...(successor !== undefined && { successor }),
  });
  for (const component of draft.components) stopIn(draft, component, term, reason);
}

export function endTerms(draft: Draft, reason: LossReason): void {
  for (const term of draft.terms) endTerm(draft, term, reason);
}

/** Takes a component that is granted in the term out of it. */
export function stopIn(draft: Draft, component: ComponentDraft, term: Term, reason: LossReason): void {
  const { phase } = component;
  if (phase.type !== "granted" || phase.leaderSessionId !== term.leaderSessionId) return;
  component.phase = { type: "draining", leaderSessionId: term.leaderSessionId };
  draft.effects.push({ type: "revoke", subject: subjectOf(component, term), reason });
}

export const subjectOf = ({ info, election }: Component, { leaderSessionId, epoch }: Term): Subject => ({
  component: info.component,
  election,
  leaderSessionId,
  epoch,
});
