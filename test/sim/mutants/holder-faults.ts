/** Faults of what both cores of holders share, each made in one of them while the other one is right. */
import { type Edit, type HolderCore, inHolder, inSession } from "./mutant.ts";

type Fault = (core: HolderCore) => readonly Edit[];

/** An id that is asked for and missing in the answer. */
export const missingGoesOn: Fault = (core) => [inHolder(core, "else loseTerm(draft, term);", "")];

/** In the session: the core of callers judges an answer by its call first. */
export const lateAnswerRevives = (): readonly Edit[] => [
  inHolder("session", "term.leaseUntil <= draft.now || leaseUntil <= term.leaseUntil", "leaseUntil <= term.leaseUntil"),
  inSession("transition", "expireLeases(draft); finishTerms(draft); // Frames", "finishTerms(draft); // Frames"),
];

export const nothingExpires: Fault = (core) => [
  inHolder(core, 'if (term.stage === "leading" && term.leaseUntil <= draft.now)', "if (draft.now < 0)"),
];

export const grantsWhileDraining: Fault = (core) => [
  inHolder(
    core,
    'if (phase.type !== "waiting") continue;',
    'if (phase.type !== "waiting" && phase.type !== "draining") continue;',
  ),
];

export const grantsClosed: Fault = (core) => [
  inHolder(
    core,
    'if (phase.type !== "waiting") continue;',
    'if (phase.type !== "waiting" && phase.type !== "gone") continue;',
  ),
];

export const endedComesBack: Fault = (core) => [inHolder(core, "epoch > endedEpoch &&", "")];

export const lostIsNotStopped: Fault = (core) => [
  inHolder(
    core,
    "const drainUntil = Math.min(draft.now + drainMs,",
    'const drainUntil = Math.min(reason === "lost" ? draft.now : draft.now + drainMs,',
  ),
];

export const lostIsNotNamed: Fault = (core) => [
  inHolder(
    core,
    'if (term.stage === "ending") return;',
    'if (term.stage === "ending") return reason === "lost" ? replaceTerm(draft, term, { ...term, leaseUntil: 0 }) : undefined;',
  ),
];

export const leavesBeforeItHasStopped: Fault = (core) => [
  inHolder(
    core,
    'if (term.stage !== "ending" || !hasStopped(draft, term)) continue;',
    'if (term.stage !== "ending") continue;',
  ),
];

export const revokedAgainCutsTheDrain: Fault = (core) => [
  inHolder(
    core,
    'if (term.stage === "ending") return;',
    'if (term.stage === "ending") return replaceTerm(draft, term, { ...term, drainUntil: Math.min(term.drainUntil, draft.now + drainMs) });',
  ),
];

/** In the session: two checks see to it, each of them enough by itself. */
export const leftAndBackCounts = (): readonly Edit[] => [
  inSession("terms", 'contender.standing.type === "counted" &&', ""),
  inSession("statements", "(one.sentAt === null || one.sentAt >= statement.sentAt)", "false"),
];
