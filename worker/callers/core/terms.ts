/** How terms begin and go on by answers, and how contenders follow the settings. */
import {
  close,
  endTerm,
  extendTerms,
  finishTerms,
  isNew,
  replaceContender,
  replaceTerm,
  resign as resignTerm,
  revoke,
  settle,
} from "../../../shared/holder/holder.ts";
import { findTerm } from "../../../shared/holder/state.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { isSame } from "../../../shared/same.ts";
import type { CampaignAnswer, HeldLeadership } from "../service.ts";
import type { Draft } from "./draft.ts";
import type { Of } from "./events.ts";
import { type Contender, contenderOf, type Publication } from "./state.ts";

/** Judges what was asked for by the answer to it. `at`: when the question left. */
export function extend(
  draft: Draft,
  at: number,
  asked: { readonly held: readonly string[]; readonly accepted: readonly ElectionName[] },
  { leaderships, lease }: CampaignAnswer,
): void {
  const leaseUntil = at + lease.renewDeadlineMs;
  const held = leaderships.map(({ leaderSessionId }) => leaderSessionId);
  extendTerms(draft, asked.held, held, leaseUntil);
  for (const leadership of leaderships) {
    if (asked.held.includes(leadership.leaderSessionId)) goOn(draft, leadership);
    if (asked.accepted.includes(leadership.election)) begin(draft, leadership, leaseUntil);
  }
}

function goOn(draft: Draft, { leaderSessionId, components, revoked }: HeldLeadership): void {
  const term = findTerm(draft.terms, leaderSessionId);
  if (term?.stage !== "leading") return;
  const joined = { ...term, contenders: components };
  replaceTerm(draft, term, joined);
  if (revoked !== undefined) endTerm(draft, joined, revoked.reason, { drainMs: revoked.drainMs });
}

/** What is over already, or taken back, is not begun. */
function begin(draft: Draft, held: HeldLeadership, leaseUntil: number): void {
  const { revoked, components: contenders, ...term } = held;
  const isOver = leaseUntil <= draft.now || revoked !== undefined || !isNew(draft, held);
  if (isOver || draft.activity !== "running") return;
  draft.terms.push({ ...term, contenders, stage: "leading", leaseUntil });
}

/** The components become those of the settings. One that is no longer named stops first. */
export function adoptSettings(draft: Draft): void {
  if (draft.activity === "stopped") return;
  const wanted = draft.settings.contenders.map(contenderOf);
  for (const contender of draft.contenders) {
    const now = wanted.find(({ id, election }) => id === contender.id && election === contender.election);
    if (now === undefined) close(draft, contender);
    else if (now.info !== contender.info)
      replaceContender(draft, contender, { ...contender, info: now.info, ready: now.ready });
  }
  for (const contender of wanted) {
    if (draft.contenders.some(({ id }) => id === contender.id)) continue;
    draft.contenders.push(contender);
    draft.changes += 1;
  }
}

export function resign(draft: Draft, { leaderSessionId, successor, stayOutMs }: Of<"resign">): void {
  resignTerm(draft, { type: "resign", leaderSessionId, ...(successor !== undefined && { successor }) }, stayOutMs);
}

export function settled(draft: Draft, { component, leaderSessionId }: Of<"settled">): void {
  for (const contender of draft.contenders) {
    const { id, phase } = contender;
    if (id !== component || !("leaderSessionId" in phase) || phase.leaderSessionId !== leaderSessionId) continue;
    if (!settle(draft, contender)) continue;
    if (phase.type === "closing") draft.changes += 1;
    // It was busy meanwhile, and is granted nothing before it calls again (S11).
    if (draft.activity === "running") draft.nextAt = Math.min(draft.nextAt, draft.now);
  }
}

export function confirm(draft: Draft, { component, leaderSessionId, address, metadata }: Of<"confirm">): void {
  const wanted: Publication = {
    ...(address !== undefined && { address }),
    ...(metadata !== undefined && { metadata }),
    isPublished: false,
  };
  for (const contender of draft.contenders) {
    if (contender.id !== component || !leadsBy(contender, leaderSessionId)) continue;
    const { publication } = contender.phase;
    if (publication === null || !isSame({ ...publication, isPublished: false }, wanted)) {
      setPublication(draft, contender, wanted);
    } else if (publication.isPublished) draft.effects.push({ type: "confirmed", component });
  }
}

type Granted = Contender & { readonly phase: Extract<Contender["phase"], { readonly type: "granted" }> };

export const leadsBy = (contender: Contender, leaderSessionId: string): contender is Granted =>
  contender.phase.type === "granted" && contender.phase.leaderSessionId === leaderSessionId;

export function setPublication(draft: Draft, contender: Granted, publication: Publication | null): void {
  replaceContender(draft, contender, { ...contender, phase: { ...contender.phase, publication } });
}

/**
 * Ends the terms that nobody is left to lead by, and drops those that have stopped. What the group refuses counts for
 * nothing: it stops by itself, and for the group the last of the others was the last.
 */
export function finish(draft: Draft): void {
  for (const contender of draft.contenders) {
    if (contender.refusal === null || contender.phase.type !== "granted") continue;
    const term = findTerm(draft.terms, contender.phase.leaderSessionId);
    if (term) revoke(draft, term, "lost", [contender]);
  }
  finishTerms(draft);
  // Where there is no session, the group knows nothing of them.
  if (draft.session === null) draft.contenders = draft.contenders.filter(({ phase }) => phase.type !== "gone");
}
