/**
 * A process's side of leadership, whatever carries its messages: contenders, and the terms that they lead and stop in. A
 * contender leads only while it is `granted` in a term that is `leading` and whose `leaseUntil` lies ahead: `remainingMs`
 * says for how long. All times are on one clock of the process, in milliseconds. `Id` names a contender.
 *
 * Entry of the room `shared/holder`: begin here, then `holder.ts`. Every room may import it, and the cores of
 * `client/session` and `worker/callers` stand on it; it imports `shared/`. It never sees a platform: time is a
 * parameter.
 */
import type { Release, Resign } from "../protocol/messages.ts";
import type { ElectionName } from "../protocol/names.ts";

/** Which leadership a term, a grant or a revoke is about. */
export interface TermIdentity {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

/** Tells the group that a term is over. To be sent only when everything in it has stopped, or had its drain time (S2). */
export type Farewell = Release | Resign;

export interface LeadingTerm<Id> extends TermIdentity {
  readonly stage: "leading";
  /** The contenders that the group counts into it. */
  readonly contenders: readonly Id[];
  /** R after this process sent the last of what the group has answered, or granted the term by (S1). */
  readonly leaseUntil: number;
}

/** Nobody leads by it, and what its contenders do is being stopped. */
export interface EndingTerm extends TermIdentity {
  readonly stage: "ending";
  readonly leaseUntil: number;
  readonly drainUntil: number;
  /** The group's last answer did not name it: somebody else may lead. It is named to the group all the same while its lease runs (S14). */
  readonly isLost: boolean;
  readonly farewell: Farewell;
}

export type Term<Id> = LeadingTerm<Id> | EndingTerm;

export type Phase<Publication> =
  /** An older contender of its component has not left yet. */
  | { readonly type: "queued" }
  | { readonly type: "waiting" }
  /** `publication`: what it wants observers to see while it leads. */
  | { readonly type: "granted"; readonly leaderSessionId: string; readonly publication: Publication | null }
  /** Its `onRevoke` runs; then it waits for the next term (`draining`), or leaves (`closing`). */
  | { readonly type: "draining" | "closing"; readonly leaderSessionId: string; readonly drainUntil: number }
  | { readonly type: "gone" };

/** A component that runs for leadership. One that is closed and contended for again is another contender. */
export interface Contender<Id = unknown, Publication = unknown> {
  readonly id: Id;
  readonly election: ElectionName;
  readonly phase: Phase<Publication>;
  /** Whether its application lets it lead at present. */
  readonly ready: boolean;
}

/** An election that the process does not lead before this time, because its application has said so. */
export interface StayOut {
  readonly election: ElectionName;
  readonly until: number;
}

/** What a transport keeps of it, beside what is its own. */
export interface HolderState<C extends Contender> {
  /** In the order of registration. */
  readonly contenders: readonly C[];
  readonly terms: readonly Term<C["id"]>[];
  /** The highest epoch that has ended here, or was not taken. Epochs grow across all elections of a group (S5), so one number is enough (S7). */
  readonly endedEpoch: number;
  readonly stayOuts: readonly StayOut[];
}

export const findTerm = <T extends TermIdentity>(terms: readonly T[], leaderSessionId: string | null): T | undefined =>
  terms.find((term) => term.leaderSessionId === leaderSessionId);

/** The term that the contender leads or stops in. */
export function leaderSessionIdOf({ phase }: Contender): string | null {
  return phase.type === "granted" || isStopping(phase) ? phase.leaderSessionId : null;
}

export const isStopping = (phase: Phase<unknown>): phase is Extract<Phase<unknown>, { readonly drainUntil: number }> =>
  phase.type === "draining" || phase.type === "closing";

/** Runs for leadership, and goes on doing so, whatever the group makes of it. */
export const isLive = ({ phase }: Contender): boolean =>
  phase.type === "waiting" || phase.type === "granted" || phase.type === "draining";

/** The term by which a contender leads, as far as the lease goes that was last extended; `null` when it does not. */
export function leadingTerm<C extends Contender>(
  { contenders, terms }: Pick<HolderState<C>, "contenders" | "terms">,
  id: C["id"],
): LeadingTerm<C["id"]> | null {
  for (const contender of contenders) {
    if (contender.id !== id || contender.phase.type !== "granted") continue;
    const term = findTerm(terms, contender.phase.leaderSessionId);
    return term?.stage === "leading" ? term : null;
  }
  return null;
}

/** How long a contender still leads by this term; 0 when it does not. */
export function remainingMs<C extends Contender>(
  state: Pick<HolderState<C>, "contenders" | "terms">,
  id: C["id"],
  leaderSessionId: string,
  now: number,
): number {
  const term = leadingTerm(state, id);
  return term?.leaderSessionId === leaderSessionId ? Math.max(0, term.leaseUntil - now) : 0;
}

/**
 * For how long the work of a contender may still take to stop inside the lease of this term; 0 when it has stopped, or the
 * group has lost the term.
 * `maxDrainMs`: how long it may take that begins to stop now.
 */
export function drainMs<C extends Contender>(
  { contenders, terms }: Pick<HolderState<C>, "contenders" | "terms">,
  id: C["id"],
  leaderSessionId: string,
  { now, maxDrainMs }: { readonly now: number; readonly maxDrainMs: number },
): number {
  const contender = contenders.find((one) => one.id === id && leaderSessionIdOf(one) === leaderSessionId);
  const term = findTerm(terms, leaderSessionId);
  if (contender === undefined || term === undefined) return 0;
  const ownUntil = isStopping(contender.phase) ? contender.phase.drainUntil : now + maxDrainMs;
  if (term.stage === "ending" && term.isLost) return 0;
  const termUntil = term.stage === "ending" ? Math.min(term.drainUntil, term.leaseUntil) : term.leaseUntil;
  return Math.max(0, Math.min(ownUntil, termUntil) - now);
}

/** When the first of those ends that anybody waits for. */
export function stayOutUntil<C extends Contender>({
  contenders,
  stayOuts,
}: Pick<HolderState<C>, "contenders" | "stayOuts">): number {
  let first = Infinity;
  for (const { election, until } of stayOuts)
    if (contenders.some((one) => one.election === election && isLive(one))) first = Math.min(first, until);
  return first;
}

/** When the first term changes by time alone. */
export function termsUntil(terms: readonly Term<unknown>[]): number {
  let first = Infinity;
  for (const term of terms) first = Math.min(first, term.stage === "leading" ? term.leaseUntil : term.drainUntil);
  return first;
}
