/** Bugs planted into the source of the client, each with the play that shows it, and the rule that its trace then breaks. */

import type { Hello } from "../../../shared/protocol/messages.ts";
import { welcome } from "../../../tools/harness/solo-group.ts";
import {
  endedComesBack,
  grantsWhileDraining,
  lateAnswerRevives,
  leavesBeforeItHasStopped,
  leftAndBackCounts,
  missingGoesOn,
} from "../../sim/mutants/holder-faults.ts";
import { type Edit, inHolder, inSession } from "../../sim/mutants/mutant.ts";
import { ANSWER, E, grant, PING, type Play, R } from "../client/play.ts";

export interface Planted {
  readonly name: string;
  readonly rule: string;
  readonly edits: readonly Edit[];
  readonly settings?: { readonly drainMs?: number };
  readonly play: (play: Play) => void;
}

/** The application asks whether it leads by this. */
function asks(play: Play, contender: number, leaderSessionId = "L1"): void {
  if (play.isLeader(contender, leaderSessionId)) play.trace.leads("x", leaderSessionId, play.now);
}

function leading(play: Play, component = "x"): number {
  const contender = play.contend(component);
  play.connects();
  play.grants("L1", 1, component);
  play.hears({ type: "renewed", sentAt: play.stated, held: ["L1"] });
  return contender;
}

function waiting(play: Play): number {
  play.happens({ type: "observe", component: "y" }); // so that its session stays when its contender leaves
  const contender = play.contend("x");
  play.connects();
  return contender;
}

/** It has occasion to speak, twice. */
function speaks(play: Play): void {
  for (const watched of ["one", "two", "three"]) {
    play.sleeps(100);
    play.happens({ type: "observe", component: `${watched} ${play.now}`.replaceAll(/[ .]/g, "-") });
  }
}

function opens(play: Play): Hello {
  while (play.state.connection.type !== "opening") play.wait(Math.max(0, play.dueAt - play.now));
  return play.opens();
}

function opensAnew(play: Play): Hello {
  play.loses();
  return opens(play);
}

const next = { type: "next", inMs: 0 } as const;
const revoke = (drainMs: number) => ({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs }) as const;

function lateGrant(play: Play): void {
  waiting(play);
  play.sleeps(R + 100);
  play.grants("L1", 1, "x");
  speaks(play);
  play.sleeps(3_000);
  speaks(play);
}

const leases: readonly Planted[] = [
  {
    name: "a lease counts from the receipt of the answer",
    rule: "S1",
    edits: [
      inSession(
        "overtaken",
        "extendTerms(draft, request.held, held, request.at +",
        "extendTerms(draft, request.held, held, draft.now +",
      ),
    ],
    play: (play) => {
      const x = leading(play);
      play.wait(E);
      play.sleeps(2_000);
      play.renewed();
      play.sleeps(R - 1_000);
      asks(play, x);
    },
  },
  {
    name: "a lease counts from the receipt of the grant",
    rule: "S1",
    edits: [
      inSession(
        "terms",
        "statement.at + draft.session.lease.renewDeadlineMs",
        "draft.now + draft.session.lease.renewDeadlineMs",
      ),
    ],
    play: (play) => {
      const x = waiting(play);
      play.sleeps(3_000);
      play.grants("L1", 1, "x");
      play.sleeps(R - 1_000);
      asks(play, x);
    },
  },
  {
    name: "a lease counts from the newest statement, whichever was granted by",
    rule: "S1",
    edits: [
      inSession("statements", "statements.find((statement) => statement.sentAt === sentAt)", "statements.at(-1)"),
    ],
    play: (play) => {
      const x = waiting(play);
      const first = play.stated;
      play.sleeps(3_000);
      play.hears(next);
      play.hears(grant(first, "L1", 1, "x"));
      play.sleeps(R - 1_000);
      asks(play, x);
    },
  },
  {
    name: "a grant that comes too late is taken",
    rule: "S1",
    edits: [
      inSession("terms", "if (leaseUntil > draft.now && isNew", "if (isNew"),
      inSession("transition", "expireLeases(draft); resignUnready(draft);", "resignUnready(draft);"),
    ],
    play: lateGrant,
  },
  {
    name: "a leader goes by what it was last told, whatever the time",
    rule: "S1",
    edits: [
      { file: "shared/holder/state.ts", core: "session", from: "Math.max(0, term.leaseUntil - now)", to: "1" },
      inHolder("session", 'if (term.stage === "leading" && term.leaseUntil <= draft.now)', "if (draft.now < 0)"),
    ],
    play: (play) => {
      const x = leading(play);
      play.sleeps(R + 100);
      asks(play, x);
    },
  },
  {
    name: "an answer after the end of the lease revives it",
    rule: "S6",
    edits: lateAnswerRevives(),
    play: (play) => {
      leading(play);
      play.wait(E);
      play.sleeps(R - 1_000);
      play.renewed();
      play.hears(next);
    },
  },
  {
    name: "a late welcome of a shorter lease extends by the longer one",
    rule: "S1",
    edits: [inSession("overtaken", "Math.min(renewDeadlineMs, lease?.renewDeadlineMs ?? Infinity)", "renewDeadlineMs")],
    play: (play) => {
      const x = leading(play);
      play.sleeps(5_000);
      const { sentAt } = opensAnew(play);
      play.page("online"); // so another one is opened beside it
      const lease = { ...play.session.lease, renewDeadlineMs: 4_000 };
      play.happens({ ...play.session, lease, sentAt, resumed: true, held: ["L1"] }, 1);
      play.sleeps(sentAt + 4_500 - play.now);
      asks(play, x);
      opens(play);
    },
  },
  {
    name: "who goes on by a late welcome keeps the longer R of before",
    rule: "S1",
    edits: [
      inSession(
        "connection",
        "draft.session = message;",
        "draft.session = { ...message, lease: draft.session?.lease ?? message.lease };",
      ),
    ],
    play: (play) => {
      const x = leading(play);
      const { sentAt } = opensAnew(play);
      play.sleeps(2_800);
      const lease = { ...play.session.lease, renewDeadlineMs: 4_000 };
      play.hears({ ...play.session, lease, sentAt, resumed: true, held: ["L1"] });
      play.hears(next);
      play.renewed();
      play.sleeps(6_000);
      asks(play, x);
    },
  },
  {
    name: "a leader renews as rarely as others ping",
    rule: "S1",
    edits: [
      inSession(
        "connection",
        "const until = now + (heldTerms(draft, now).length > 0 ? session.lease.renewEveryMs : session.pingEveryMs);",
        "const until = now + session.pingEveryMs;",
      ),
    ],
    play: (play) => {
      leading(play);
      play.wait(5_000);
      speaks(play);
    },
  },
];

const leavesWithoutBye = [inSession("pace", 'if (canSend) leave(draft, { type: "bye" });', "")];

const releasesNothing = [
  inSession("terms", 'if (!isGivenUp || "successor" in farewell) sendFarewell(draft, farewell);', ""),
];
const drainsForEver = [
  inHolder("session", "const drainUntil = Math.min(draft.now + drainMs,", "const drainUntil = Math.max(Infinity,"),
];

const ends: readonly Planted[] = [
  {
    name: "whoever can't take a grant keeps it to itself",
    rule: "S16",
    edits: [inSession("terms", 'giveBack(draft, { type: "release", leaderSessionId });', "")],
    play: (play) => {
      const x = waiting(play);
      play.close(x);
      play.contend("x");
      play.hears({ type: "deregistered", component: "x" });
      play.hears({ type: "registered", component: "x" });
      play.hears(grant(1_000, "L1", 1, "x"));
      play.sleeps(3_000);
      speaks(play);
    },
  },
  {
    name: "a grant is given back by a statement",
    rule: "S7",
    edits: [inSession("pace", 'const isEnd = lane === "farewells" &&', 'const isEnd = lane !== "outbox" &&')],
    play: lateGrant,
  },
  {
    name: "a component that has left and come back leads by what was stated before",
    rule: "S7",
    edits: leftAndBackCounts(),
    play: (play) => {
      const x = waiting(play);
      const { stated } = play;
      play.close(x);
      play.contend("x");
      play.hears({ type: "deregistered", component: "x" });
      play.hears({ type: "registered", component: "x" });
      play.hears(grant(stated, "L1", 1, "x"));
    },
  },
  {
    name: "a component leads before the group has counted it",
    rule: "S15",
    edits: [inSession("terms", 'contender.standing.type === "counted" &&', "")],
    play: (play) => {
      play.registers = false;
      play.happens({ type: "observe", component: "y" });
      play.connects();
      play.contend("x");
      play.grants("L1", 1, "x");
    },
  },
  {
    name: "an ended leadership is taken once more",
    rule: "S7",
    edits: endedComesBack("session"),
    play: (play) => {
      const x = leading(play);
      play.happens({ type: "resign", leaderSessionId: "L1" });
      play.settles(x);
      play.grants("L1", 1, "x");
    },
  },
  {
    name: "a release is sent before everything has stopped",
    rule: "S2",
    edits: leavesBeforeItHasStopped("session"),
    play: (play) => {
      leading(play);
      play.hears(revoke(4_000));
    },
  },
  {
    name: "a release is sent before everything has stopped, after a late welcome and a slow answer",
    rule: "S2",
    edits: leavesBeforeItHasStopped("session"),
    play: (play) => {
      leading(play);
      const { sentAt } = opensAnew(play);
      play.sleeps(2_800);
      const lease = { durationMs: 20_000, renewDeadlineMs: 2 * R, renewEveryMs: 2 * E };
      play.hears({ ...play.session, lease, sentAt, resumed: true, held: ["L1"] });
      play.wait(play.dueAt - play.now);
      play.sleeps(4_000); // past R of before
      play.renewed();
      play.wait(45_000, true);
      play.hears(revoke(4_000));
    },
  },
  {
    name: "a component leaves before it has stopped",
    rule: "S2",
    edits: [inSession("contenders", "isLive(contender) || isInTerm ||", "isLive(contender) ||")],
    play: (play) => play.close(leading(play)),
  },
  {
    name: "a client says goodbye before it has stopped",
    rule: "S8",
    edits: [
      inSession(
        "connection",
        "const needed = draft.watched.length + draft.terms.length > 0 || draft.contenders.some(isNeeded);",
        "const needed = !draft.closing && (draft.watched.length + draft.terms.length > 0 || draft.contenders.some(isNeeded));",
      ),
    ],
    play: (play) => {
      leading(play);
      play.happens({ type: "bye" });
    },
  },
  {
    name: "a client leaves without a word",
    rule: "S8",
    edits: leavesWithoutBye,
    play: (play) => {
      const x = leading(play);
      play.happens({ type: "bye" });
      play.settles(x);
    },
  },
  {
    name: "a client leaves without a word after an answer was slow",
    rule: "S8",
    edits: leavesWithoutBye,
    play: (play) => {
      const x = leading(play);
      play.wait(E);
      play.sleeps(ANSWER);
      play.renewed();
      play.happens({ type: "observe", component: "y" });
      play.happens({ type: "bye" });
      play.settles(x);
    },
  },
  {
    name: "a client leaves without a word long after an answer that was slow",
    rule: "S8",
    edits: leavesWithoutBye,
    play: (play) => {
      play.happens({ type: "observe", component: "y" });
      play.connects();
      play.hears(next);
      play.sleeps(11_000);
      play.renewed();
      play.wait(PING, true);
      play.happens({ type: "bye" });
    },
  },
  {
    name: "a client that has 10 s for its first welcome leaves without a word after it",
    rule: "S8",
    edits: leavesWithoutBye,
    play: (play) => {
      play.happens({ type: "observe", component: "y" });
      const { sentAt } = play.opens();
      play.sleeps(ANSWER);
      play.hears({ ...welcome, sentAt });
      play.happens({ type: "bye" });
    },
  },
  {
    name: "a client that has 10 s for its renewal leaves without a word after it",
    rule: "S8",
    edits: leavesWithoutBye,
    play: (play) => {
      play.happens({ type: "observe", component: "y" });
      play.connects();
      play.hears(next);
      play.sleeps(ANSWER);
      play.renewed();
      play.happens({ type: "bye" });
    },
  },
  {
    name: "a client that has 10 s for the answer leaves without a word before it",
    rule: "S8",
    edits: leavesWithoutBye,
    play: (play) => {
      play.happens({ type: "observe", component: "y" });
      play.connects();
      play.hears(next);
      play.sleeps(ANSWER);
      play.happens({ type: "bye" });
    },
  },
  {
    name: "a client has more to say after its goodbye",
    rule: "S8",
    edits: [
      inSession(
        "connection",
        "flush(draft); const isTold = sendBye(draft);",
        "const isTold = sendBye(draft); flush(draft);",
      ),
    ],
    play: (play) => {
      const x = leading(play);
      play.happens({ type: "resign", leaderSessionId: "L1", successor: "S2" });
      play.happens({ type: "bye" });
      play.settles(x);
    },
  },
  {
    name: "what still stops is not named",
    rule: "S14",
    edits: [inSession("state", "term.leaseUntil > now).map", 'term.leaseUntil > now && term.stage === "leading").map')],
    play: (play) => {
      leading(play);
      play.hears(revoke(4_000));
      play.hears(next);
    },
  },
  {
    name: "nothing is released",
    rule: "S10",
    edits: releasesNothing,
    play: (play) => {
      const x = leading(play);
      play.hears(revoke(1_000));
      play.settles(x);
      play.sleeps(3_500);
      speaks(play);
    },
  },
  {
    name: "a drain time has no end",
    rule: "S10",
    edits: drainsForEver,
    play: (play) => {
      leading(play);
      play.hears(revoke(1_000));
      play.wait(E);
    },
  },
  {
    name: "the drain time of who stops by itself has no end",
    rule: "S10",
    edits: drainsForEver,
    settings: { drainMs: 500 },
    play: (play) => {
      leading(play);
      play.happens({ type: "ready", ready: false, component: "x" });
      play.wait(E, true);
    },
  },
  {
    name: "the drain time of who was stopping before its revoke has no end",
    rule: "S10",
    edits: drainsForEver,
    settings: { drainMs: 500 },
    play: (play) => {
      leading(play);
      play.contend("y"); // it might join: only the revoke shows that the term is over
      play.happens({ type: "ready", ready: false, component: "x" });
      play.hears(revoke(1_000));
      play.wait(E, true);
    },
  },
  {
    name: "what stops by itself is not released",
    rule: "S10",
    edits: releasesNothing,
    settings: { drainMs: 500 },
    play: (play) => {
      const x = leading(play);
      play.happens({ type: "ready", ready: false, component: "x" });
      play.settles(x);
      play.sleeps(3_500);
      speaks(play);
    },
  },
  {
    name: "what was stopping before its revoke is not released",
    rule: "S10",
    edits: releasesNothing,
    settings: { drainMs: 500 },
    play: (play) => {
      const x = leading(play);
      play.contend("y");
      play.happens({ type: "ready", ready: false, component: "x" });
      play.hears(revoke(1_000));
      play.settles(x);
      play.sleeps(3_500);
      speaks(play);
    },
  },
  {
    name: "a revoke is not heard",
    rule: "C6",
    edits: [inSession("transition", "revoke: afterErrors(revoke),", "revoke: afterErrors(ignore),")],
    play: (play) => {
      const x = leading(play);
      play.hears(revoke(1_000));
      asks(play, x);
    },
  },
  {
    name: "a leadership that was lost goes on",
    rule: "S9",
    edits: missingGoesOn("session"),
    play: (play) => {
      const x = leading(play);
      play.wait(E);
      play.renewed([]);
      asks(play, x);
    },
  },
  {
    name: "a confirm is sent for what was revoked meanwhile",
    rule: "K2",
    edits: [inSession("pace", 'message.type === "confirm" && !draft', 'message.type === "bye" && !draft')],
    play: (play) => {
      leading(play);
      for (let count = 0; count < 100; count += 1) play.happens({ type: "observe", component: `watched${count}` });
      play.happens({ type: "confirm", id: "1", component: "x", leaderSessionId: "L1" });
      play.hears(revoke(1_000));
      play.wait(1_000, true);
    },
  },
  {
    name: "a component is granted while its last onRevoke still runs",
    rule: "C1",
    edits: [
      ...grantsWhileDraining("session"),
      inSession("terms", 'phase.type === "waiting" && statement', "statement"),
    ],
    settings: { drainMs: 1_000 },
    play: (play) => {
      leading(play);
      play.hears(revoke(1_000));
      play.wait(1_100);
      play.grants("L2", 2, "x");
    },
  },
];

const words: readonly Planted[] = [
  {
    name: "`next` is not answered",
    rule: "N3",
    edits: [inSession("transition", "next: afterErrors(answer),", "next: afterErrors(ignore),")],
    play: (play) => {
      waiting(play);
      play.hears(next);
      speaks(play);
    },
  },
  {
    name: "whoever is to speak later sends a ping then",
    rule: "N3",
    edits: [inSession("connection", "checkAt: Math.min(connection.checkAt, at)", "checkAt: connection.checkAt")],
    play: (play) => {
      waiting(play);
      play.hears({ ...next, inMs: 5_000 });
      play.wait(5_000);
      speaks(play);
    },
  },
  {
    name: "two statements of one millisecond have one name",
    rule: "S7",
    edits: [inSession("statements", "Math.max(now, draft.sentAt + 1)", "Math.max(now, draft.sentAt)")],
    play: (play) => {
      waiting(play);
      play.hears(next);
      play.hears(next);
    },
  },
  {
    name: "no statement says where the client is busy",
    rule: "S11",
    edits: [inSession("statements", "...(busy.length > 0 && { busy })", "")],
    settings: { drainMs: 1_000 },
    play: (play) => {
      leading(play);
      play.hears(revoke(1_000));
      play.wait(1_100);
      speaks(play);
    },
  },
  {
    name: "a client is busy where it leads",
    rule: "S11",
    edits: [
      inSession(
        "statements",
        "if (leaseUntil > draft.now) busy.delete(election);",
        "if (leaseUntil < 0) busy.delete(election);",
      ),
    ],
    play: (play) => void leading(play),
  },
  {
    name: "a client does not say that it is ready again",
    rule: "S11",
    edits: [
      inSession(
        "statements",
        "return draft.contenders.some((one) => busy.includes",
        "return draft.closing && draft.contenders.some((one) => busy.includes",
      ),
    ],
    settings: { drainMs: 1_000 },
    play: (play) => {
      const x = leading(play);
      play.hears(revoke(1_000));
      play.wait(1_100);
      play.settles(x);
      play.sleeps(1_500);
      speaks(play);
    },
  },
  {
    name: "a component registers by an old statement",
    rule: "S11",
    edits: [inSession("contenders", "if (isOld(draft) && !tries) renewNow(draft);", "")],
    play: (play) => {
      play.happens({ type: "observe", component: "y" });
      play.connects();
      play.wait(5_000);
      play.contend("x");
    },
  },
  {
    name: "a component registers twice",
    rule: "C9",
    edits: [
      inSession(
        "connection",
        "observeRest(draft); }",
        'observeRest(draft); for (const { info } of registered) send(draft, { type: "register", ...info }); }',
      ),
    ],
    play: (play) => void waiting(play),
  },
  {
    name: "a component leaves before it is known whether its sibling was refused",
    rule: "S15",
    edits: [
      inSession(
        "contenders",
        '(connection.type === "greeting" || connection.type === "open") &&',
        'connection.type === "idle" &&',
      ),
    ],
    play: (play) => {
      const x = play.contend("x");
      play.contend("y");
      play.connects();
      play.grants("L1", 1, "x", "y");
      play.renewed();
      play.loses();
      play.wait(1_000);
      play.opens();
      play.close(x);
      play.settles(x);
    },
  },
  {
    name: "frames leave as fast as they are made",
    rule: "N8",
    edits: [
      inSession(
        "pace",
        "for (let line = lineOf(draft); line && flushAt(draft) <= draft.now; line = lineOf(draft))",
        "for (let line = lineOf(draft); line && line[nextLane(line)].length > 0; line = lineOf(draft))",
      ),
    ],
    play: (play) => {
      waiting(play);
      for (let count = 0; count < 150; count += 1) play.happens({ type: "observe", component: `watched${count}` });
    },
  },
  {
    name: "a field that has no value is sent as null",
    rule: "E2",
    edits: [inSession("connection", "process: settings.process,", "process: null,")],
    play: (play) => void waiting(play),
  },
];

const connections: readonly Planted[] = [
  {
    name: "every attempt to connect has one number",
    rule: "S9",
    edits: [inSession("connection", "secret: session.secret, attempt }", "secret: session.secret, attempt: 1 }")],
    play: (play) => {
      waiting(play);
      play.loses();
      play.reconnects({ resumed: true });
      play.loses();
      play.reconnects({ resumed: true });
    },
  },
  {
    name: "the first secret of a session is kept",
    rule: "S9",
    edits: [
      inSession(
        "connection",
        "draft.session = message;",
        "draft.session = { ...message, secret: draft.session?.secret ?? message.secret };",
      ),
    ],
    play: (play) => {
      waiting(play);
      play.loses();
      play.reconnects({ resumed: true, secret: "secret-2" });
      play.loses();
      play.reconnects({ resumed: true, secret: "secret-3" });
    },
  },
  {
    name: "a `hello` names nothing that is held",
    rule: "S14",
    edits: [inSession("connection", "...ask(draft), })); observeRest", "...ask(draft), held: [] })); observeRest")],
    play: (play) => {
      leading(play);
      play.resumes(["L1"]);
    },
  },
  {
    name: "a session that began anew is taken for the old one",
    rule: "S6",
    edits: [
      inSession("connection", "if (message.resumed) extendTerms(", "extendTerms("),
      inSession("connection", "else forsakeTerms(draft); tellInquirers", "tellInquirers"),
    ],
    play: (play) => {
      leading(play);
      play.loses();
      play.reconnects({ resumed: false, held: [] });
      play.hears(next);
    },
  },
  {
    name: "a client that was replaced resumes",
    rule: "S9",
    edits: [inSession("connection", 'if (fatal || action === "fresh")', "if (fatal)")],
    play: (play) => {
      leading(play);
      play.loses(4409);
      play.reconnects({});
    },
  },
  {
    name: "what is final is tried again",
    rule: "E3",
    edits: [inSession("connection", 'const fatal = action === "fatal";', "const fatal = false;")],
    play: (play) => {
      waiting(play);
      play.loses(4400);
      play.wait(60_000);
    },
  },
  {
    name: "a client that was turned away comes back at once",
    rule: "E9",
    edits: [inSession("connection", 'if (action !== "slow" || hurries) return', "return")],
    play: (play) => {
      play.happens({ type: "observe", component: "y" });
      play.connects();
      play.loses(4429);
      play.wait(5_000);
    },
  },
  {
    name: "a dead path is not given up",
    rule: "N11",
    edits: [inSession("deadlines", "if (!oldest) return Infinity;", "return Infinity;")],
    play: (play) => {
      waiting(play);
      play.wait(80_000);
    },
  },
  {
    name: "a client that waits only pings",
    rule: "S4",
    edits: [
      inSession(
        "connection",
        "if (connection.checkAt <= now || heldTerms(draft, now).length > 0) return renew(draft);",
        "if (heldTerms(draft, now).length > 0) return renew(draft);",
      ),
      inSession("connection", "Math.min(now + session.pingEveryMs, connection.checkAt)", "now + session.pingEveryMs"),
    ],
    play: (play) => {
      waiting(play);
      play.wait(500_000, true);
    },
  },
];

export const planted: readonly Planted[] = [...leases, ...ends, ...words, ...connections];
