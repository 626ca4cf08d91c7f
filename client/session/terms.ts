/** How terms begin by grants, and how the group and the session tell each other of their ends. */
import { endTerm, endTerms, isContended, isNew, isReady, loseTerms, replaceTerm } from "../../shared/holder/holder.ts";
import { type EndingTerm, findTerm, leaderSessionIdOf } from "../../shared/holder/state.ts";
import type { Grant, Revoke } from "../../shared/protocol/messages.ts";
import type { Draft } from "./draft.ts";
import { giveBack, sendFarewell } from "./pace.ts";
import { type Contender, hasStopped, type Term } from "./state.ts";
import { findStatement, hasLeftSince, noteGivenBack } from "./statements.ts";

/** More than can end while a `revoke` is under way. */
const ENDED_IDS = 16;

/** The group has granted the process a term, or lets components join one that it leads by. */
export function grant(draft: Draft, message: Grant): void {
  const term = findTerm(draft.terms, message.leaderSessionId);
  if (term) return message.joined ? join(draft, term, message) : violate(draft, message);
  if (!message.joined) begin(draft, message);
  else if (isNew(draft, message)) violate(draft, message);
}

const violate = (draft: Draft, message: Grant | Revoke): void => {
  draft.effects.push({ type: "violation", message });
};

/** S15: a component that has left and come back is another contender, which the group may not know yet. */
const namedBy = (draft: Draft, { election, components }: Grant): readonly Contender[] =>
  draft.contenders.filter(
    (contender) =>
      contender.election === election &&
      contender.standing.type === "counted" &&
      components.includes(contender.info.component),
  );

function join(draft: Draft, term: Term, message: Grant): void {
  if (term.stage === "ending") return;
  const contenders = namedBy(draft, message).map(({ id }) => id);
  replaceTerm(draft, term, { ...term, contenders: [...new Set([...term.contenders, ...contenders])] });
}

/**
 * The process leads from here on, until R after it sent the statement that the group has granted by (S1). It takes the
 * term only if one of its contenders can start now, and has not left since that statement (S7). Otherwise it counts as ended.
 */
function begin(draft: Draft, message: Grant & { readonly joined: false }): void {
  const { election, leaderSessionId, epoch } = message;
  const statement = findStatement(draft, message.sentAt);
  const leaseUntil = statement && draft.session ? statement.at + draft.session.lease.renewDeadlineMs : 0;
  const named = namedBy(draft, message);
  const canStart = ({ phase, info }: Contender): boolean =>
    phase.type === "waiting" && statement !== undefined && !hasLeftSince(draft, info.component, statement);
  draft.askedAt = draft.now;
  if (leaseUntil > draft.now && isNew(draft, message) && isReady(draft, election) && named.some(canStart)) {
    const contenders = named.map(({ id }) => id);
    draft.terms.push({ stage: "leading", election, leaderSessionId, epoch, contenders, leaseUntil });
    renewNow(draft);
  } else {
    draft.endedEpoch = Math.max(draft.endedEpoch, epoch);
    noteEnd(draft, leaderSessionId);
    noteGivenBack(draft, election);
    giveBack(draft, { type: "release", leaderSessionId });
  }
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
  else if (!draft.endedIds.includes(message.leaderSessionId)) violate(draft, message);
}

/** Ends the terms of a session that is no longer ours. They cannot be renewed, so they are no longer named. */
export function forsakeTerms(draft: Draft): void {
  loseTerms(draft);
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

/** The group may still send something about it. */
function noteEnd(draft: Draft, leaderSessionId: string): void {
  draft.endedIds = [leaderSessionId, ...draft.endedIds].slice(0, ENDED_IDS);
}

/** A term is over here. */
export function dropped(draft: Draft, term: EndingTerm): void {
  noteEnd(draft, term.leaderSessionId);
  // Where nobody stays, the last `deregister` of one that the group counts gives it up, or the process's `bye`; but neither
  // names a successor. While another one still stops in an earlier term it stays registered, and no `deregister` is the last.
  const { election, farewell } = term;
  const all = draft.contenders.filter((one) => one.election === election);
  const isCounted = all.some(({ standing }) => standing.type === "counted");
  const isLast = all.every((one) => (findTerm(draft.terms, leaderSessionIdOf(one))?.epoch ?? Infinity) > term.epoch);
  const isGivenUp = !isContended(draft, election) && isLast && (hasStopped(draft) || isCounted);
  if (!isGivenUp || "successor" in farewell) sendFarewell(draft, farewell);
}
