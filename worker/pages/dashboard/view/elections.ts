/** The view of an election's card, derived from the group's status and the observed leader information. */

import type { LeaderInformation } from "../../../../client/index.ts";
import { legible } from "../../../../shared/legible.ts";
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

const STATES: Readonly<Record<ElectionStatus["state"], string>> = {
  vacant: "no leader",
  leading: "leading",
  revoking: "stepping down",
};

type Leaders = ReadonlyMap<string, LeaderInformation>;

/** The process election first, then by name. */
export const electionViews = (status: GroupStatus, leaders: Leaders): ElectionView[] =>
  status.elections
    .map((election) => electionView(election, status.paused, leaders))
    .sort((left, right) => order(left.election).localeCompare(order(right.election), "en"));

const order = (election: ElectionName): string => (election === "process" ? "" : election);

function electionView(status: ElectionStatus, isPaused: boolean, leaders: Leaders): ElectionView {
  const { election, state, leader, remainingMs, waiting, ready: readyCount } = status;
  const holder = leader && { ...leader, name: processName(leader.process, leader.sessionId) };
  return {
    election,
    title: electionTitle(election),
    state,
    stateLabel: STATES[state],
    holder,
    vacancy: holder ? null : whyVacant(isPaused, waiting, readyCount),
    remainingMs,
    published: leader ? publishedBy(leader.leaderSessionId, leaders) : [],
    queue: candidateViews(status.candidates),
    waiting,
    readyCount,
  };
}

function whyVacant(isPaused: boolean, waiting: number, ready: number): string {
  if (isPaused) return "The group is paused: nobody is granted it until it is resumed.";
  if (waiting === 0) return "Nobody contends for it.";
  return ready === 0 ? "Nobody in the queue can lead now." : "The next in the queue is about to lead.";
}

function candidateViews(candidates: readonly CandidateStatus[]): CandidateView[] {
  let place = 0;
  return candidates.map(({ sessionId, process, priority, components, ready }) => ({
    sessionId,
    name: processName(process, sessionId),
    place: ready ? ++place : null,
    priority,
    components: components.join(", "),
  }));
}

const publishedBy = (leaderSessionId: string, leaders: Leaders): PublishedView[] =>
  [...leaders.values()]
    .filter((information) => information.leaderSessionId === leaderSessionId)
    .sort((left, right) => left.component.localeCompare(right.component, "en"))
    .map(({ component, address, metadata = {} }) => ({
      component,
      address: address === undefined ? null : legible(address),
      metadata: Object.entries(metadata).map(([name, value]) => [legible(name), legible(value)] as const),
    }));
