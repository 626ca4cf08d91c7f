/** Known-wrong group cores: sessions, their frames, and what is published. */

import {
  debtorAddsNothing,
  helloOwedAtTheEndOfIdleTime,
  idleForItsTime,
  idleTimeOffAndOn,
  purgeAfterAllEpochs,
  purgeOfNothingInUse,
  watchersKeepNobodyOut,
} from "../../support/host-scripts.ts";
import { leaderFirst, placesKept } from "../traces/crowd.ts";
import { foreignFrames, joinOfEndedLeadership, staleFrames } from "../traces/fencing.ts";
import { lateRenewal } from "../traces/leases.ts";
import { oneNameTooMany } from "../traces/observing.ts";
import { idleForAnHour, vanishedGivesWay } from "../traces/paths.ts";
import { lateHello, lostJoin, lostWelcome, refusedResume, unnamedIsOver } from "../traces/resume.ts";
import { tryBehind, tryInVain } from "../traces/tries.ts";
import { endedComesBack } from "./holder-faults.ts";
import { inGroup, type Mutant } from "./mutant.ts";

export const groupSessionMutants: readonly Mutant[] = [
  {
    name: "a try in vain waits",
    rule: "T2",
    trace: tryInVain,
    edits: [inGroup("tries", 'removeContender(turn, id, component, "keep"); note(turn, id, message);', "")],
  },
  {
    name: "a try comes before those who are asked",
    rule: "T1",
    trace: tryBehind,
    edits: [inGroup("tries", "return isNext(turn, election, id);", "return true;")],
  },
  {
    name: "a leader has to stop for a try",
    rule: "T1",
    trace: tryInVain,
    edits: [inGroup("tries", "if (mayLead(turn, id, name)) {", "settle(turn); if (mayLead(turn, id, name)) {")],
  },
  {
    name: "a place is kept for a lease, whatever its session was told to wait",
    rule: "N15",
    trace: placesKept,
    edits: [inGroup("deadlines", "const dueAt = turn.now - returnMs(turn.state);", "const dueAt = turn.now;")],
  },
  {
    name: "only those who join are told how large the group is",
    rule: "N15",
    trace: leaderFirst,
    edits: [inGroup("frames", "held: kept, ...spreadOf(turn.state) });", "held: kept });")],
  },
  {
    name: "those who only look may fill a group",
    rule: "N14",
    trace: watchersKeepNobodyOut,
    edits: [inGroup("sessions", "state.sessions.size - state.contending < Math.ceil(sessions / 2)", "sessions > 0")],
  },
  {
    name: "what the sessions of a subject store is not counted",
    rule: "N17",
    trace: debtorAddsNothing,
    edits: [inGroup("row-debt", "level(known, now, flow)) - rows;", "level(known, now, flow));")],
  },
  {
    name: "a group is deleted while a host's clock could still give out its epochs",
    rule: "S20",
    trace: purgeAfterAllEpochs,
    edits: [inGroup("idle", "revision) + CLOCK_MARGIN_MS + 1", "revision)")],
  },
  {
    name: "a group that is led is deleted",
    rule: "S20",
    trace: purgeOfNothingInUse,
    edits: [
      inGroup("idle", "if (!isUnused(state) || connections.size > 0 || isAnyRunning(turn))", "if (false as boolean)"),
    ],
  },
  {
    name: "a group is deleted although it was used since it was idle",
    rule: "S20",
    trace: idleForItsTime,
    edits: [inGroup("idle", "idle !== (idleSince !== null)", "idle && idleSince === null")],
  },
  {
    name: "a group whose time is over sets alarms in the past while a socket owes its hello",
    rule: "S20",
    trace: helloOwedAtTheEndOfIdleTime,
    edits: [inGroup("idle", "connections.size === 0 ? 0 :", "connections.size >= 0 ? 0 :")],
  },
  {
    name: "a time to live that was off counts from before",
    rule: "S20",
    trace: idleTimeOffAndOn,
    edits: [inGroup("idle", "if (!reconciled) return;", "if (policy.idleTtlMs === null || !reconciled) return;")],
  },
  {
    name: "a list with one name too many is refused as a whole",
    rule: "O5",
    trace: oneNameTooMany,
    edits: [
      inGroup(
        "observers",
        "names: short.slice(0, places), refusals",
        "names: refusals.length > 0 ? [] : short, refusals",
      ),
    ],
  },
  {
    name: "a lost socket ends the leadership",
    rule: "S2",
    edits: [
      inGroup(
        "sessions",
        "turn.putState(name, { ...state, ...untaken, horizon: Math.min(state.horizon, state.leaseUntil) });",
        "endTerm(turn, turn.termOf(session, state.leaderSessionId)!, 'lost');",
      ),
    ],
  },
  {
    name: "a superseded socket is still heard",
    rule: "S7",
    edits: [
      inGroup(
        "sessions",
        'hangUpOn(turn, session, CLOSE.superseded, "a newer connection of this session is open");',
        'if (session.link.type === "connected") turn.effects.push({ type: "close", connection: session.link.connection, code: CLOSE.superseded, reason: "" });',
      ),
    ],
  },
  {
    name: "a resume extends what it does not name",
    rule: "S9",
    edits: [inGroup("sessions", "if (!named.has(leaderSessionId)) {", "if (named.size < 0) {")],
  },
  {
    name: "a resume keeps what it does not name until the lease ends",
    rule: "S9",
    trace: unnamedIsOver,
    edits: [
      inGroup(
        "sessions",
        "if (!named.has(leaderSessionId)) {",
        "if (!named.has(leaderSessionId)) { if (turn.now > 0) continue;",
      ),
    ],
  },
  {
    name: "a leadership that is named but refused is settled at once",
    rule: "S9",
    trace: refusedResume,
    edits: [
      inGroup(
        "sessions",
        "renew(turn, session, leaderSessionId)) extended.push(leaderSessionId);",
        'renew(turn, session, leaderSessionId)) extended.push(leaderSessionId); else endTerm(turn, election, "lost");',
      ),
    ],
  },
  {
    name: "any session may act on any leadership",
    rule: "S7",
    trace: foreignFrames,
    edits: [
      inGroup(
        "turn",
        "return isHeldBy(session.id, election) ? election : undefined;",
        'return election !== undefined && election.state.type !== "vacant" ? (election as HeldElection) : undefined;',
      ),
    ],
  },
  {
    name: "a release ends whatever its session holds",
    rule: "S7",
    trace: staleFrames,
    edits: [
      inGroup(
        "terms",
        "const election = turn.termOf(session, leaderSessionId); if (election === undefined) return refuse",
        "const election = [...turn.state.elections.values()].find(({ state }) => state.type !== 'vacant' && state.sessionId === session.id); if (election === undefined) return refuse",
      ),
    ],
  },
  {
    name: "a confirm is not fenced",
    rule: "K2",
    trace: staleFrames,
    edits: [
      inGroup(
        "observers",
        "const election = turn.termOf(session, leaderSessionId);",
        "const wanted = session.contenders.get(component)?.election; const now = wanted === undefined ? undefined : turn.election(wanted); const election = now !== undefined && 'sessionId' in now.state && now.state.sessionId === session.id ? turn.termOf(session, now.state.leaderSessionId) : undefined;",
      ),
    ],
  },
  {
    name: "the previous secret is refused",
    rule: "S9",
    trace: lostWelcome,
    edits: [inGroup("greeting", "previousSecretHash: presentedHash,", "previousSecretHash: null,")],
  },
  {
    name: "late attempts are heard",
    rule: "S9",
    trace: lateHello,
    edits: [inGroup("greeting", "if (resume.attempt > known.attempt)", "if (resume.attempt >= 0)")],
  },
  {
    name: "a new incarnation believes its stored connections",
    rule: "S12",
    edits: [inGroup("transition", "written += 1;", "continue;")],
  },
  {
    name: "a message is heard before what is over has ended",
    rule: "S6",
    trace: lateRenewal,
    edits: [
      inGroup("transition", "expire(turn); const payer", "const payer"),
      inGroup("transition", "apply(turn, event); settle(turn);", "apply(turn, event); expire(turn); settle(turn);"),
    ],
  },
  {
    name: "attachments carry no leases",
    rule: "N5",
    edits: [inGroup("transition", "leases).push([state.leaderSessionId, state.leaseUntil]);", "leases);")],
  },
  {
    name: "a join looks like a grant, and the client forgets what has ended",
    rule: "S7",
    trace: joinOfEndedLeadership,
    edits: [
      inGroup(
        "terms",
        "components, joined: true });",
        "components, joined: false, sentAt: turn.connectionOf(session)?.statement?.sentAt ?? 0 });",
      ),
      ...endedComesBack("session"),
    ],
  },
  {
    name: "a token counts for ever",
    rule: "N13",
    edits: [inGroup("indexes", "sessionId === null ? null : access.until,", "null,")],
  },
  {
    name: "the dead keep their sessions",
    rule: "N16",
    trace: vanishedGivesWay,
    edits: [inGroup("paths", "if (vanishedAt > turn.now) return;", "if (vanishedAt < Infinity) return;")],
  },
  {
    name: "the dead give way once D is over, not at once",
    rule: "N16",
    trace: vanishedGivesWay,
    edits: [
      inGroup(
        "sessions",
        "const vanished = vanishedAt !== undefined && ({ vanished: true } as const);",
        "const vanished = false;",
      ),
    ],
  },
  {
    name: "a peer whose pings the platform answers counts as dead",
    rule: "N16",
    trace: idleForAnHour,
    edits: [inGroup("transition", "socket.heardAt ?? 0, socket.answeredAt ?? 0", "socket.heardAt ?? 0, 0")],
  },
  {
    name: "a resumed observer gets no snapshot",
    rule: "O2",
    edits: [inGroup("greeting", "sendSnapshot(turn, session);", "")],
  },
  {
    name: "a resumed leader is not told its components again",
    rule: "G4",
    trace: lostJoin,
    edits: [inGroup("greeting", "joinHeld(turn, session);", "")],
  },
];
