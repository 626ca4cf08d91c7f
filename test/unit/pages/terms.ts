/** Terms and elections as the routes give them, with what a test does not care about filled in. */
import type { CandidateStatus, ElectionStatus, GroupStatus } from "../../../shared/protocol/status.ts";
import type { TermStatus } from "../../../worker/index.ts";

export const term = (given: Partial<TermStatus> & Pick<TermStatus, "epoch" | "acceptedAt">): TermStatus => ({
  election: "process",
  leaderSessionId: `leadership ${given.epoch}`,
  sessionId: "session",
  process: "A",
  grantedAt: given.acceptedAt - 5,
  confirmed: [],
  endedAt: null,
  reason: null,
  note: null,
  gapMs: null,
  idle: false,
  ...given,
});

export const election = (given: Partial<ElectionStatus> = {}): ElectionStatus => ({
  election: "process",
  state: "vacant",
  leader: null,
  remainingMs: null,
  vacantMs: null,
  waiting: given.candidates?.length ?? 0,
  ready: given.candidates?.filter(({ ready }) => ready).length ?? 0,
  candidates: [],
  ...given,
});

export const ledBy = (process: string | null, epoch: number): ElectionStatus =>
  election({
    state: "leading",
    leader: { sessionId: `session of ${process}`, process, leaderSessionId: `leadership ${epoch}`, epoch },
    remainingMs: 1_000,
  });

export const candidate = (process: string | null, given: Partial<CandidateStatus> = {}): CandidateStatus => ({
  sessionId: `session of ${process}`,
  process,
  priority: 0,
  components: ["dispatcher"],
  ready: true,
  ...given,
});

export const status = (elections: readonly ElectionStatus[], given: Partial<GroupStatus> = {}): GroupStatus => ({
  group: "g",
  deployment: "d",
  epoch: 1,
  revision: 1,
  paused: false,
  holdOffMs: 0,
  sessions: 1,
  electionCount: elections.length,
  jobs: [],
  elections,
  next: null,
  ...given,
});
