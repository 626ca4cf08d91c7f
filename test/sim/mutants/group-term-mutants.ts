/** Known-wrong group cores: grants, leases, epochs and what is stored of them. */
import {
  preemptedForLateGrant,
  preemptedForNobody,
  preemptionInTime,
  revokedTwice,
  unreachableHolder,
} from "../traces/ending.ts";
import {
  cleanupOnSlowerHost,
  cleanupWhileLeading,
  finishRestoreLate,
  restoreOldRecord,
  restoreOnSlowerHost,
  restoreWhileLeading,
} from "../traces/epochs.ts";
import {
  cleanedOnHostBehind,
  longerLeaseAfterSetBack,
  muteCandidate,
  muteThroughHibernation,
  orderedTwice,
  pausedGroup,
  revokedOnHostBehind,
  setBackBesideStaleObject,
  shorterPolicy,
  slowLeader,
  slowLeaderFastHost,
} from "../traces/leases.ts";
import { firstFrameResigns } from "../traces/readiness.ts";
import { inGroup, type Mutant } from "./mutant.ts";

export const groupTermMutants: readonly Mutant[] = [
  {
    name: "the server waits R instead of D",
    rule: "S2",
    trace: slowLeader,
    edits: [inGroup("terms", "const promised = turn.now + leaseMs;", "const promised = turn.now + leaseMs * 0.8;")],
  },
  {
    name: "the horizon is written with the grant and never again",
    rule: "S3",
    edits: [inGroup("terms", "if (isAhead) return", "if (isAhead || horizon > 0) return")],
  },
  {
    name: "the horizon is the lease, not ahead of it, and is not stored when it moves",
    rule: "S3",
    edits: [
      inGroup(
        "rows",
        "const { leaseUntil: _exact, acceptedAt: _memoryOnly, ...stored } = state;",
        "const { leaseUntil: _exact, acceptedAt: _memoryOnly, ...rest } = state; const stored = { ...rest, horizon: state.grantedAt + state.leaseMs };",
      ),
    ],
  },
  {
    name: "a load takes the horizon without the margin between hosts",
    rule: "S3",
    trace: slowLeaderFastHost,
    edits: [inGroup("rows", "leaseUntil: state.horizon + CLOCK_MARGIN_MS", "leaseUntil: state.horizon")],
  },
  {
    name: "a load believes that the last renewal was at the grant",
    rule: "S3",
    edits: [
      inGroup("rows", "leaseUntil: state.horizon + CLOCK_MARGIN_MS", "leaseUntil: state.grantedAt + state.leaseMs"),
    ],
  },
  {
    name: "a grant is kept in memory",
    rule: "S3",
    edits: [
      inGroup(
        "rows",
        "const row = rowOf(after.elections.get(key), electionRow);",
        "const leads = after.elections.get(key)?.state.type === 'leading'; const row = rowOf(leads ? before.elections.get(key) : after.elections.get(key), electionRow);",
      ),
    ],
  },
  {
    name: "whoever is asked is waited for like a leader",
    rule: "N7",
    trace: muteCandidate,
    edits: [inGroup("statements", "question.due + turn.state.policy.askTimeoutMs", "question.due + 600_000")],
  },
  {
    name: "epochs only count",
    rule: "S5",
    trace: restoreOnSlowerHost,
    edits: [inGroup("turn", "return Math.max(epoch + 1, jobEpoch + 1, this.now);", "return epoch + 1;")],
  },
  {
    name: "epochs are the wall clock's alone",
    rule: "S5",
    edits: [inGroup("turn", "return Math.max(epoch + 1, jobEpoch + 1, this.now);", "return this.now;")],
  },
  {
    name: "a forced cleanup leaves no hold-off",
    rule: "S5",
    trace: cleanupWhileLeading,
    edits: [inGroup("maintenance", "holdOffFor(turn, election.state);", "{}")],
  },
  {
    name: "a forced cleanup forgets the epoch",
    rule: "S5",
    trace: cleanupOnSlowerHost,
    edits: [
      inGroup(
        "maintenance",
        'turn.reply(request, { type: "cleaned" });',
        'turn.change({ epoch: 0 }); turn.reply(request, { type: "cleaned" });',
      ),
    ],
  },
  {
    name: "a clock that was set back holds a revoke up",
    rule: "S2",
    trace: revokedOnHostBehind,
    edits: [inGroup("terms", "const latest = turn.now + horizonMs;", "const latest = Infinity; void horizonMs;")],
  },
  {
    name: "a revoke cuts the lease",
    rule: "S2",
    trace: orderedTwice,
    edits: [
      inGroup(
        "terms",
        "const latest = turn.now + horizonMs; if (horizon <= latest + horizonMs) return;",
        "const latest = turn.now; if (horizon <= latest || horizonMs === 0) return;",
      ),
    ],
  },
  {
    name: "a renewal goes by a horizon from before the clock was set back",
    rule: "S3",
    trace: (cores) => setBackBesideStaleObject(cores, 900_000),
    edits: [
      inGroup(
        "terms",
        "promised <= horizon && (mayAskReplaced || horizon <= turn.now + horizonMs);",
        "promised <= horizon;",
      ),
    ],
  },
  {
    name: "an order bounds less than what is promised by then",
    rule: "S2",
    trace: longerLeaseAfterSetBack,
    edits: [
      inGroup(
        "terms",
        "promised <= horizon && (mayAskReplaced || horizon <= turn.now + horizonMs);",
        "promised <= horizon;",
      ),
      inGroup("terms", "horizonMs: Math.max(horizonMs, leaseMs) };", "horizonMs };"),
    ],
  },
  {
    name: "a clock that was set back holds a clean-up up",
    rule: "S5",
    trace: cleanedOnHostBehind,
    edits: [inGroup("maintenance", "boundHoldOff(turn);", "")],
  },
  {
    name: "a second clean-up cuts the hold-off of the first",
    rule: "S5",
    trace: orderedTwice,
    edits: [
      inGroup(
        "terms",
        "holdOffUntil > latest + holdOffMs) turn.change({ holdOffUntil: latest });",
        "latest > 0) turn.change({ holdOffUntil: turn.now });",
      ),
    ],
  },
  {
    name: "storage goes back while leases run",
    rule: "S5",
    trace: restoreWhileLeading,
    edits: [
      inGroup(
        "maintenance",
        "if (pendingRestore === null || terms.size > 0 || turn.now < holdOffUntil) return;",
        "if (pendingRestore === null) return;",
      ),
    ],
  },
  {
    name: "storage goes back while a slower host could repeat an epoch",
    rule: "S5",
    trace: restoreOnSlowerHost,
    edits: [
      inGroup(
        "maintenance",
        "if (newest > 0) turn.change({ holdOffUntil: Math.max(holdOffUntil, newest + CLOCK_MARGIN_MS + 1) });",
        "",
      ),
    ],
  },
  {
    name: "records of an earlier time stay after a restore",
    rule: "O4",
    trace: restoreOldRecord,
    edits: [inGroup("maintenance", "turn.putRecord(component, null);", "{}")],
  },
  {
    name: "the second step of a restore drops what was published since the first",
    rule: "C7",
    trace: finishRestoreLate,
    edits: [
      inGroup(
        "maintenance",
        "if (record !== null && !isPublishedNow(turn, record.leader.leaderSessionId))",
        "if (record !== null)",
      ),
    ],
  },
  {
    name: "records outlive their leadership",
    rule: "O1",
    edits: [
      inGroup(
        "terms",
        "const components = session === undefined ? [] : componentsIn(session, name);",
        "const components: string[] = []; void session; void name;",
      ),
    ],
  },
  {
    name: "the end of the drain frees the election",
    rule: "S10",
    trace: unreachableHolder,
    edits: [
      inGroup(
        "deadlines",
        "if (isHeld(election) && election.state.leaseUntil <= turn.now)",
        "if (isHeld(election) && Math.min(election.state.leaseUntil, election.state.type === 'revoking' ? election.state.drainUntil : Infinity) <= turn.now)",
      ),
      inGroup(
        "deadlines",
        "const leaseUntil = isHeld(election) ? election.state.leaseUntil : Infinity;",
        "const leaseUntil = !isHeld(election) ? Infinity : election.state.type === 'revoking' ? Math.min(election.state.drainUntil, election.state.leaseUntil) : election.state.leaseUntil;",
      ),
    ],
  },
  {
    name: "a revoked holder may renew for ever",
    rule: "S10",
    trace: revokedTwice,
    edits: [inGroup("terms", "turn.now >= state.drainUntil) return false;", "turn.now < 0) return false;")],
  },
  {
    name: "equal priority preempts",
    rule: "Q2",
    edits: [
      inGroup(
        "rivals",
        "rank.demoted || compareWorth(rank, held) >= 0",
        "rank.demoted || compareWorth(rank, held) > 0",
      ),
    ],
  },
  {
    name: "preemption has no cool-down",
    rule: "Q2",
    trace: preemptionInTime,
    edits: [
      inGroup("rivals", "const soonest = Math.max(turn.now, grantedAt + cooldownMs);", "const soonest = turn.now;"),
    ],
  },
  {
    name: "who did not take what it has preempted preempts again",
    rule: "Q6",
    trace: preemptedForNobody,
    edits: [inGroup("rivals", "if (missed === null) return -Infinity;", "if (missed?.times !== 0) return -Infinity;")],
  },
  {
    name: "that a turn was missed is not stored",
    rule: "Q6",
    trace: preemptedForNobody,
    edits: [inGroup("rows", "...(missed !== null && { missed }),", "")],
  },
  {
    name: "whatever a socket brings through hibernation counts as taken",
    rule: "Q6",
    trace: preemptedForLateGrant,
    edits: [
      inGroup("transition", "bringLease(turn, session, lease, false);", "bringLease(turn, session, lease, true);"),
    ],
  },
  {
    name: "a second revoke restarts the drain time",
    rule: "S10",
    trace: revokedTwice,
    edits: [
      inGroup(
        "terms",
        "const reason = cause.successor === null ? state.reason : cause.reason;",
        "const reason = cause.successor === null ? state.reason : cause.reason; turn.putState(election.name, { ...state, drainUntil: turn.now + turn.state.policy.drainMs });",
      ),
    ],
  },
  {
    name: "who does not answer is not mute",
    rule: "S11",
    trace: muteCandidate,
    edits: [
      inGroup("readiness", "turn.patchSession(id, { mute: true });", ""),
      inGroup("readiness", "if (rest !== undefined) fill(turn, rest);", ""),
    ],
  },
  {
    name: "somebody is granted an election before all sockets are known",
    rule: "S12",
    trace: firstFrameResigns,
    edits: [inGroup("readiness", "=> state.reconciled && !state.paused &&", "=> !state.paused &&")],
  },
  {
    name: "that a session was found silent is forgotten by hibernation",
    rule: "S11",
    trace: muteThroughHibernation,
    edits: [inGroup("transition", "if (isSilent(turn, adopted)) turn.patchSession(session.id, { mute: true });", "")],
  },
  {
    name: "lost sessions are kept for ever",
    rule: "S12",
    edits: [
      inGroup(
        "deadlines",
        'if (turn.termsOf(session).length === 0) forget(turn, session, "lost");',
        'if (turn.termsOf(session).length === 0 && turn.now < 0) forget(turn, session, "lost");',
      ),
    ],
  },
  {
    name: "a shorter policy cuts the leases that run",
    rule: "S2",
    trace: shorterPolicy,
    edits: [
      inGroup(
        "terms",
        "const leaseMs = Math.max(before.leaseMs, session.leaseMs);",
        "const leaseMs = turn.state.policy.lease.durationMs; void session;",
      ),
    ],
  },
  {
    name: "a paused group grants",
    rule: "S5",
    trace: pausedGroup,
    edits: [inGroup("readiness", "state.reconciled && !state.paused &&", "state.reconciled &&")],
  },
];
