/** Known-wrong session cores. */
import { leaderFirst, nextIsEarly } from "../traces/crowd.ts";
import {
  backAfterItsDrain,
  closeWhileDraining,
  hungCallback,
  hungSibling,
  lastCloseWhileDraining,
  preemptionInTime,
  readyWhenStopped,
  resignWhileDraining,
} from "../traces/ending.ts";
import {
  followerOfStaleObject,
  frozenPage,
  inquiry,
  lateAnswer,
  observerOfStaleObject,
  queuedAnswer,
  queuedRenewal,
  sleepAfterSetBack,
  sleepingLeader,
  wallClockSetBack,
} from "../traces/leases.ts";
import {
  closeWhileAway,
  leavingByTurns,
  leavingToWhoLeaves,
  longOutage,
  resignWhileFramesWait,
  shutdownWhileFramesWait,
  slowPath,
  unheardAndBack,
} from "../traces/leaving.ts";
import { oneNameTooMany, watchedTwice } from "../traces/observing.ts";
import {
  givenBackOnce,
  lateGrant,
  leftAndBack,
  leftBesideRefused,
  readyAgain,
  silentBeforeNext,
  stayingOut,
  unreadyNext,
} from "../traces/readiness.ts";
import {
  endedAndWidened,
  forbiddenSibling,
  grantOfBefore,
  refusedSibling,
  resumeBeforeDrainEnds,
  resumeWhileDraining,
  shorterDrain,
  shorterDrainOfAnother,
  slowNext,
} from "../traces/rejoin.ts";
import {
  lateUpgrade,
  lostConfirm,
  queuedHello,
  queuedHelloOfShorterLease,
  queuedUpgrade,
  upgradeAfterGreeting,
} from "../traces/resume.ts";
import { tryAfterTheLast, tryAgain, tryInVain, tryLate, tryOnce } from "../traces/tries.ts";
import {
  endedComesBack,
  grantsClosed,
  grantsWhileDraining,
  lateAnswerRevives,
  leavesBeforeItHasStopped,
  leftAndBackCounts,
  lostIsNotNamed,
  lostIsNotStopped,
  missingGoesOn,
  nothingExpires,
  revokedAgainCutsTheDrain,
} from "./holder-faults.ts";
import { inHolder, inSession, type Mutant } from "./mutant.ts";

const nextWaits = inSession(
  "connection",
  "const isNext = nextUntil !== null && nextUntil > now;",
  "const isNext = false;",
);

export const clientMutants: readonly Mutant[] = [
  {
    name: "a leader that becomes unready leads on",
    rule: "Q7",
    trace: unreadyNext,
    edits: [inHolder("session", "if (!isReady(draft, election)) resign(", "if (draft.now < 0) resign(")],
  },
  {
    name: "what is not ready is not said to be busy, and takes what it is granted",
    rule: "Q7",
    kind: "choice",
    edits: [
      inSession("statements", "|| !isReady(draft, election)) return false;", ") return false;"),
      inSession("terms", "&& isReady(draft, election) &&", "&&"),
      inHolder("session", "if (!isReady(draft, election)) resign(", "if (draft.now < 0) resign("),
    ],
  },
  {
    name: "what is not ready is said to be able to start",
    rule: "Q7",
    trace: unreadyNext,
    edits: [
      inSession("statements", "|| !isReady(draft, election)) return false;", ") return false;"),
      inSession("statements", "isLive(one) && mayStand(one) &&", "isLive(one) && draft.now < 0 &&"),
    ],
  },
  {
    name: "who becomes unready while it waits keeps it for itself",
    rule: "Q7",
    trace: unreadyNext,
    edits: [inSession("statements", "isLive(one) && mayStand(one) &&", "isLive(one) && draft.now < 0 &&")],
  },
  {
    name: "who stays out stands again at once",
    rule: "Q7",
    trace: stayingOut,
    edits: [inHolder("session", "if (stayOutMs > 0) {", "if (stayOutMs < 0) {")],
  },
  {
    name: "who stays out never stands again",
    rule: "Q7",
    trace: stayingOut,
    edits: [inSession("deadlines", ", stayOutUntil(state));", ");")],
  },
  {
    name: "an inquiry is content with the answer to what was asked before it",
    rule: "K7",
    trace: inquiry,
    edits: [
      inSession("connection", "if (draft.inquiredAt < sentAt) draft.inquiredAt = null;", "draft.inquiredAt = null;"),
    ],
  },
  {
    name: "an inquiry asks nothing",
    rule: "K7",
    trace: inquiry,
    edits: [
      inSession("pace", "(inquiredAt === null && !isAwaited)) return", "inquiredAt !== null || !isAwaited) return"),
    ],
  },
  {
    name: "a connection whose answer is late is abandoned at once",
    rule: "N19",
    trace: queuedRenewal,
    edits: [inSession("connection", "if (isPressing(draft, draft.now)) {", "if (draft.now < 0) {")],
  },
  {
    name: "a welcome that is late counts for nothing",
    rule: "N19",
    trace: queuedHello,
    edits: [inSession("overtaken", '"renewed" || input.type === "welcome";', '"renewed";')],
  },
  {
    name: "an attempt that opens late is of no use",
    rule: "N19",
    trace: queuedUpgrade,
    edits: [
      inSession("overtaken", 'if (input.type === "opened" &&', 'if (draft.now < 0 && input.type === "opened" &&'),
    ],
  },
  {
    name: "an attempt that opens late takes the place of one that has greeted",
    rule: "N19",
    trace: lateUpgrade,
    edits: [inSession("overtaken", 'input.type === "opened" && !lineOf(draft)', 'input.type === "opened"')],
  },
  {
    name: "a late answer counts from when it came",
    rule: "S1",
    trace: queuedAnswer,
    edits: [
      inSession(
        "overtaken",
        "!answered(draft, one.requests, input)",
        "!answered(draft, one.requests.map((asked) => ({ ...asked, at: draft.now })), input)",
      ),
    ],
  },
  {
    name: "the leader waits for its time, as all others do",
    rule: "N15",
    trace: leaderFirst,
    edits: [inSession("connection", "const spreadMs = hurries ? 0 : crowdMs(", "const spreadMs = crowdMs("), nextWaits],
  },
  {
    name: "whoever is next waits for its time",
    rule: "N15",
    trace: nextIsEarly,
    edits: [nextWaits],
  },
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
        "overtaken",
        "extendTerms(draft, request.held, held, request.at +",
        "extendTerms(draft, request.held, held, draft.now +",
      ),
    ],
  },
  {
    name: "the lease counts from the receipt of the grant",
    rule: "S1",
    edits: [
      inSession(
        "terms",
        "statement.at + draft.session.lease.renewDeadlineMs",
        "draft.now + draft.session.lease.renewDeadlineMs",
      ),
    ],
  },
  {
    name: "the lease counts from the last statement, whichever the group has granted by",
    rule: "S1",
    edits: [
      inSession("statements", "statements.find((statement) => statement.sentAt === sentAt)", "statements.at(-1)"),
    ],
  },
  {
    name: "who has left and come back leads by what was stated before",
    rule: "S7",
    trace: leftAndBack,
    edits: leftAndBackCounts(),
  },
  {
    name: "who has left and come back leads beside a sibling that is refused",
    rule: "S7",
    trace: leftBesideRefused,
    edits: leftAndBackCounts(),
  },
  {
    name: "a grant that comes too late is taken, and outlives its lease",
    rule: "S6",
    trace: lateGrant,
    edits: [
      inSession("terms", "if (leaseUntil > draft.now && isNew", "if (isNew"),
      inSession("transition", "expireLeases(draft); resignUnready(draft);", "resignUnready(draft);"),
    ],
  },
  {
    name: "who can't take a grant keeps it to itself",
    rule: "N7",
    trace: lateGrant,
    edits: [inSession("terms", 'giveBack(draft, { type: "release", leaderSessionId });', "void giveBack;")],
  },
  {
    name: "whoever gives a grant back states with it that it would lead",
    rule: "S7",
    trace: givenBackOnce,
    edits: [inSession("pace", 'const isEnd = lane === "farewells" &&', 'const isEnd = lane !== "outbox" &&')],
  },
  {
    name: "a register is taken back to which a departure leaves the election",
    rule: "S7",
    trace: leavingToWhoLeaves,
    edits: [inSession("pace", "isNeeded && earlier.length === 0 ? undefined : last", "last")],
  },
  {
    name: "the departure of who has come and gone unheard overtakes its arrival",
    rule: "S15",
    trace: unheardAndBack,
    edits: [inSession("pace", "arrivals.set(message.component, message)", "void arrivals")],
  },
  {
    name: "a departure keeps its place before the registers of the others",
    rule: "S7",
    trace: leavingByTurns,
    edits: [
      inSession("pace", "(index < from && !earlier.includes(message))", "index < from"),
      inSession("pace", "[...others, ...earlier]", "others"),
    ],
  },
  {
    name: "what was given back is asked for again while its register waits",
    rule: "S11",
    trace: givenBackOnce,
    edits: [
      inSession(
        "statements",
        "if (!line?.givenBack.includes(election)) return true;",
        "if (line?.givenBack) return true;",
      ),
    ],
  },
  {
    name: "who is asked to speak later sends a ping then",
    rule: "N3",
    trace: silentBeforeNext,
    edits: [inSession("connection", "checkAt: Math.min(connection.checkAt, at)", "checkAt: connection.checkAt")],
  },
  {
    name: "who is asked whether it is there says nothing",
    rule: "N3",
    trace: preemptionInTime,
    edits: [inSession("transition", "next: afterErrors(answer),", "next: ignore,")],
  },
  {
    name: "who is granted an election waits with its first renewal",
    rule: "S9",
    edits: [inSession("terms", "leaseUntil }); renewNow(draft);", "leaseUntil });")],
  },
  {
    name: "any answer answers the newest question",
    rule: "S7",
    edits: [
      inSession(
        "overtaken",
        'requests.find((one) => one.type === "renewal" && one.sentAt === sentAt);',
        'requests.findLast((one) => one.type === "renewal" && one.sentAt >= sentAt);',
      ),
    ],
  },
  {
    name: "an id that is asked for and missing goes on",
    rule: "S9",
    trace: shorterDrainOfAnother,
    edits: missingGoesOn("session"),
  },
  {
    name: "a late answer revives a lease that is over",
    rule: "S6",
    trace: lateAnswer,
    edits: lateAnswerRevives(),
  },
  {
    name: "an application is told for longer than its lease that it leads",
    rule: "K4",
    edits: [
      {
        file: "shared/holder/state.ts",
        core: "session",
        from: "Math.max(0, term.leaseUntil - now) : 0",
        to: "Math.max(0, term.leaseUntil + 3_000 - now) : 0",
      },
    ],
  },
  {
    name: "a lease that is over ends nothing",
    rule: "S6",
    edits: nothingExpires("session"),
  },
  {
    name: "a resign is sent before anything has stopped",
    rule: "S2",
    trace: resignWhileDraining,
    edits: [
      inSession(
        "transition",
        'resign(draft, { type: "resign", leaderSessionId, ...(successor !== undefined && { successor }) }, stayOutMs),',
        '{ resign(draft, { type: "resign", leaderSessionId }); draft.effects.push({ type: "send", message: { type: "resign", leaderSessionId } }); },',
      ),
    ],
  },
  {
    name: "a closing contender leaves before it has stopped",
    rule: "S2",
    trace: lastCloseWhileDraining,
    edits: [
      inSession(
        "contenders",
        "const isInTerm = findTerm(draft.terms, leaderSessionIdOf(contender)) !== undefined;",
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
    edits: [inSession("state", "terms.filter((term) => term.leaseUntil > now)", "terms.filter(() => now >= 0)")],
  },
  {
    name: "connection attempts are not counted",
    rule: "S9",
    edits: [inSession("connection", "secret: session.secret, attempt }", "secret: session.secret, attempt: 1 }")],
  },
  {
    name: "a late welcome of a shorter lease extends by the one before",
    rule: "S1",
    trace: queuedHelloOfShorterLease,
    edits: [inSession("overtaken", "lease?.renewDeadlineMs ?? Infinity", "Infinity")],
  },
  {
    name: "a connection that opens late names its own attempt",
    rule: "S9",
    trace: upgradeAfterGreeting,
    edits: [inSession("connection", "const { session, attempts: attempt,", "const { session, attempt,")],
  },
  {
    name: "frames of abandoned sockets are heard",
    rule: "G10",
    edits: [
      inSession(
        "transition",
        "if (connection === state.attempt || overtakenSays(",
        "if (connection >= 0 || overtakenSays(",
      ),
    ],
  },
  {
    name: "a revoke is not heard",
    rule: "C6",
    trace: preemptionInTime,
    edits: [
      inSession(
        "terms",
        "if (term) endTerm(draft, term, message.reason, { drainMs: message.drainMs });",
        "if (term) return;",
      ),
    ],
  },
  {
    name: "a grant does not wait until the last revoke has settled",
    rule: "C1",
    trace: hungSibling,
    edits: grantsWhileDraining("session"),
  },
  {
    name: "who has stopped speaks for its siblings",
    rule: "C1",
    trace: shorterDrainOfAnother,
    edits: [inSession("contenders", "if (all.has(contender.id)) settle", "if (all.size > 0) settle")],
  },
  {
    name: "a grant is taken while nobody is ready, and nobody says that nobody is",
    rule: "S11",
    edits: [
      inSession("terms", 'phase.type === "waiting" && statement !== undefined', "phase && statement !== undefined"),
      inSession("statements", "return { sentAt, ...(busy.length > 0 && { busy }) };", "return { sentAt };"),
    ],
  },
  {
    name: "nobody says where it is busy",
    rule: "S11",
    trace: readyAgain,
    edits: [inSession("statements", "return { sentAt, ...(busy.length > 0 && { busy }) };", "return { sentAt };")],
  },
  {
    name: "who was busy does not say when it is ready",
    rule: "S11",
    trace: readyWhenStopped,
    edits: [inSession("connection", "else if (isReadyAgain(draft) || isUntoldUnready", "else if (isUntoldUnready")],
  },
  {
    name: "who waits shows no sign of life",
    rule: "S4",
    trace: followerOfStaleObject,
    edits: [
      inSession(
        "connection",
        "connection.checkAt <= now || heldTerms(draft, now).length > 0) return renew(draft);",
        "heldTerms(draft, now).length > 0) return renew(draft);",
      ),
    ],
  },
  {
    name: "who only observes shows no sign of life",
    rule: "S4",
    trace: observerOfStaleObject,
    edits: [
      inSession(
        "connection",
        "connection.checkAt <= now || heldTerms(draft, now).length > 0) return renew(draft);",
        "(connection.checkAt <= now && draft.contenders.length > 0) || heldTerms(draft, now).length > 0) return renew(draft);",
      ),
    ],
  },
  {
    name: "a confirm is sent once",
    rule: "C7",
    trace: lostConfirm,
    edits: [
      inSession(
        "connection",
        'if (phase.type === "granted" && phase.publication) send(draft, phase.publication);',
        "void [phase, send];",
      ),
    ],
  },
  {
    name: "a frozen page goes on leading",
    rule: "S8",
    trace: frozenPage,
    edits: [inSession("terms", 'endTerms(draft, "frozen");', "")],
  },
  {
    name: "a pong prolongs the lease",
    rule: "S4",
    edits: [
      inSession(
        "connection",
        "export const pong = (draft: Draft): void =>",
        "export const pong = (draft: Draft): void => { draft.terms = draft.terms.map((term) => term.stage === 'leading' ? { ...term, leaseUntil: draft.now + 8_000 } : term); forgetPings(draft); }; const forgetPings = (draft: Draft): void =>",
      ),
      inSession(
        "connection",
        "connection.checkAt <= now || heldTerms(draft, now).length > 0) return",
        "connection.checkAt <= now || (heldTerms(draft, now).length > 0 && draft.random < 0.7)) return",
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
        "deadlines",
        "return isPressing ? early : oldest.at + PATIENCE_MS;",
        "return isPressing ? early + 1e9 : oldest.at + 1e9;",
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
        "changeLine(draft, ({ farewells }) => ({ farewells: [...farewells, message] }));",
        "changeLine(draft, ({ outbox }) => ({ outbox: [...outbox, message] }));",
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
        'if (canSend) leave(draft, { type: "bye" });',
        'if (lineOf(draft)?.outbox.length === 0) leave(draft, { type: "bye" });',
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
    edits: [inSession("terms", "noteEnd(draft, term.leaderSessionId);", "draft.askedAt = null;")],
  },
  {
    name: "who waits is as impatient as a leader",
    rule: "N11",
    trace: slowPath,
    edits: [
      inSession(
        "deadlines",
        "return isPressing ? early : oldest.at + PATIENCE_MS;",
        "return isPressing || early > 0 ? early : PATIENCE_MS;",
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
        "state",
        "Math.min(settings.drainMs, session?.drainMs ?? DEFAULT_DRAIN_MS);",
        "settings && session ? Infinity : DEFAULT_DRAIN_MS;",
      ),
    ],
  },
  {
    name: "what has had its drain time is named until the timer fires",
    rule: "S10",
    trace: backAfterItsDrain,
    edits: [inSession("transition", "finishTerms(draft); // Frames", "// Frames")],
  },
  {
    name: "what was refused is named no more, though it drains",
    rule: "S14",
    trace: resumeWhileDraining,
    edits: lostIsNotNamed("session"),
  },
  {
    name: "a revoke that is told again cuts the drain",
    rule: "S14",
    trace: resumeBeforeDrainEnds,
    edits: revokedAgainCutsTheDrain("session"),
  },
  {
    name: "a welcome with a shorter drain time cuts the drain",
    rule: "S14",
    trace: shorterDrain,
    edits: [
      inSession(
        "connection",
        "if (message.resumed) extendTerms(",
        'draft.terms = draft.terms.map((term) => term.stage === "ending" ? { ...term, drainUntil: Math.min(term.drainUntil, draft.now + message.drainMs) } : term); if (message.resumed) extendTerms(',
      ),
    ],
  },
  {
    name: "a component that was refused counts as a sibling",
    rule: "S15",
    trace: refusedSibling,
    edits: [
      inSession(
        "transition",
        "(contender) => !mayStand(contender)",
        '({ standing, tries }) => tries === true && standing.type === "untold"',
      ),
    ],
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
    edits: [inSession("terms", 'contender.standing.type === "counted" &&', "")],
  },
  {
    name: "any answer counts the component that is back",
    rule: "S15",
    trace: grantOfBefore,
    edits: [
      inSession(
        "contenders",
        'if (contender.standing.type === "greeted") count(draft, contender);',
        "count(draft, contender);",
      ),
    ],
  },
  {
    name: "a component leaves while a sibling runs that the group does not count",
    rule: "S15",
    trace: forbiddenSibling,
    edits: [inSession("contenders", "(isRegistered(contender) && isKept(draft, contender))", "false")],
  },
  {
    name: "a term that has ended is taken up again when it is widened, by whoever bears the name",
    rule: "S16",
    trace: endedAndWidened,
    edits: [
      ...endedComesBack("session"),
      ...leftAndBackCounts(),
      inSession(
        "terms",
        "else if (isNew(draft, message)) violate(draft, message);",
        "else if (isNew(draft, message)) begin(draft, { ...message, joined: false, sentAt: draft.sentAt });",
      ),
    ],
  },
  {
    name: "who is asked on a slow path counts as silent before it could have answered",
    rule: "Q5",
    trace: slowNext,
    edits: [
      {
        file: "shared/lease.ts",
        from: "slowestPathFor(answerTimeoutFor(lease)) + renewalSlackFor(lease.durationMs);",
        to: "Math.min(Math.floor(lease.durationMs / 4), 2_000);",
      },
      { file: "shared/lease.ts", from: "askTimeoutMs > slowestPathFor(answerTimeoutMs)", to: "askTimeoutMs > 0" },
    ],
  },
  {
    name: "a try goes on contending after its term",
    rule: "T3",
    trace: tryOnce,
    edits: [inSession("transition", "isTry: ({ tries }) => tries === true,", "isTry: () => false,")],
  },
  {
    name: "a try that is lost stands by the next hello",
    rule: "T4",
    trace: tryAgain,
    edits: [inSession("connection", "forgetTries(draft); const registered", "const registered")],
  },
  {
    name: "a try that is yet to ask keeps the term of the last that is counted",
    rule: "T2",
    trace: tryAfterTheLast,
    edits: [
      inSession("transition", "(contender) => !mayStand(contender)", '({ standing }) => standing.type === "refused"'),
    ],
  },
  {
    name: "a try is named by a hello before it is asked",
    rule: "T2",
    trace: tryInVain,
    edits: [
      inSession(
        "contenders",
        'if (stands && contender.tries && draft.connection.type !== "open") return contender;',
        "",
      ),
      inSession("connection", "forgetTries(draft); const registered", "const registered"),
    ],
  },
  {
    name: "a try whose grant comes too late stays",
    rule: "T2",
    trace: tryLate,
    edits: [
      inSession(
        "contenders",
        'draft.effects.push({ type: "tried", contender: id, leader: null }); leave(draft, contender);',
        "",
      ),
    ],
  },
  {
    name: "a try in vain stays",
    rule: "T2",
    trace: tryInVain,
    edits: [inSession("transition", "tried: afterErrors(tried),", "tried: ignore,")],
  },
  {
    name: "a contender that was closed is granted",
    rule: "X4",
    edits: grantsClosed("session"),
  },
  {
    name: "what is lost is not stopped before it is over",
    rule: "S9",
    trace: forbiddenSibling,
    edits: lostIsNotStopped("session"),
  },
  {
    name: "a session drops a term before its contenders have stopped",
    rule: "S2",
    trace: closeWhileDraining,
    edits: leavesBeforeItHasStopped("session"),
  },
];
