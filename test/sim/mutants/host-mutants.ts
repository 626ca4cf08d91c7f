/** Known-wrong hosts: phases that are skipped or swapped, a turn in another order, and failures that are not survived. */
import {
  alarmNotSet,
  alarmOnlyEarlier,
  closedBeforeTheListing,
  closedSocket,
  countersGoOn,
  endOfTheNextOne,
  failedAlarm,
  failedCommit,
  failedConnect,
  failedEndOfASocket,
  failedEndThatWakes,
  failedFirstFrame,
  failedFrame,
  failedListing,
  failedSend,
  failedSettings,
  firstFrame,
  firstFrameOfOneWhoWaits,
  frameAfterAFailedListing,
  frames,
  horizonOfNobody,
  knownAlarmAtWakeUp,
  leadersFirst,
  listedFirst,
  lostCandidate,
  lostLeader,
  lostUnfoundLeader,
  missingElection,
  orderOfATurn,
  overdueAlarm,
  overdueAlarmAtWakeUp,
  refusedSettings,
  retryKeepsAnEarlierAlarm,
  secondFrame,
  settingsHoldForOpenSockets,
  settingsRideWithRows,
  unreadableElection,
  unreadableGroup,
  unreadableHolder,
  unreadableSocket,
} from "../../support/host-scripts.ts";
import { vanishedBesideCaller } from "../traces/paths.ts";
import { inGroup, inHost, type Mutant } from "./mutant.ts";

const order: readonly Mutant[] = [
  {
    name: "the new state is taken over before it is written",
    rule: "S3",
    trace: failedCommit,
    edits: [
      inHost(
        "host",
        "if (rows.length > 0) this.#commit(rows, facts, now);",
        "this.#state = state; if (rows.length > 0) this.#commit(rows, facts, now);",
      ),
    ],
  },
  {
    name: "effects leave before the write",
    rule: "S3",
    trace: failedCommit,
    edits: [
      inHost(
        "host",
        "if (rows.length > 0) this.#commit(rows, facts, now);",
        "for (const effect of effects) this.#perform(effect); if (rows.length > 0) this.#commit(rows, facts, now);",
      ),
      inHost(
        "host",
        "this.#moveAlarm(now); for (const effect of effects) this.#perform(effect);",
        "this.#moveAlarm(now);",
      ),
    ],
  },
  {
    name: "effects leave before the new state is taken over",
    rule: "S3",
    trace: orderOfATurn,
    edits: [
      inHost(
        "host",
        "this.#state = state; if (!purged) this.#counting.add(facts); if (state.reconciled) this.#moveAlarm(now); for (const effect of effects) this.#perform(effect);",
        "for (const effect of effects) this.#perform(effect); this.#state = state; if (!purged) this.#counting.add(facts); if (state.reconciled) this.#moveAlarm(now);",
      ),
    ],
  },
  {
    name: "the alarm is moved before all sockets are known",
    rule: "N13",
    trace: overdueAlarmAtWakeUp,
    edits: [inHost("host", "if (state.reconciled) this.#moveAlarm(now);", "this.#moveAlarm(now);")],
  },
  {
    name: "effects leave before the alarm is moved",
    rule: "N7",
    trace: orderOfATurn,
    edits: [
      inHost(
        "host",
        "this.#moveAlarm(now); for (const effect of effects) this.#perform(effect);",
        "for (const effect of effects) this.#perform(effect); this.#moveAlarm(now);",
      ),
    ],
  },
  {
    name: "the rows of a turn are not written",
    rule: "S3",
    trace: orderOfATurn,
    edits: [
      inHost(
        "host",
        "if (rows.length > 0) this.#commit(rows, facts, now);",
        "if (rows.length < 0) this.#commit(rows, facts, now);",
      ),
    ],
  },
  {
    name: "a write that fails is passed over",
    rule: "S3",
    trace: failedCommit,
    edits: [
      inHost(
        "host",
        "this.#port.commit({ rows, settings, counters, now });",
        "try { this.#port.commit({ rows, settings, counters, now }); } catch (error) { void error; }",
      ),
    ],
  },
  {
    name: "a turn whose write fails is given up without a word",
    rule: "S3",
    trace: failedCommit,
    edits: [
      inHost(
        "host",
        "if (rows.length > 0) this.#commit(rows, facts, now);",
        "try { if (rows.length > 0) this.#commit(rows, facts, now); } catch (error) { return; }",
      ),
    ],
  },
  {
    name: "what a failed turn would have brought is counted",
    rule: "S3",
    trace: failedCommit,
    edits: [
      inHost(
        "host",
        "const rows = purged ? [] : rowChanges(before, state, touched);",
        "this.#counting.add(facts); const rows = purged ? [] : rowChanges(before, state, touched);",
      ),
    ],
  },
  {
    name: "one socket that takes nothing ends the turn",
    rule: "G3",
    trace: failedSend,
    edits: [inHost("sockets", 'this.#port.failed("send_failed", error);', "throw error;")],
  },
];

const phases: readonly Mutant[] = [
  {
    name: "the sockets of leaders are not looked up",
    rule: "S3",
    trace: leadersFirst,
    edits: [inHost("host", "this.#sockets.find(leaderConnections(this.#state))", "[]")],
  },
  {
    name: "all sockets are listed while the object is loaded",
    rule: "N5",
    trace: leadersFirst,
    edits: [inHost("host", "this.#sockets.find(leaderConnections(this.#state))", "this.#sockets.adoptAll()")],
  },
  {
    name: "the sockets of leaders are not taken in before the first event",
    rule: "S3",
    trace: leadersFirst,
    edits: [inHost("host", 'this.#turn({ type: "adopt", attachments: this.#leaders });', "")],
  },
  {
    name: "the listing comes in place of the leaders' sockets",
    rule: "N5",
    trace: firstFrame,
    edits: [inHost("host", 'this.#turn({ type: "adopt", attachments: this.#leaders });', "this.#start();")],
  },
  {
    name: "a first frame waits for the listing",
    rule: "N5",
    trace: firstFrame,
    edits: [inHost("host", 'if (this.#phase !== "loaded") return this.#start();', "return this.#start();")],
  },
  {
    name: "the socket of a first frame is not taken in",
    rule: "N5",
    trace: firstFrameOfOneWhoWaits,
    edits: [inHost("host", "this.#startSoon(); this.#adoptOne(socket);", "this.#startSoon();")],
  },
  {
    name: "nothing is listed after a first frame",
    rule: "S12",
    trace: firstFrame,
    edits: [inHost("host", "this.#startSoon(); this.#adoptOne(socket);", "this.#adoptOne(socket);")],
  },
  {
    name: "a second frame is answered before the listing",
    rule: "S12",
    trace: secondFrame,
    edits: [
      inHost("host", 'if (this.#phase !== "loaded") return this.#start();', 'if (this.#phase !== "loaded") return;'),
    ],
  },
  {
    name: "sockets are listed with every event",
    rule: "N5",
    trace: listedFirst,
    edits: [inHost("host", 'this.#phase = "started";', "")],
  },
  {
    name: "a look is answered before the listing",
    rule: "S12",
    trace: listedFirst,
    edits: [inHost("host", "dispatch(event: EventBody): void { this.#start();", "dispatch(event: EventBody): void {")],
  },
  {
    name: "a call is answered before the listing",
    rule: "S12",
    trace: listedFirst,
    edits: [
      inHost("host", "this.#start(); const request = this.#port.nonce();", "const request = this.#port.nonce();"),
    ],
  },
  {
    name: "a socket is let in before the listing",
    rule: "S12",
    trace: listedFirst,
    edits: [
      inHost("host", "this.#start(); const connection = this.#port.nonce();", "const connection = this.#port.nonce();"),
    ],
  },
  {
    name: "settings are compared before the listing",
    rule: "S12",
    trace: listedFirst,
    edits: [inHost("host", "this.#start(); if (text === null", "if (text === null")],
  },
  {
    name: "a listing that fails counts as one",
    rule: "S12",
    trace: failedListing,
    edits: [
      inHost(
        "host",
        'if (this.#phase !== "started") { const attachments',
        'const isFirst = this.#phase !== "started"; this.#phase = "started"; if (isFirst) { const attachments',
      ),
    ],
  },
  {
    name: "a listing that fails is not tried again",
    rule: "N7",
    trace: failedListing,
    edits: [inHost("host", 'this.#retryByAlarm("start_failed", error);', "void error;")],
  },
];

const sockets: readonly Mutant[] = [
  {
    name: "a socket that ends and wakes the object takes its exact lease along",
    rule: "S3",
    trace: lostUnfoundLeader,
    edits: [
      inHost(
        "host",
        'this.#phase === "started" ? [] : this.#sockets.adopt(socket);',
        "[]; void this.#sockets.adopt(socket);",
      ),
    ],
  },
  {
    name: "a socket ends before the listing",
    rule: "S12",
    trace: listedFirst,
    edits: [
      inHost(
        "host",
        'if (carried.length > 0) this.#turn({ type: "adopt", attachments: carried }); this.#start();',
        'if (carried.length > 0) this.#turn({ type: "adopt", attachments: carried }); this.#tellEnds();',
      ),
    ],
  },
  {
    name: "a socket that ends is not known to have ended before its lease is written",
    rule: "N7",
    trace: failedEndThatWakes,
    edits: [
      inHost(
        "host",
        "const connection = this.#sockets.connectionOf(socket); if (connection !== null) { this.#sockets.forget",
        'if (carried.length > 0) this.#turn({ type: "adopt", attachments: carried }); const connection = this.#sockets.connectionOf(socket); if (connection !== null) { this.#sockets.forget',
      ),
    ],
  },
  {
    name: "a socket that has ended is granted something before that is known",
    rule: "S12",
    trace: endOfTheNextOne,
    edits: [inHost("host", "for (const connection of this.#ended) this.#tellEnd(connection);", "")],
  },
  {
    name: "the end of a socket is not told to the core",
    rule: "N7",
    trace: lostCandidate,
    edits: [inHost("host", 'this.#turn({ type: "disconnect", connection });', "")],
  },
  {
    name: "the lease of a leader's socket that ends is cut",
    rule: "S2",
    trace: lostLeader,
    edits: [
      inHost(
        "host",
        'this.#turn({ type: "disconnect", connection });',
        'this.#turn({ type: "frame", connection, frame: { type: "message", message: { type: "bye" } } });',
      ),
    ],
  },
  {
    name: "the end of a socket that could not be written is forgotten",
    rule: "N7",
    trace: failedEndOfASocket,
    edits: [
      inHost("host", "catch (error) { this.#ended.add(connection); throw error; }", "catch (error) { throw error; }"),
    ],
  },
  {
    name: "nothing comes for the end of a socket that could not be written",
    rule: "N7",
    trace: failedEndOfASocket,
    edits: [
      inHost(
        "host",
        "this.#lose(socket); } catch (error) { this.#startSoon();",
        "this.#lose(socket); } catch (error) {",
      ),
    ],
  },
  {
    name: "a socket that could not be taken in stays open",
    rule: "E1",
    trace: failedConnect,
    edits: [inHost("host", "access }); } catch (error) { this.#giveUp(socket);", "access }); } catch (error) {")],
  },
  {
    name: "a frame that could not be written is passed over",
    rule: "E3",
    trace: failedFrame,
    edits: [
      inHost(
        "host",
        "this.#receive(socket, data); } catch (error) { this.#giveUp(socket);",
        "this.#receive(socket, data); } catch (error) {",
      ),
    ],
  },
  {
    name: "only sockets that are known are closed for a frame that is lost",
    rule: "E3",
    trace: frameAfterAFailedListing,
    edits: [
      inHost(
        "host",
        "for (const { connection } of this.#sockets.adopt(socket)) {",
        "const connection = this.#sockets.connectionOf(socket); if (connection !== null) {",
      ),
    ],
  },
  {
    name: "the core is not told of a socket that was closed for a frame that is lost",
    rule: "N7",
    trace: failedFirstFrame,
    edits: [
      inHost(
        "host",
        '"the group could not store this: connect again"); this.#ended.add(connection);',
        '"the group could not store this: connect again");',
      ),
    ],
  },
  {
    name: "the calls of those without a socket find nobody who has vanished",
    rule: "N16",
    trace: vanishedBesideCaller,
    edits: [inHost("host", "this.#lookAtOthers(null, claim === undefined);", "")],
  },
  {
    name: "a socket that was closed is still read",
    rule: "S7",
    trace: closedSocket,
    edits: [
      inHost("sockets", "connection === undefined || !this.#sockets.has(connection)", "connection === undefined"),
    ],
  },
  {
    name: "a socket that was closed is taken in again",
    rule: "S7",
    trace: closedBeforeTheListing,
    edits: [
      inHost(
        "sockets",
        "this.#ended.add(socket); this.#port.close(socket, code, reason);",
        "this.#port.close(socket, code, reason);",
      ),
    ],
  },
  {
    name: "the size of a frame is not looked at",
    rule: "E2",
    trace: frames,
    edits: [inHost("read-frame", "if (isLonger(data, messageBytes))", "if (messageBytes < 0)")],
  },
];

const alarms: readonly Mutant[] = [
  {
    name: "the alarm is not moved",
    rule: "N7",
    trace: orderOfATurn,
    edits: [inHost("host", "this.#setAlarm(deadline);", "void deadline;")],
  },
  {
    name: "the alarm is moved to a later time",
    rule: "N7",
    trace: alarmOnlyEarlier,
    edits: [inHost("host", "this.#alarmAt <= deadline) return;", "this.#alarmAt === deadline) return;")],
  },
  {
    name: "the alarm is set once and for all",
    rule: "N7",
    trace: alarmOnlyEarlier,
    edits: [inHost("host", "this.#alarmAt <= deadline) return;", "this.#alarmAt > 0) return;")],
  },
  {
    name: "an overdue alarm is waited for",
    rule: "N7",
    trace: overdueAlarm,
    edits: [inHost("host", "this.#alarmAt > now && this.#alarmAt <= deadline", "this.#alarmAt <= deadline")],
  },
  {
    name: "an alarm that lay in the past when the object woke is waited for",
    rule: "N13",
    trace: overdueAlarmAtWakeUp,
    edits: [
      inHost("host", "alarmAt !== null && alarmAt > this.#port.now() ? alarmAt : null", "alarmAt"),
      inHost("host", "this.#alarmAt > now && this.#alarmAt <= deadline", "this.#alarmAt <= deadline"),
    ],
  },
  {
    name: "the alarm is set anew with every wake-up",
    rule: "N5",
    trace: knownAlarmAtWakeUp,
    edits: [inHost("host", "alarmAt !== null && alarmAt > this.#port.now() ? alarmAt : null", "null")],
  },
  {
    name: "an alarm that could not be set counts as set",
    rule: "N7",
    trace: alarmNotSet,
    edits: [
      inHost(
        "host",
        'this.#port.failed("alarm_not_set", error); this.#alarmAt = null;',
        'this.#port.failed("alarm_not_set", error);',
      ),
    ],
  },
  {
    name: "an alarm that fails is gone",
    rule: "N7",
    trace: failedAlarm,
    edits: [inHost("host", 'this.#retryByAlarm("alarm_failed", error);', "void error;")],
  },
  {
    name: "an alarm that fails is left to the platform",
    rule: "N7",
    trace: failedAlarm,
    edits: [inHost("host", 'this.#retryByAlarm("alarm_failed", error);', "throw error;")],
  },
  {
    name: "another try postpones an alarm that is due before it",
    rule: "N7",
    trace: retryKeepsAnEarlierAlarm,
    edits: [inHost("host", "Math.min(at, this.#alarmAt ?? at)", "at")],
  },
];

const settings: readonly Mutant[] = [
  {
    name: "settings are not stored",
    rule: "S2",
    trace: settingsRideWithRows,
    edits: [inHost("host", "isStored ? null : (JSON.parse(text) as PolicyOptions)", "null; void text")],
  },
  {
    name: "settings are stored with every commit",
    rule: "S2",
    trace: settingsRideWithRows,
    edits: [
      inHost("host", "isStored ? null : (JSON.parse(text) as PolicyOptions)", "JSON.parse(text) as PolicyOptions"),
    ],
  },
  {
    name: "settings that are in force already are taken over again",
    rule: "S2",
    trace: settingsRideWithRows,
    edits: [inHost("host", "text === null || text === this.#settings.text", "text === null")],
  },
  {
    name: "stored settings are forgotten by a wake-up",
    rule: "S2",
    trace: settingsRideWithRows,
    edits: [inHost("settings", "const options = settings ?? {};", "const options = {};")],
  },
  {
    name: "stored settings that this version refuses keep the object from loading",
    rule: "N5",
    trace: refusedSettings,
    edits: [inHost("settings", 'port.failed("policy_refused", error); return [', "throw error; return [")],
  },
  {
    name: "new settings that this version refuses fail each request",
    rule: "V1",
    trace: refusedSettings,
    edits: [inHost("settings", 'port.failed("policy_refused", error); return null;', "throw error;")],
  },
  {
    name: "settings that are refused again and again are logged each time",
    rule: "V1",
    trace: refusedSettings,
    edits: [inHost("host", " || text === this.#refusedSettings", "")],
  },
  {
    name: "settings whose turn failed count as those in force",
    rule: "S2",
    trace: failedSettings,
    edits: [inHost("host", "this.#settings = before; throw error;", "throw error;")],
  },
  {
    name: "limits of new settings hold only after a wake-up",
    rule: "E2",
    trace: settingsHoldForOpenSockets,
    edits: [
      inHost("host", "isStored: false, reader: readerFor(policy)", "isStored: false, reader: this.#settings.reader"),
    ],
  },
  {
    name: "what earlier incarnations have counted is lost",
    rule: "N5",
    trace: countersGoOn,
    edits: [
      inHost(
        "counters",
        "addHostCounters(this.#facts, this.#stored, { ...this.own, rowsWritten })",
        "addHostCounters(this.#facts, new Map(), { ...this.own, rowsWritten })",
      ),
    ],
  },
];

const inRows = (from: string, to: string) => [inGroup("stored-rows", from, to)];

const unreadable: readonly Mutant[] = [
  {
    name: "an election whose row can't be read is open to anybody at once",
    rule: "S17",
    trace: unreadableElection,
    edits: inRows("if (!holdsOff) return group;", "if (stored !== null) return group;"),
  },
  {
    name: "it is held off for the longest lease, and not for the clock margin",
    rule: "S17",
    trace: unreadableElection,
    edits: inRows("const holdOffMs = reachMs + CLOCK_MARGIN_MS;", "const holdOffMs = reachMs;"),
  },
  {
    name: "each wake-up holds off anew",
    rule: "S17",
    trace: unreadableElection,
    edits: inRows(
      'for (const row of elections) if (!readable.includes(row)) mended.push({ table: "election", key: row.name, row });',
      "",
    ),
  },
  {
    name: "the hold-off is not stored",
    rule: "S17",
    trace: unreadableElection,
    edits: inRows('mended.push({ table: "group", row: group });', "mended.push();"),
  },
  {
    name: "an election without a row is taken for a new one",
    rule: "S17",
    trace: missingElection,
    edits: inRows("...absent.map((name) => missing(", "...absent.slice(absent.length).map((name) => missing("),
  },
  {
    name: "a term is kept whose holder can't be read",
    rule: "S17",
    trace: unreadableHolder,
    edits: inRows("if (!isTwice && standing.get(name)?.has(state.sessionId)) return [];", "if (!isTwice) return [];"),
  },
  {
    name: "without the group's row epochs begin anew",
    rule: "S5",
    trace: unreadableGroup,
    edits: inRows('const before = isLost(found, "group") ? anew', 'const before = isLost(found, "group") ? UNUSED'),
  },
  {
    name: "without the group's row nobody waits for what it may have held off",
    rule: "S17",
    trace: unreadableGroup,
    edits: inRows('({ table }) => table !== "record"', '({ table }) => table === "election"'),
  },
  {
    name: "what a socket carries is believed",
    rule: "S17",
    trace: unreadableSocket,
    edits: [inHost("sockets", "if (!isAttachment(attachment)) return this.#hangUp(socket);", "")],
  },
  {
    name: "a horizon that nobody can have been promised is believed",
    rule: "S17",
    trace: horizonOfNobody,
    edits: inRows(
      'if (state.type === "vacant" || state.horizon <= now + 2 * reachMs) return row;',
      "if (now > 0) return row;",
    ),
  },
];

export const hostMutants: readonly Mutant[] = [...order, ...phases, ...sockets, ...alarms, ...settings, ...unreadable];
