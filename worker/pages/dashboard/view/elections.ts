/** The view of an election's card, derived from the group's status and the observed leader information. */

import type { LeaderInformation } from "../../../../client/index.ts";
import { legible } from "../../../../shared/legible.ts";
import { inNaturalOrder } from "../../../../shared/natural.ts";
import type { ElectionName } from "../../../../shared/protocol/names.ts";
import type { CandidateStatus, ElectionStatus, GroupStatus } from "../../../../shared/protocol/status.ts";
import { electionTitle, processName } from "./words.ts";

export interface CandidateView {
  readonly sessionId: string;
  readonly name: string;
  /** Counted from 1 among the candidates that can lead; null for the others. */
  readonly place: number | null;
  readonly priority: number;
  readonly components: string;
  /** `ready`, or why it is passed over. */
  readonly readiness: string;
}

export interface PublishedView {
  readonly component: string;
  /** Text, never a link, because a process may publish any text. */
  readonly address: string | null;
  readonly metadata: readonly (readonly [name: string, value: string])[];
}

export interface HolderView {
  readonly name: string;
  readonly sessionId: string;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

export interface ElectionView {
  readonly election: ElectionName;
  readonly title: string;
  readonly state: ElectionStatus["state"];
  readonly stateLabel: string;
  /** `missing`: somebody waits, and nobody leads. `idle`: nobody waits either. `held`: an order keeps it vacant. */
  readonly tone: "led" | "missing" | "idle" | "held";
  /** The leader, or the session that still holds the election while it is revoked. */
  readonly holder: HolderView | null;
  /** Why there is no holder; null if there is one. */
  readonly vacancy: string | null;
  readonly remainingMs: number | null;
  readonly published: readonly PublishedView[];
  /** The first ones of those that wait. */
  readonly queue: readonly CandidateView[];
  readonly waiting: number;
  readonly readyCount: number;
}

const TONES: Readonly<Record<ElectionView["tone"], string>> = {
  led: "leading",
  missing: "no leader",
  idle: "idle",
  held: "on hold",
};

type Leaders = ReadonlyMap<string, LeaderInformation>;

/** The process election first, then by name: `job2` before `job10`. */
export const electionViews = (status: GroupStatus, leaders: Leaders): ElectionView[] =>
  status.elections
    .toSorted((left, right) => inNaturalOrder(order(left.election), order(right.election)))
    .map((election) => electionView(election, status, leaders));

const order = (election: ElectionName): string => (election === "process" ? "" : election);

function electionView(status: ElectionStatus, group: GroupStatus, leaders: Leaders): ElectionView {
  const { election, state, leader, remainingMs, waiting, ready: readyCount } = status;
  const holder = leader && { ...leader, name: processName(leader.process, leader.sessionId) };
  const tone = leader ? "led" : toneOfVacancy(group, waiting);
  return {
    election,
    title: electionTitle(election),
    state,
    stateLabel: state === "revoking" ? "stepping down" : TONES[tone],
    tone,
    holder,
    vacancy: holder ? null : whyVacant(group, status),
    remainingMs,
    published: leader ? publishedBy(leader.leaderSessionId, leaders) : [],
    queue: candidateViews(status.candidates),
    waiting,
    readyCount,
  };
}

function toneOfVacancy({ paused, holdOffMs }: GroupStatus, waiting: number): "missing" | "idle" | "held" {
  if (waiting === 0) return "idle";
  return paused || holdOffMs > 0 ? "held" : "missing";
}

function whyVacant({ paused, holdOffMs }: GroupStatus, { waiting, ready }: ElectionStatus): string {
  if (paused) return "The group is paused: nobody is granted it until it is resumed.";
  if (waiting === 0) return "Nobody contends for it.";
  if (holdOffMs > 0) return "The group holds off: nobody is granted it until that is over.";
  return ready === 0 ? "Nobody in the queue can lead now." : "The next in the queue is about to lead.";
}

function candidateViews(candidates: readonly CandidateStatus[]): CandidateView[] {
  let place = 0;
  return candidates.map(({ sessionId, process, priority, components, ready, aside }) => ({
    sessionId,
    name: processName(process, sessionId),
    place: ready ? ++place : null,
    priority,
    components: components.join(", "),
    readiness: ready ? "ready" : readinessOf(aside),
  }));
}

const readinessOf = (aside: CandidateStatus["aside"]): string =>
  aside === "silent" || aside === "lost" ? aside : "not ready";

const publishedBy = (leaderSessionId: string, leaders: Leaders): PublishedView[] =>
  [...leaders.values()]
    .filter((information) => information.leaderSessionId === leaderSessionId)
    .sort((left, right) => left.component.localeCompare(right.component, "en"))
    .map(({ component, address, metadata = {} }) => ({
      component,
      address: address === undefined ? null : legible(address),
      metadata: Object.entries(metadata).map(([name, value]) => [legible(name), legible(value)] as const),
    }));
