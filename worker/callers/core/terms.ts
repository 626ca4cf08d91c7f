/** How terms begin, go on and end, and how components follow them. */
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { CampaignAnswer, HeldLeadership } from "../service.ts";
import { type ComponentDraft, type Draft, endTerm, replaceTerm, stopIn, subjectOf } from "./draft.ts";
import type { Of } from "./events.ts";
import { componentOf, hasGone, type Publication, type Term } from "./state.ts";

/** Runs before every event: what arrives after the deadline finds the term ended (S6). And after it, for answers that came too late. */
export function expireLeases(draft: Draft): void {
  for (const term of draft.terms) {
    if (term.stage === "leading" && term.leaseUntil <= draft.now) endTerm(draft, term, "expired");
  }
}

/** Judges what was asked for by the answer to it. `at`: when the question left. */
export function extend(
  draft: Draft,
  at: number,
  asked: { readonly held: readonly string[]; readonly accepted: readonly ElectionName[] },
  { leaderships, lease }: CampaignAnswer,
): void {
  const leaseUntil = at + lease.renewDeadlineMs;
  for (const leaderSessionId of asked.held) {
    const term = draft.terms.find((one) => one.leaderSessionId === leaderSessionId);
    const held = leaderships.find((one) => one.leaderSessionId === leaderSessionId);
    if (term === undefined) continue;
    if (held === undefined) endTerm(draft, term, "lost");
    else goOn(draft, term, held, leaseUntil);
  }
  for (const held of leaderships) {
    if (asked.accepted.includes(held.election) && leaseUntil > draft.now) begin(draft, held, leaseUntil);
  }
}

function goOn(draft: Draft, term: Term, { components, revoked }: HeldLeadership, leaseUntil: number): void {
  const extended = { ...term, components, leaseUntil: Math.max(term.leaseUntil, leaseUntil) };
  replaceTerm(draft, term, extended);
  if (revoked !== undefined) endTerm(draft, extended, revoked.reason, revoked);
}

/** What has ended here never comes back (S7), and what is taken back already is not begun. */
function begin(draft: Draft, { revoked, ...held }: HeldLeadership, leaseUntil: number): void {
  const isKnown = draft.terms.some(({ leaderSessionId }) => leaderSessionId === held.leaderSessionId);
  if (isKnown || held.epoch <= draft.endedEpoch || revoked !== undefined || draft.activity !== "running") return;
  draft.terms = [...draft.terms, { ...held, stage: "leading", leaseUntil }];
}

/** The components become those of the settings. One that is not named any more stops first. */
export function adoptSettings(draft: Draft): void {
  if (draft.activity === "stopped") return;
  const wanted = draft.settings.contenders.map(componentOf);
  for (const component of draft.components) {
    const now = wanted.find(
      ({ info, election }) => info.component === component.info.component && election === component.election,
    );
    if (now === undefined) component.isLeaving = true;
    else if (!component.isLeaving) component.info = now.info;
  }
  for (const component of wanted) {
    const isThere = draft.components.some(({ info }) => info.component === component.info.component);
    if (isThere) continue;
    draft.components.push(component);
    draft.changes += 1;
  }
}

export function resign(draft: Draft, { leaderSessionId, successor }: Of<"resign">): void {
  for (const term of draft.terms) {
    if (term.leaderSessionId !== leaderSessionId) continue;
    endTerm(draft, term, "resigned", successor === undefined ? {} : { successor });
  }
}

export function settled(draft: Draft, { component, leaderSessionId }: Of<"settled">): void {
  for (const one of draft.components) {
    const { info, phase } = one;
    if (info.component !== component || phase.type !== "draining" || phase.leaderSessionId !== leaderSessionId)
      continue;
    one.phase = { type: "waiting" };
    if (one.isLeaving) draft.changes += 1;
    // Offers were declined meanwhile: whoever declines is asked again only after its next call (S11).
    if (draft.activity === "running") draft.nextAt = Math.min(draft.nextAt, draft.now);
  }
}

export function confirm(draft: Draft, { component, leaderSessionId, address, metadata }: Of<"confirm">): void {
  for (const one of draft.components) {
    const { info, phase } = one;
    if (info.component !== component || phase.type !== "granted" || phase.leaderSessionId !== leaderSessionId) continue;
    const publication: Publication = {
      ...(address !== undefined && { address }),
      ...(metadata !== undefined && { metadata }),
      isPublished: false,
    };
    const isSame =
      phase.publication !== null &&
      JSON.stringify({ ...phase.publication, isPublished: false }) === JSON.stringify(publication);
    if (!isSame) one.phase = { ...phase, publication };
    else if (phase.publication?.isPublished) draft.effects.push({ type: "confirmed", component });
  }
}

/**
 * Ends the terms that nobody is left to lead by, and drops those whose components have stopped, or had the time to. What
 * the group refuses counts for nothing: for the group the last of the others was the last.
 */
export function finishTerms(draft: Draft): void {
  for (const term of draft.terms) {
    for (const component of draft.components) {
      if (component.isLeaving) stopIn(draft, component, term, "closed");
      else if (component.refusal !== null) stopIn(draft, component, term, "lost");
    }
    const stays = draft.components.some((one) => one.election === term.election && contends(one));
    if (!stays) endTerm(draft, term, "closed");
  }
  for (const term of draft.terms) if (hasStopped(draft, term)) dropTerm(draft, term);
  // Where there is no session, the group knows nothing of them.
  if (draft.session === null) draft.components = draft.components.filter((component) => !hasGone(component));
}

const contends = ({ isLeaving, refusal }: ComponentDraft): boolean => !isLeaving && refusal === null;

type Ending = Extract<Term, { readonly stage: "ending" }>;

function hasStopped({ components, now }: Draft, term: Term): term is Ending {
  if (term.stage === "leading") return false;
  const isStopping = components.some(
    ({ phase }) => phase.type === "draining" && phase.leaderSessionId === term.leaderSessionId,
  );
  return !isStopping || term.drainUntil <= now;
}

function dropTerm(draft: Draft, term: Ending): void {
  const { leaderSessionId, successor } = term;
  draft.terms = draft.terms.filter((other) => other !== term);
  draft.endedEpoch = Math.max(draft.endedEpoch, term.epoch);
  // Who leaves says so once, for all of them.
  if (draft.activity !== "running") return;
  draft.farewells = [...draft.farewells, { leaderSessionId, ...(successor !== undefined && { successor }) }];
}

/** Lets everyone lead who can. */
export function advance(draft: Draft): void {
  for (const component of draft.components) {
    const { info, election, phase, isLeaving } = component;
    if (phase.type !== "waiting" || isLeaving) continue;
    const term = draft.terms.find(
      (one) => one.election === election && one.stage === "leading" && one.components.includes(info.component),
    );
    if (term === undefined) continue;
    component.phase = { type: "granted", leaderSessionId: term.leaderSessionId, publication: null };
    draft.effects.push({ type: "grant", subject: subjectOf(component, term) });
  }
}
