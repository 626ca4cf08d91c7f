/**
 * Known-wrong group cores: who is granted an election, by what it has stated, and who is asked.
 *
 * Some faults show only together with a second one, since two checks see to the same: a statement of before that is kept
 * at the group or counts at the client; a grant that is too late, or of an epoch that has ended; one that is taken while
 * nothing can start. Where a mutant has edits in two places, each alone survives.
 */
import {
  deadRival,
  helloGranted,
  hiddenBehindSilent,
  hiddenNext,
  leftAndBack,
  lostGrant,
  lostUnheard,
  readyUnasked,
  silentBeforeNext,
  silentBehindLost,
  silentTogether,
  takenBackThroughHibernation,
} from "../traces/readiness.ts";
import { leftUnheard } from "../traces/resume.ts";
import { leftAndBackCounts } from "./holder-faults.ts";
import { inGroup, type Mutant } from "./mutant.ts";

export const readinessMutants: readonly Mutant[] = [
  {
    name: "the server waits R after the statement that it grants by",
    rule: "S2",
    edits: [inGroup("terms", "leaseUntil: readAt + leaseMs,", "leaseUntil: readAt + leaseMs * 0.8,")],
  },
  {
    name: "the first lease begins with the grant",
    rule: "S2",
    edits: [inGroup("terms", "leaseUntil: readAt + leaseMs,", "leaseUntil: turn.now + leaseMs,")],
  },
  {
    name: "a statement counts however old it is",
    rule: "S1",
    edits: [
      inGroup(
        "statements",
        "return turn.now < statement.readAt + leaseFor(leaseMs).renewEveryMs;",
        "return leaseMs > 0;",
      ),
    ],
  },
  {
    name: "a grant names another statement",
    rule: "S1",
    edits: [
      inGroup("terms", "components, joined: false, sentAt });", "components, joined: false, sentAt: sentAt - 1 });"),
    ],
  },
  {
    name: "the horizon is not written with the grant",
    rule: "S3",
    edits: [inGroup("terms", "horizon: turn.now + aheadMs, horizonMs: aheadMs,", "horizon: 0, horizonMs: aheadMs,")],
  },
  {
    name: "a lost socket ends a term that was not heard of",
    rule: "S2",
    trace: lostUnheard,
    edits: [
      inGroup(
        "sessions",
        "turn.putState(name, { ...state, ...untaken, horizon: Math.min(state.horizon, state.leaseUntil) });",
        "const one = turn.termOf(session, state.leaderSessionId); if (one !== undefined && state.acceptedAt === null) dropTerm(turn, one); else turn.putState(name, { ...state, ...untaken, horizon: Math.min(state.horizon, state.leaseUntil) });",
      ),
    ],
  },
  {
    name: "a term that was not heard of is taken back like an unanswered question",
    rule: "S2",
    trace: lostUnheard,
    edits: [
      inGroup(
        "deadlines",
        "if (isHeld(election) && election.state.leaseUntil <= turn.now)",
        "if (isHeld(election) && (election.state.leaseUntil <= turn.now || (election.state.acceptedAt === null && turn.now >= election.state.grantedAt + turn.state.policy.askTimeoutMs)))",
      ),
      inGroup(
        "deadlines",
        "const leaseUntil = isHeld(election) ? election.state.leaseUntil : Infinity;",
        "const leaseUntil = !isHeld(election) ? Infinity : election.state.acceptedAt === null ? election.state.grantedAt + turn.state.policy.askTimeoutMs : election.state.leaseUntil;",
      ),
      inGroup("deadlines", "if (isWatched(turn, election))", "if (acceptedAt !== null && isWatched(turn, election))"),
    ],
  },
  {
    name: "what the leaver had stated counts on, and so does who has left and come back",
    rule: "S7",
    trace: leftAndBack,
    edits: [inGroup("contenders", "voidStatement(turn, id); // it was made", "// it was made"), ...leftAndBackCounts()],
  },
  {
    name: "a statement that was taken back comes back by hibernation",
    rule: "S7",
    trace: takenBackThroughHibernation,
    edits: [
      inGroup(
        "statements",
        "turn.patchConnection(connection.id, { statement: null, asked: null }); turn.reattached.add(id);",
        "turn.patchConnection(connection.id, { statement: null, asked: null });",
      ),
    ],
  },
  {
    name: "statements are attached only when they were asked for",
    rule: "N5",
    trace: readyUnasked,
    edits: [
      inGroup("statements", "turn.reattached.add(id); // each", "if (isAnswer) turn.reattached.add(id); // each"),
    ],
  },
  {
    name: "whoever is asked is asked for ever",
    rule: "S11",
    edits: [
      inGroup(
        "statements",
        "if (open !== null && (isPrompt(open) || (due > turn.now && open.due <= due))) return;",
        "if (open !== null && due > turn.now && open.due <= due) return;",
      ),
    ],
  },
  {
    name: "a rival that does not answer preempts",
    rule: "Q2",
    trace: deadRival,
    edits: [inGroup("rivals", "|| !isReady(turn, rival.sessionId)) return", "|| isReady === undefined) return")],
  },
  {
    name: "those who are silent are asked one after the other",
    rule: "N7",
    trace: silentTogether,
    edits: [inGroup("readiness", "const ASKED_AT_ONCE = 8;", "const ASKED_AT_ONCE = 1;")],
  },
  {
    name: "nobody is asked while a lost leader's lease runs",
    rule: "N7",
    trace: silentBehindLost,
    edits: [inGroup("readiness", 'let left = link?.type === "lost" ? ASKED_AT_ONCE : 1;', "let left = 1;")],
  },
  {
    name: "those who have just stated something are not asked when the leader is lost",
    rule: "N7",
    trace: silentBehindLost,
    edits: [inGroup("readiness", "if (isOlder || !isYoung", "if (!isYoung")],
  },
  {
    name: "whoever is next and does not keep time is relied on",
    rule: "N7",
    trace: hiddenBehindSilent,
    edits: [inGroup("statements", "turn.patchConnection(connection.id, { late: true });", "")],
  },
  {
    name: "whoever is next speaks when it would have, be the lease over or not",
    rule: "N13",
    trace: silentBeforeNext,
    edits: [inGroup("readiness", "return Math.min(beatAt, leaseUntil) +", "return beatAt +")],
  },
  {
    name: "the group looks after each lease, although whoever is next speaks then",
    rule: "N7",
    trace: silentBeforeNext,
    edits: [inGroup("statements", "=> asked !== null && !late;", "=> asked !== null && !late && false;")],
  },
  {
    name: "nobody looks where whoever is next was to speak and does not",
    rule: "N7",
    trace: silentTogether,
    edits: [
      inGroup(
        "deadlines",
        "return Math.max(slackMs, Math.min(NET_LEASES * leaseMs, turn.state.policy.horizonAheadMs));",
        "return 3_600_000;",
      ),
    ],
  },
  {
    name: "nobody is asked while somebody leads",
    rule: "N3",
    trace: hiddenNext,
    edits: [inGroup("deadlines", "if (isHeld(present)) warm(turn, present);", "")],
  },
  {
    name: "a hello states nothing",
    rule: "S1",
    trace: helloGranted,
    edits: [inGroup("greeting", "recordStatement(turn, id, message);", "")],
  },
  {
    name: "a term that its session never heard of costs it its place",
    rule: "S9",
    trace: lostGrant,
    edits: [
      inGroup(
        "sessions",
        "if (isUntaken(election)) dropTerm(turn, election);",
        "if (turn.now < 0) dropTerm(turn, election);",
      ),
    ],
  },
  {
    name: "what a lost process had not taken is stored as taken",
    rule: "S9",
    trace: (cores) => lostGrant(cores, true),
    edits: [inGroup("sessions", "{ ...state, ...untaken, horizon:", "{ ...state, horizon:")],
  },
  {
    name: "who has left keeps a place by a term that it never heard of",
    rule: "S9",
    trace: leftUnheard,
    edits: [
      inGroup(
        "terms",
        "if (session !== undefined && !contendsIn(session, name)) turn.removePlace",
        "if (session === null) turn.removePlace",
      ),
    ],
  },
];
