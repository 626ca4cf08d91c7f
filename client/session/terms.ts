/** How terms begin by grants, and how the group and the session tell each other of their ends. */
import { endTerm, endTerms, isContended, isNew, replaceTerm } from "../../shared/holder/holder.ts";
import { findTerm } from "../../shared/holder/state.ts";
import type { Grant, Revoke } from "../../shared/protocol/messages.ts";
import type { Draft } from "./draft.ts";
import { sendFarewell } from "./pace.ts";
import { isRegistered, type Term } from "./state.ts";

/** More than can end while a `revoke` is under way. */
const ENDED_IDS = 16;

/** An offer, an offer widened, or components that join the leadership (S1, S7). */
export function grant(draft: Draft, message: Grant): void {
  const { leaderSessionId, election, epoch, components, joined } = message;
  const term = findTerm(draft.terms, leaderSessionId);
  if (term ? term.stage === "ending" : !isNew(draft, message)) return;
  if (joined ? term?.stage !== "leading" : term?.stage === "leading") {
    draft.effects.push({ type: "violation", message });
    return;
  }
  // S15: a component that has left and come back is another contender, which the group may not know yet.
  const named = draft.contenders.filter(
    (contender) =>
      contender.election === election &&
      contender.standing.type === "counted" &&
      components.includes(contender.info.component),
  );
  const contenders = named.map(({ id }) => id);
  if (term) {
    widen(draft, term, contenders);
  } else if (named.some(({ phase }) => phase.type === "waiting")) {
    draft.terms.push({ stage: "offered", election, leaderSessionId, epoch, contenders });
    renewNow(draft);
  } else {
    draft.declined = true;
    sendFarewell(draft, { type: "release", leaderSessionId });
  }
}

function widen(draft: Draft, term: Term, contenders: readonly number[]): void {
  if (term.stage === "ending") return;
  replaceTerm(draft, term, { ...term, contenders: [...new Set([...term.contenders, ...contenders])] });
}

/** The group refuses the contender: no term grants it until it is named again. */
export function forgetContender(draft: Draft, id: number): void {
  for (const term of draft.terms) {
    if (term.stage === "ending") continue;
    replaceTerm(draft, term, { ...term, contenders: term.contenders.filter((other) => other !== id) });
  }
}

/** Makes the next renewal due immediately. */
export function renewNow(draft: Draft): void {
  const { connection, now } = draft;
  if (connection.type === "open") draft.connection = { ...connection, until: now, checkAt: now };
}

export function revoke(draft: Draft, message: Revoke): void {
  const term = findTerm(draft.terms, message.leaderSessionId);
  if (term) endTerm(draft, term, message.reason, { drainMs: message.drainMs });
  else if (!draft.endedIds.includes(message.leaderSessionId)) draft.effects.push({ type: "violation", message });
}

/** Ends the terms of a session that is no longer ours. They cannot be renewed, so they are no longer named. */
export function forsakeTerms(draft: Draft): void {
  endTerms(draft, "lost");
  endNow(draft, "leaseUntil");
}

/** The page freezes: nothing runs from here on, and what has not stopped is as good as stopped (S8). */
export function freezeTerms(draft: Draft): void {
  endTerms(draft, "frozen");
  endNow(draft, "drainUntil");
}

/** The lease, or the drain time, of every term that is ending is over. */
function endNow(draft: Draft, time: "leaseUntil" | "drainUntil"): void {
  for (const term of draft.terms) {
    if (term.stage === "ending") replaceTerm(draft, term, { ...term, [time]: Math.min(term[time], draft.now) });
  }
}

/** A term is over here, or an offer was dropped. */
export function dropped(draft: Draft, term: Term): void {
  draft.endedIds = [term.leaderSessionId, ...draft.endedIds].slice(0, ENDED_IDS);
  draft.untold = true;
  if (term.stage !== "ending") return;
  // Where somebody leaves and nobody stays, the last one's `deregister` or the process's `bye` gives it up; but neither
  // names a successor.
  const isGivenUp =
    !isContended(draft, term.election) &&
    draft.contenders.some(
      (contender) =>
        contender.election === term.election && isRegistered(contender) && contender.standing.type !== "refused",
    );
  if (!isGivenUp || "successor" in term.farewell) sendFarewell(draft, term.farewell);
}
