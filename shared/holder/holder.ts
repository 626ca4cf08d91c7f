/**
 * How terms go on and end, and how contenders follow them. Each function changes the working copy of one transition, and
 * adds what has to be done to its effects.
 *
 * Nobody leads by a term that has ended, from the very call that ends it. The term itself stays until its contenders have
 * stopped or had their drain time, and only then the group may be told (S2). What has ended never comes back (S7).
 * Not promised: that a callback stops in time. Only the protected resource can refuse a late leader (S13).
 */
import type { LossReason } from "../errors.ts";
import type { Resign } from "../protocol/messages.ts";
import type { ElectionName } from "../protocol/names.ts";
import { unreachable } from "../unreachable.ts";
import {
  type Contender,
  type EndingTerm,
  type Farewell,
  findTerm,
  type HolderState,
  isLive,
  isStopping,
  leaderSessionIdOf,
  type Phase,
  type StayOut,
  type Term,
  type TermIdentity,
} from "./state.ts";

/** Work for the shell, to be done in this order. */
export type HolderEffect<Id> =
  /** The contender leads. Call `onGrant`; do not wait for it. */
  | ({ readonly type: "grant"; readonly contender: Id } & TermIdentity)
  /** The group has renewed the lease of a term by which contenders lead. */
  | ({ readonly type: "extended" } & TermIdentity)
  /** They no longer lead: for each abort its signal, call `onRevoke`, and report `settled` when that has settled. */
  | ({ readonly type: "revoke"; readonly contenders: readonly Id[]; readonly reason: LossReason } & TermIdentity)
  /** The term is over: everything in it has stopped, or had its drain time. */
  | ({ readonly type: "ended" } & TermIdentity);

/** The working copy of one transition. Its lists are its own, their entries are not. */
export interface HolderDraft<C extends Contender> {
  contenders: C[];
  terms: Term<C["id"]>[];
  endedEpoch: number;
  stayOuts: readonly StayOut[];
  readonly now: number;
  readonly effects: { push(effect: HolderEffect<C["id"]>): unknown };
  readonly transport: Transport<C, this>;
}

/** What only the transport of a holder knows. Each function gets the draft that it is about. */
export interface Transport<C extends Contender, Draft> {
  /** How long what stops now may take: the smaller of the application's limit and the group's. */
  maxDrainMs(draft: Draft): number;
  /** Whether the group does not count it, as it has refused it or was not asked yet: it keeps no term for its siblings. */
  isUncounted(contender: C): boolean;
  /** Whether it leaves with the first term that it is granted. */
  isTry(contender: C): boolean;
  /** Called for each term that is over. */
  dropped(draft: Draft, term: EndingTerm): void;
}

export interface Ending {
  /** Stopping may take at most this long, even if the transport allows more. */
  readonly drainMs?: number;
  /** Default: a release. */
  readonly farewell?: Farewell;
}

/** `contender`: as the draft has it now. One that was replaced earlier in this transition is no longer in the list. */
export function replaceContender<C extends Contender>(draft: HolderDraft<C>, contender: C, next: C): C {
  draft.contenders[draft.contenders.indexOf(contender)] = next;
  return next;
}

export const enterPhase = <C extends Contender>(draft: HolderDraft<C>, contender: C, phase: Phase<never>): C =>
  replaceContender(draft, contender, { ...contender, phase });

/** `term`: as the draft has it now. */
export function replaceTerm<C extends Contender>(
  draft: HolderDraft<C>,
  term: Term<C["id"]>,
  next: Term<C["id"]>,
): void {
  draft.terms[draft.terms.indexOf(term)] = next;
}

const identityOf = ({ election, leaderSessionId, epoch }: TermIdentity): TermIdentity => ({
  election,
  leaderSessionId,
  epoch,
});

/** Whether a term may begin: it is neither known, nor has it ended here (S7). */
export const isNew = <C extends Contender>(
  { terms, endedEpoch }: Pick<HolderState<C>, "terms" | "endedEpoch">,
  { leaderSessionId, epoch }: TermIdentity,
): boolean => epoch > endedEpoch && findTerm(terms, leaderSessionId) === undefined;

/**
 * Has to run before every event, so that what arrives after the deadline finds the term ended (S6), and after it, for
 * answers that came too late.
 */
export function expireLeases<C extends Contender>(draft: HolderDraft<C>): void {
  for (const term of draft.terms) {
    if (term.stage === "leading" && term.leaseUntil <= draft.now) endTerm(draft, term, "expired");
  }
}

/** Judges what was asked for by the answer to it. `leaseUntil`: R after the question was sent, whenever the answer came (S1). */
export function extendTerms<C extends Contender>(
  draft: HolderDraft<C>,
  asked: readonly string[],
  held: readonly string[],
  leaseUntil: number,
): void {
  for (const leaderSessionId of asked) {
    const term = findTerm(draft.terms, leaderSessionId);
    if (!term) continue;
    if (held.includes(leaderSessionId)) extend(draft, term, leaseUntil);
    else loseTerm(draft, term);
  }
}

function extend<C extends Contender>(draft: HolderDraft<C>, term: Term<C["id"]>, leaseUntil: number): void {
  if (term.leaseUntil <= draft.now || leaseUntil <= term.leaseUntil) return;
  replaceTerm(draft, term, term.stage === "ending" ? { ...term, leaseUntil, isLost: false } : { ...term, leaseUntil });
  if (term.stage === "leading") draft.effects.push({ type: "extended", ...identityOf(term) });
}

/**
 * Nobody leads by the term from here on. It stays, and is named to the group, until its contenders have stopped or their
 * drain time is over, whatever has ended it (S14). One that is ending already keeps the time that it was given.
 */
export function endTerm<C extends Contender>(
  draft: HolderDraft<C>,
  term: Term<C["id"]>,
  reason: LossReason,
  { drainMs = Infinity, farewell = { type: "release", leaderSessionId: term.leaderSessionId } }: Ending = {},
): void {
  if (term.stage === "ending") return;
  const { leaderSessionId, leaseUntil } = term;
  const isOwn = (contender: C): boolean => leaderSessionIdOf(contender) === leaderSessionId;
  revoke(draft, term, reason, draft.contenders.filter(isOwn));
  // Some of them may have begun to stop earlier.
  let longest = draft.now;
  for (const { phase } of draft.contenders)
    if (isStopping(phase) && phase.leaderSessionId === leaderSessionId) longest = Math.max(longest, phase.drainUntil);
  const drainUntil = Math.min(draft.now + drainMs, longest);
  replaceTerm(draft, term, { stage: "ending", leaseUntil, drainUntil, farewell, isLost: false, ...identityOf(term) });
}

/** The group does not name the term: so it was lost even where it was ending already. */
export function loseTerm<C extends Contender>(draft: HolderDraft<C>, term: Term<C["id"]>): void {
  endTerm(draft, term, "lost");
  const lost = findTerm(draft.terms, term.leaderSessionId);
  if (lost?.stage === "ending") replaceTerm(draft, lost, { ...lost, isLost: true });
}

export function loseTerms<C extends Contender>(draft: HolderDraft<C>): void {
  for (const term of draft.terms) loseTerm(draft, term);
}

export function endTerms<C extends Contender>(draft: HolderDraft<C>, reason: LossReason, ending?: Ending): void {
  for (const term of draft.terms) endTerm(draft, term, reason, ending);
}

/** Does nothing for a term that does not lead. `stayOutMs`: for how long the process does not lead its election again. */
export function resign<C extends Contender>(draft: HolderDraft<C>, farewell: Resign, stayOutMs = 0): void {
  const term = findTerm(draft.terms, farewell.leaderSessionId);
  if (term?.stage !== "leading") return;
  const { election } = term;
  if (stayOutMs > 0) {
    const others = draft.stayOuts.filter((one) => one.election !== election);
    draft.stayOuts = [...others, { election, until: draft.now + stayOutMs }];
  }
  endTerm(draft, term, "resigned", { farewell });
}

/** Whether the election may be led here: everything that stands in it is ready, and the process does not stay out of it (Q7). */
export const isReady = <C extends Contender>(draft: HolderDraft<C>, election: ElectionName): boolean =>
  !draft.stayOuts.some((one) => one.election === election && one.until > draft.now) &&
  !draft.contenders.some(
    (one) => one.election === election && isLive(one) && !one.ready && !draft.transport.isUncounted(one),
  );

/** Steps down where something is not ready. Has to run after every event, before terms are finished. */
export function resignUnready<C extends Contender>(draft: HolderDraft<C>): void {
  if (draft.stayOuts.some(({ until }) => until <= draft.now))
    draft.stayOuts = draft.stayOuts.filter(({ until }) => until > draft.now);
  for (const { election, leaderSessionId } of draft.terms)
    if (!isReady(draft, election)) resign(draft, { type: "resign", leaderSessionId });
}

/** Revokes those that are granted, in one effect. All of them are in this term. */
export function revoke<C extends Contender>(
  draft: HolderDraft<C>,
  term: TermIdentity,
  reason: LossReason,
  contenders: readonly C[],
  type: "draining" | "closing" = "draining",
): void {
  const granted = contenders.filter(({ phase }) => phase.type === "granted");
  if (granted.length === 0) return;
  const phase = { leaderSessionId: term.leaderSessionId, drainUntil: draft.now + draft.transport.maxDrainMs(draft) };
  for (const contender of granted) {
    enterPhase(draft, contender, { ...phase, type: draft.transport.isTry(contender) ? "closing" : type });
  }
  const ids = granted.map(({ id }) => id);
  draft.effects.push({ type: "revoke", contenders: ids, reason, ...identityOf(term) });
}

/** It leaves once it has stopped. */
export function close<C extends Contender>(draft: HolderDraft<C>, contender: C): void {
  const { phase } = contender;
  switch (phase.type) {
    case "queued":
    case "waiting":
      enterPhase(draft, contender, { type: "gone" });
      return;
    case "granted": {
      const term = findTerm(draft.terms, phase.leaderSessionId);
      if (term) revoke(draft, term, "closed", [contender], "closing");
      return;
    }
    case "draining":
      enterPhase(draft, contender, { ...phase, type: "closing" });
      return;
    case "closing":
    case "gone":
      return;
    default:
      return unreachable(phase);
  }
}

/** Its `onRevoke` has settled. Returns whether it had one running. */
export function settle<C extends Contender>(draft: HolderDraft<C>, contender: C): boolean {
  if (!isStopping(contender.phase)) return false;
  enterPhase(draft, contender, { type: contender.phase.type === "closing" ? "gone" : "waiting" });
  return true;
}

/** Whether somebody goes on contending in the election whom the group counts there. */
export const isContended = <C extends Contender>(draft: HolderDraft<C>, election: ElectionName): boolean =>
  draft.contenders.some((one) => one.election === election && isLive(one) && !draft.transport.isUncounted(one));

/** Ends the terms that nobody is left to lead by, and drops those whose contenders have stopped, or had the time to. */
export function finishTerms<C extends Contender>(draft: HolderDraft<C>): void {
  for (const term of draft.terms) if (!isContended(draft, term.election)) endTerm(draft, term, "closed");
  for (const term of draft.terms) {
    if (term.stage !== "ending" || !hasStopped(draft, term)) continue;
    dropTerm(draft, term);
    draft.effects.push({ type: "ended", ...identityOf(term) });
  }
}

const hasStopped = <C extends Contender>({ contenders, now }: HolderDraft<C>, term: EndingTerm): boolean =>
  term.drainUntil <= now || !contenders.some((one) => leaderSessionIdOf(one) === term.leaderSessionId);

/** What is still under way about it changes nothing from here on (S16). */
function dropTerm<C extends Contender>(draft: HolderDraft<C>, term: EndingTerm): void {
  draft.terms = draft.terms.filter((other) => other !== term);
  draft.endedEpoch = Math.max(draft.endedEpoch, term.epoch);
  draft.transport.dropped(draft, term);
}

/** Grants every contender that can lead: a grant waits until the last revoke has settled (C1). */
export function grantWaiting<C extends Contender>(draft: HolderDraft<C>): void {
  for (const contender of draft.contenders) {
    const { id, election, phase } = contender;
    if (phase.type !== "waiting") continue;
    const term = draft.terms.find(
      (one) => one.stage === "leading" && one.election === election && one.contenders.includes(id),
    );
    if (term === undefined) continue;
    enterPhase(draft, contender, { type: "granted", leaderSessionId: term.leaderSessionId, publication: null });
    draft.effects.push({ type: "grant", contender: id, ...identityOf(term) });
  }
}
