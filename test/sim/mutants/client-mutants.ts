/** Known-wrong session cores. */
import {
  closeWhileDraining,
  hungCallback,
  lastCloseWhileDraining,
  offerWhileDraining,
  preemptionInTime,
} from "../traces/ending.ts";
import {
  followerOfStaleObject,
  lateAnswer,
  sleepAfterSetBack,
  sleepingLeader,
  wallClockSetBack,
} from "../traces/leases.ts";
import {
  closeWhileAway,
  longOutage,
  resignWhileFramesWait,
  shutdownWhileFramesWait,
  slowPath,
} from "../traces/leaving.ts";
import { oneNameTooMany, watchedTwice } from "../traces/observing.ts";
import {
  droppedOffer,
  forbiddenSibling,
  grantOfBefore,
  refusedSibling,
  resumeBeforeDrainEnds,
  resumeWhileDraining,
  shorterDrain,
  slowPaths,
} from "../traces/rejoin.ts";
import { lostConfirm } from "../traces/resume.ts";
import { inSession, type Mutant } from "./mutant.ts";

export const clientMutants: readonly Mutant[] = [
  {
    name: "a name that was refused is asked for again",
    rule: "O5",
    trace: oneNameTooMany,
    edits: [inSession("watching", "forget(draft, observed === true ? [observed] : observed);", "")],
  },
  {
    name: "a name is watched once for each of its observers",
    rule: "O6",
    trace: watchedTwice,
    edits: [inSession("watching", "if (draft.watched.includes(component)) return; const isCovered", "const isCovered")],
  },
  {
    name: "names that were watched beside all others are forgotten with them",
    rule: "C12",
    trace: watchedTwice,
    edits: [inSession("watching", "if (component === true) sendNames(draft, namesOf(draft));", "")],
  },
  {
    name: "the lease counts from the receipt of the answer",
    rule: "S1",
    edits: [
      inSession(
        "terms",
        "const until = at + (draft.session?.lease.renewDeadlineMs ?? 0);",
        "const until = draft.now + (draft.session?.lease.renewDeadlineMs ?? 0); void at;",
      ),
    ],
  },
  {
    name: "an offer is leadership",
    rule: "S1",
    edits: [
      inSession(
        "terms",
        'stage: "offered", leaseUntil: 0,',
        'stage: "leading", leaseUntil: draft.now + (draft.session?.lease.renewDeadlineMs ?? 0),',
      ),
    ],
  },
  {
    name: "any answer answers the newest question",
    rule: "S7",
    edits: [
      inSession(
        "connection",
        "const request = draft.requests.find((entry) => entry.sentAt === sentAt);",
        "const request = draft.requests.findLast((entry) => entry.sentAt > 0 && entry.sentAt >= sentAt);",
      ),
    ],
  },
  {
    name: "an id that is asked for and missing goes on",
    rule: "S9",
    edits: [inSession("terms", 'endTerm(draft, term, "lost");', "continue;")],
  },
  {
    name: "a late answer revives a lease that is over",
    rule: "S6",
    trace: lateAnswer,
    edits: [
      inSession("terms", 'term.stage === "offered" || term.leaseUntil > draft.now', "draft.now > 0"),
      inSession("transition", "expireLeases(draft); // Frames", "// Frames"),
    ],
  },
  {
    name: "a lease that is over ends nothing",
    rule: "S6",
    edits: [inSession("ending", 'if (term.stage === "leading" && term.leaseUntil <= draft.now)', "if (draft.now < 0)")],
  },
  {
    name: "a resign is sent before anything has stopped",
    rule: "S2",
    edits: [inSession("ending", "term.farewell = farewell;", "term.farewell = farewell; send(draft, farewell);")],
  },
  {
    name: "a closing contender leaves before it has stopped",
    rule: "S2",
    trace: lastCloseWhileDraining,
    edits: [
      inSession(
        "contenders",
        "const isInTerm = findTerm(draft.terms, contender.leaderSessionId) !== undefined;",
        "const isInTerm = false;",
      ),
    ],
  },
  {
    name: "bye is said before anything has stopped",
    rule: "S8",
    trace: closeWhileDraining,
    edits: [
      inSession(
        "connection",
        "const needed = draft.watched.length + draft.terms.length > 0 ||",
        "const needed = !draft.closing && (draft.watched.length + draft.terms.length > 0) || !draft.closing &&",
      ),
    ],
  },
  {
    name: "a resume names nothing",
    rule: "S9",
    edits: [inSession("connection", "...ask(draft),", "...ask(draft), held: [],")],
  },
  {
    name: "what is over is still asked for",
    rule: "S9",
    trace: sleepingLeader,
    edits: [
      inSession(
        "state",
        'terms.filter((term) => term.stage === "offered" || term.leaseUntil > now)',
        "terms.filter(() => now >= 0)",
      ),
    ],
  },
  {
    name: "connection attempts are not counted",
    rule: "S9",
    edits: [inSession("connection", "secret: session.secret, attempt }", "secret: session.secret, attempt: 1 }")],
  },
  {
    name: "frames of abandoned sockets are heard",
    rule: "G10",
    edits: [
      inSession(
        "transition",
        "if (connection === state.attempt) follow(draft, input);",
        "if (connection >= 0) follow(draft, input);",
      ),
    ],
  },
  {
    name: "a revoke is not heard",
    rule: "C6",
    trace: preemptionInTime,
    edits: [
      inSession("terms", "if (term) endTerm(draft, term, message.reason, message.drainMs);", "if (term) return;"),
    ],
  },
  {
    name: "a grant does not wait until the last revoke has settled",
    rule: "C1",
    edits: [
      inSession(
        "contenders",
        'if (contender.phase === "waiting" && term?.stage === "leading")',
        'if ((contender.phase === "waiting" || contender.phase === "draining") && term?.stage === "leading")',
      ),
    ],
  },
  {
    name: "who has stopped speaks for its siblings",
    rule: "C1",
    edits: [inSession("contenders", "if (!contenders.includes(contender.id) ||", "if (contenders.length === 0 ||")],
  },
  {
    name: "an offer is accepted while nobody is ready",
    rule: "S11",
    edits: [inSession("terms", 'if (named.some(({ phase }) => phase === "waiting"))', "if (named.length > 0)")],
  },
  {
    name: "who has declined does not say when it is ready",
    rule: "S11",
    trace: offerWhileDraining,
    edits: [inSession("contenders", "if (draft.declined) speakNow(draft);", "")],
  },
  {
    name: "who waits shows no sign of life",
    rule: "S4",
    trace: followerOfStaleObject,
    edits: [
      inSession(
        "connection",
        "if (!leads && (checkAt > now || contenders.length === 0))",
        "if (!leads && checkAt + contenders.length >= 0)",
      ),
    ],
  },
  {
    name: "a confirm is sent once",
    rule: "C7",
    trace: lostConfirm,
    edits: [
      inSession("connection", "for (const { confirm } of draft.contenders) if (confirm) send(draft, confirm);", ""),
    ],
  },
  {
    name: "a frozen page goes on leading",
    rule: "S8",
    edits: [inSession("connection", 'endTerms(draft, "frozen", 0);', "")],
  },
  {
    name: "a pong prolongs the lease",
    rule: "S4",
    edits: [
      inSession(
        "connection",
        "export function pong(draft: Draft): void {",
        "export function pong(draft: Draft): void { for (const term of draft.terms) if (term.stage === 'leading') term.leaseUntil = draft.now + 8_000;",
      ),
      inSession(
        "connection",
        "const leads = heldTerms(draft, now).length > 0;",
        "const leads = heldTerms(draft, now).length > 0 && draft.random < 0.7;",
      ),
    ],
  },
  {
    name: "the clock stands still while the machine sleeps",
    rule: "S6",
    trace: sleepingLeader,
    edits: [
      {
        file: "client/clock.ts",
        from: "Math.max(now, monotonic - monotonicStart, wall - wallStart)",
        to: "Math.max(now, monotonic - monotonicStart)",
      },
    ],
  },
  {
    name: "the clock believes the wall clock alone",
    rule: "S6",
    trace: wallClockSetBack,
    edits: [
      {
        file: "client/clock.ts",
        from: "Math.max(now, monotonic - monotonicStart, wall - wallStart)",
        to: "Math.max(now, wall - wallStart)",
      },
    ],
  },
  {
    name: "a clock that was set back is left behind",
    rule: "S6",
    trace: sleepAfterSetBack,
    edits: [
      {
        file: "client/clock.ts",
        from: "if (now - (wall - wallStart) > JITTER_MS) wallStart = wall - now;",
        to: "",
      },
      {
        file: "client/clock.ts",
        from: "since = Math.min(now, monotonic - monotonicStart, wall - wallStart)",
        to: "since = now",
      },
    ],
  },
  {
    name: "a silent socket is never given up",
    rule: "S4",
    edits: [
      inSession(
        "state",
        "return terms.some(({ leaseUntil }) => leaseUntil > early) ? early : oldest.at + PATIENCE_MS;",
        "return terms.some(({ leaseUntil }) => leaseUntil > early) ? early + 1e9 : oldest.at + 1e9;",
      ),
    ],
  },
  {
    name: "what ends a term waits behind everything else",
    rule: "N8",
    trace: resignWhileFramesWait,
    edits: [
      inSession(
        "pace",
        "if (canSend(draft)) draft.farewells = [...draft.farewells, message];",
        "if (canSend(draft)) draft.outbox = [...draft.outbox, message];",
      ),
    ],
  },
  {
    name: "bye keeps to the pace",
    rule: "N8",
    trace: shutdownWhileFramesWait,
    edits: [
      inSession(
        "pace",
        'if (allowed) leaves(draft, { type: "bye" });',
        'if (allowed && draft.outbox.length === 0) leaves(draft, { type: "bye" });',
      ),
    ],
  },
  {
    name: "the back-off outgrows the lease",
    rule: "N9",
    trace: longOutage,
    edits: [inSession("connection", "hurries ? deadlineMs / 8 : Infinity", "Infinity")],
  },
  {
    name: "who stops without a connection never says so",
    rule: "N10",
    trace: closeWhileAway,
    edits: [inSession("ending", "draft.untold = true;", "")],
  },
  {
    name: "who waits is as impatient as a leader",
    rule: "N11",
    trace: slowPath,
    edits: [
      inSession(
        "state",
        "return terms.some(({ leaseUntil }) => leaseUntil > early) ? early : oldest.at + PATIENCE_MS;",
        "return terms.length >= 0 ? early : PATIENCE_MS;",
      ),
    ],
  },
  {
    name: "the policy revoke keeps its terms",
    rule: "N1",
    edits: [inSession("connection", 'endTerms(draft, "disconnected");', "")],
  },
  {
    name: "hung callbacks are waited for without end",
    rule: "S10",
    trace: hungCallback,
    edits: [
      inSession(
        "ending",
        "const drainUntil = draft.now + Math.min(draft.settings.drainMs, draft.session?.drainMs ?? DRAIN_MS);",
        "const drainUntil = Infinity; void DRAIN_MS;",
      ),
    ],
  },
  {
    name: "what was refused is named no more, though it drains",
    rule: "S14",
    trace: resumeWhileDraining,
    edits: [
      inSession(
        "ending",
        "term.farewell = farewell;",
        'term.farewell = farewell; if (reason === "lost") term.leaseUntil = 0;',
      ),
    ],
  },
  {
    name: "a revoke that is told again cuts the drain",
    rule: "S14",
    trace: resumeBeforeDrainEnds,
    edits: [inSession("terms", 'if (term?.stage === "ending") return;', "")],
  },
  {
    name: "a welcome with a shorter drain time cuts the drain",
    rule: "S14",
    trace: shorterDrain,
    edits: [
      inSession(
        "ending",
        "term.drainUntil = Math.min(term.drainUntil, draft.now + drainMs);",
        "term.drainUntil = Math.min(term.drainUntil, draft.now + Math.min(drainMs, draft.session?.drainMs ?? DRAIN_MS));",
      ),
    ],
  },
  {
    name: "a component that was refused counts as a sibling",
    rule: "S15",
    trace: refusedSibling,
    edits: [inSession("ending", 'contender.standing !== "refused" && isLive(contender)', "isLive(contender)")],
  },
  {
    name: "a refusal is not heard",
    rule: "S15",
    trace: refusedSibling,
    edits: [inSession("transition", "if (refused(draft, message)) return;", "")],
  },
  {
    name: "a grant names whoever bears the name",
    rule: "S15",
    trace: grantOfBefore,
    edits: [inSession("terms", 'contender.standing === "counted" &&', "")],
  },
  {
    name: "any answer counts the component that is back",
    rule: "S15",
    trace: grantOfBefore,
    edits: [inSession("contenders", 'if (contender.standing === "greeted") count(contender);', "count(contender);")],
  },
  {
    name: "a component leaves while a sibling runs that the group does not count",
    rule: "S15",
    trace: forbiddenSibling,
    edits: [inSession("contenders", "(contender.registered && isKept(draft, contender))", "false")],
  },
  {
    name: "a dropped offer is taken up again, by whoever bears the name",
    rule: "S16",
    trace: droppedOffer,
    edits: [
      inSession(
        "ending",
        "draft.endedEpoch = Math.max(draft.endedEpoch, term.epoch);",
        'if (term.stage !== "offered") draft.endedEpoch = Math.max(draft.endedEpoch, term.epoch);',
      ),
      inSession("terms", 'contender.standing === "counted" &&', ""),
    ],
  },
  {
    name: "an offer is withdrawn before a slow path could have accepted it",
    rule: "Q5",
    trace: slowPaths,
    edits: [
      {
        file: "shared/lease.ts",
        from: "slowestPathFor(answerTimeoutFor(lease)) + renewalSlackFor(lease.durationMs);",
        to: "Math.min(Math.floor(lease.durationMs / 4), 2_000);",
      },
      { file: "shared/lease.ts", from: "offerTimeoutMs > slowestPathFor(answerTimeoutMs)", to: "offerTimeoutMs > 0" },
    ],
  },
];
