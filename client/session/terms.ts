/** How terms begin and go on: offers, joins, renewals, and the server's `revoke`. */
import type { Grant, Revoke } from "../../shared/protocol/messages.ts";
import type { Draft } from "./draft.ts";
import { endTerm } from "./ending.ts";
import { sendFarewell } from "./pace.ts";
import { findTerm } from "./state.ts";

/** An offer, an offer widened, or components that join the leadership (S1, S7). */
export function grant(draft: Draft, message: Grant): void {
  const { leaderSessionId, election, epoch, components, joined } = message;
  const term = findTerm(draft.terms, leaderSessionId);
  // What has ended here never comes back.
  if (term?.stage === "ending" || (!term && epoch <= draft.endedEpoch)) return;
  if (joined ? term?.stage !== "leading" : term?.stage === "leading") {
    draft.effects.push({ type: "violation", message });
    return;
  }
  // S15: a component that has left and come back is another contender, which the group may not know yet.
  const named = draft.contenders.filter(
    (contender) =>
      contender.election === election &&
      contender.standing === "counted" &&
      components.includes(contender.info.component),
  );
  for (const contender of named) contender.named = leaderSessionId;
  if (term) return;
  const farewell = { type: "release", leaderSessionId } as const;
  if (named.some(({ phase }) => phase === "waiting")) {
    draft.terms.push({
      election,
      leaderSessionId,
      epoch,
      stage: "offered",
      leaseUntil: 0,
      drainUntil: Infinity,
      farewell,
    });
    speakNow(draft);
  } else {
    draft.declined = true;
    sendFarewell(draft, farewell);
  }
}

/** Lets the next beat, a real one, come at once. */
export function speakNow(draft: Draft): void {
  if (draft.connection === "open") draft.until = draft.checkAt = draft.now;
}

/** Judges what was asked for by the answer to it. `at`: when the question left. */
export function extendTerms(draft: Draft, asked: readonly string[], held: readonly string[], at: number): void {
  const until = at + (draft.session?.lease.renewDeadlineMs ?? 0);
  for (const leaderSessionId of asked) {
    const term = findTerm(draft.terms, leaderSessionId);
    if (!term) continue;
    if (!held.includes(leaderSessionId)) {
      endTerm(draft, term, "lost");
    } else if (term.stage === "offered" || term.leaseUntil > draft.now) {
      term.leaseUntil = Math.max(term.leaseUntil, until);
      if (term.stage === "offered") term.stage = "leading";
    }
  }
}

export function revoke(draft: Draft, message: Revoke): void {
  const term = findTerm(draft.terms, message.leaderSessionId);
  // Told again after a resume: what drains already keeps the time that it was given.
  if (term?.stage === "ending") return;
  if (term) endTerm(draft, term, message.reason, message.drainMs);
  else if (!draft.endedIds.includes(message.leaderSessionId)) draft.effects.push({ type: "violation", message });
}
