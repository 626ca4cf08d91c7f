/** How terms end: nobody leads by them at once, their contenders stop, and only then the server is told (S2). */

import type { LossReason } from "../../shared/errors.ts";
import type { Release, Resign } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Draft, TermDraft } from "./draft.ts";
import { sendFarewell, withdrawConfirm } from "./pace.ts";
import { type Contender, isLive } from "./state.ts";

const DRAIN_MS = 10_000;
/** More than can end while a `revoke` is under way. */
const ENDED_IDS = 16;

/** Runs before every event: what arrives after the deadline finds the term ended (S6). And after it, for answers that came too late. */
export function expireLeases(draft: Draft): void {
  for (const term of draft.terms) {
    if (term.stage === "leading" && term.leaseUntil <= draft.now) endTerm(draft, term, "expired");
  }
}

/**
 * Nobody leads by the term from here on. It stays, and is named in every renewal while its lease runs, until its
 * contenders have stopped or the drain time is over, whatever has ended it (S14). Once it drains, only `drainMs` can
 * make that shorter, and no setting that changes meanwhile. An offer just goes.
 */
export function endTerm(
  draft: Draft,
  term: TermDraft,
  reason: LossReason,
  drainMs = Infinity,
  farewell: Release | Resign = term.farewell,
): void {
  if (term.stage === "offered") return dropTerm(draft, term);
  const isOwn = ({ leaderSessionId }: Contender): boolean => leaderSessionId === term.leaderSessionId;
  const begins = term.stage === "leading";
  term.stage = "ending";
  term.farewell = farewell;
  stop(draft, reason, isOwn);
  if (begins) term.drainUntil = Math.max(...draft.contenders.filter(isOwn).map(({ drainUntil }) => drainUntil));
  term.drainUntil = Math.min(term.drainUntil, draft.now + drainMs);
}

export function endTerms(draft: Draft, reason: LossReason, drainMs?: number): void {
  for (const term of draft.terms) endTerm(draft, term, reason, drainMs);
}

/** Ends the terms of a session that is not ours any more. They cannot be renewed, so they are named no more. */
export function forsakeTerms(draft: Draft): void {
  endTerms(draft, "lost");
  for (const term of draft.terms) term.leaseUntil = 0;
}

/** Takes the granted contenders among those that are meant out of their terms, all at once. */
export function stop(draft: Draft, reason: LossReason, isMeant: (contender: Contender) => boolean): void {
  const drainUntil = draft.now + Math.min(draft.settings.drainMs, draft.session?.drainMs ?? DRAIN_MS);
  const contenders: number[] = [];
  for (const contender of draft.contenders) {
    if (contender.phase !== "granted" || !isMeant(contender)) continue;
    contender.phase = "draining";
    contender.drainUntil = drainUntil;
    contender.confirm = null;
    withdrawConfirm(draft, contender);
    contenders.push(contender.id);
  }
  if (contenders.length > 0) draft.effects.push({ type: "revoke", contenders, reason });
}

/** It is over, led or only offered: what is still under way about it changes nothing (S16). */
function dropTerm(draft: Draft, term: TermDraft): void {
  draft.terms = draft.terms.filter((other) => other !== term);
  draft.endedEpoch = Math.max(draft.endedEpoch, term.epoch);
  draft.endedIds = [term.leaderSessionId, ...draft.endedIds].slice(0, ENDED_IDS);
  draft.untold = true;
}

/** Whether anybody goes on contending in the election who is not refused there. */
export const staysIn = ({ contenders }: Draft, election: ElectionName): boolean =>
  contenders.some(
    (contender) => contender.election === election && contender.standing !== "refused" && isLive(contender),
  );

/** Ends the terms that nobody is left to lead by, and drops those that are over. */
export function finishTerms(draft: Draft): void {
  for (const term of draft.terms) {
    const own = draft.contenders.filter(({ election }) => election === term.election);
    const stays = staysIn(draft, term.election);
    if (!stays) endTerm(draft, term, "closed");
    const isStopping = ({ leaderSessionId }: Contender): boolean => leaderSessionId === term.leaderSessionId;
    if (term.stage !== "ending" || (term.drainUntil > draft.now && draft.contenders.some(isStopping))) continue;
    dropTerm(draft, term);
    // Where somebody leaves and nobody stays, the last one's `deregister` or the process's `bye` gives it up; but neither
    // names a successor.
    const isGivenUp = !stays && own.some(({ registered, standing }) => registered && standing !== "refused");
    if (!isGivenUp || "successor" in term.farewell) sendFarewell(draft, term.farewell);
  }
}
