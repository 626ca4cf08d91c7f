/** How terms end: nobody leads by them at once, their contenders stop, and only then the server is told (S2). */

import type { LossReason } from "../../shared/errors.ts";
import type { Release, Resign } from "../../shared/messages.ts";
import type { ContenderDraft, Draft, TermDraft } from "./draft.ts";
import { send } from "./pace.ts";
import { isLive } from "./state.ts";

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
 * Nobody leads by the term from here on. It stays, and is renewed while its lease runs, until its contenders have
 * stopped or the drain time is over. One that is ending already keeps the earlier drain deadline. An offer just goes.
 */
export function endTerm(
  draft: Draft,
  term: TermDraft,
  reason: LossReason,
  drainMs = Infinity,
  farewell: Release | Resign = term.farewell,
): void {
  if (term.stage === "offered") return dropTerm(draft, term);
  const drain = Math.min(drainMs, draft.settings.drainMs, draft.session?.drainMs ?? DRAIN_MS);
  term.stage = "ending";
  term.farewell = farewell;
  term.drainUntil = Math.min(term.drainUntil, draft.now + drain);
  if (reason === "lost") term.leaseUntil = 0;
  for (const contender of draft.contenders) {
    if (contender.phase === "granted" && contender.leaderSessionId === term.leaderSessionId)
      stop(draft, contender, reason);
  }
}

export function endTerms(draft: Draft, reason: LossReason, drainMs?: number): void {
  for (const term of draft.terms) endTerm(draft, term, reason, drainMs);
}

/** Takes one granted contender out of its term. */
export function stop({ effects }: Draft, contender: ContenderDraft, reason: LossReason): void {
  contender.phase = "draining";
  contender.confirm = null;
  effects.push({ type: "revoke", contender: contender.id, reason });
}

function dropTerm(draft: Draft, term: TermDraft): void {
  draft.terms = draft.terms.filter((other) => other !== term);
}

/** Ends the terms that nobody is left to lead by, and drops those that are over. */
export function finishTerms(draft: Draft): void {
  for (const term of draft.terms) {
    const stays = draft.contenders.some((contender) => contender.election === term.election && isLive(contender));
    if (!stays) endTerm(draft, term, "closed");
    const stopping = draft.contenders.some(({ leaderSessionId }) => leaderSessionId === term.leaderSessionId);
    if (term.stage !== "ending" || (stopping && term.drainUntil > draft.now)) continue;
    dropTerm(draft, term);
    draft.endedEpoch = Math.max(draft.endedEpoch, term.epoch);
    draft.endedIds = [term.leaderSessionId, ...draft.endedIds].slice(0, ENDED_IDS);
    // Where nobody stays, the last one's `deregister` or the process's `bye` gives it up.
    if (stays) send(draft, term.farewell);
  }
}
