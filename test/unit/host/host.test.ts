/** The host alone, on a platform that can fail. */
import { describe, test } from "vitest";
import { groupCore } from "../../../testing/group/core.ts";
import {
  alarmNotSet,
  alarmOnlyEarlier,
  answerAfterItsCommit,
  closedBeforeTheListing,
  closedSocket,
  countersGoOn,
  debtorAddsNothing,
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
  type HostScript,
  helloOwedAtTheEndOfIdleTime,
  horizonOfNobody,
  idleForItsTime,
  idleTimeOffAndOn,
  knownAlarmAtWakeUp,
  leadersFirst,
  listedFirst,
  lostCandidate,
  lostLeader,
  lostMeanwhile,
  lostUnfoundLeader,
  missingElection,
  orderOfATurn,
  overdueAlarm,
  overdueAlarmAtWakeUp,
  purgeAfterAllEpochs,
  purgeOfNothingInUse,
  refusedSettings,
  retryKeepsAnEarlierAlarm,
  secondFrame,
  settingsHoldForOpenSockets,
  settingsRideWithRows,
  unreadableElection,
  unreadableGroup,
  unreadableHolder,
  unreadableSocket,
  watchersKeepNobodyOut,
} from "../../support/host-scripts.ts";

const play = (script: HostScript) => (): void => script({ group: groupCore });

describe("a turn", () => {
  test(
    "[S1] [S3] writes, takes over the new state, moves the alarm, sends, and is logged, in this order",
    play(orderOfATurn),
  );
  test(
    "[S3] that can't be written changes nothing and sends nothing; its error reaches the caller, and the next event works",
    play(failedCommit),
  );
  test("[S3] answers a call only once its rows are written", play(answerAfterItsCommit));
  test("[G3] goes on where a socket takes nothing", play(failedSend));
});

describe("a new incarnation", () => {
  test("[S3] [N5] finds the sockets of leaders first, and their exact leases, without a listing", play(leadersFirst));
  test("[N5] answers a leader's first frame before it lists all sockets", play(firstFrame));
  test("[N5] answers the first frame of a socket that it did not know", play(firstFrameOfOneWhoWaits));
  test("[S12] lists all sockets before a second frame, and once", play(secondFrame));
  test("[S12] lists all sockets before anything else that comes first, and once", play(listedFirst));
  test("[S12] grants nothing to a session whose socket is gone", play(lostMeanwhile));
  test("[N7] whose listing fails tries again by an alarm, and with each event before that", play(failedListing));
  test("[N7] whose listing fails leaves an earlier alarm where it is", play(retryKeepsAnEarlierAlarm));
});

describe("a socket", () => {
  test("[S3] [S2] that ends and wakes the object leaves its exact lease", play(lostLeader));
  test("[S3] [S2] that ends leaves its exact lease even if the platform no longer finds it", play(lostUnfoundLeader));
  test("[N7] that ends takes its candidate out of the queue", play(lostCandidate));
  test("[S7] that the group has closed is no longer read, and its end changes nothing", play(closedSocket));
  test("[S7] that the group has closed is not taken in again by the listing", play(closedBeforeTheListing));
  test(
    "[N7] whose end can't be written is not forgotten: the next event marks its session as lost",
    play(failedEndOfASocket),
  );
  test(
    "[N7] [S12] that ends and wakes the object is known to have ended, even if that can't be written",
    play(failedEndThatWakes),
  );
  test("[S12] that ends and wakes the object is granted nothing before that is known", play(endOfTheNextOne));
  test("[E3] [S2] whose frame can't be written is closed: its peer resumes, and goes on to lead", play(failedFrame));
  test("[E3] whose first frame can't be written is closed as well", play(failedFirstFrame));
  test("[E3] whose frame comes while the sockets can't be listed is closed as well", play(frameAfterAFailedListing));
  test("[E1] that can't be taken in is closed, and its peer is told to connect again", play(failedConnect));
  test("[E2] that sends bytes, or too much, is closed with the code for it", play(frames));
});

describe("the alarm", () => {
  test("[N7] moves to an earlier time only", play(alarmOnlyEarlier));
  test("[N7] that is overdue is set anew by the next event", play(overdueAlarm));
  test("[N7] that lies in the past when the object wakes is set anew", play(overdueAlarmAtWakeUp));
  test("[N7] that lies ahead when the object wakes is left alone", play(knownAlarmAtWakeUp));
  test("[N7] that could not be set is set by the next event", play(alarmNotSet));
  test("[N7] that fails comes again", play(failedAlarm));
});

describe("settings and counters", () => {
  test("settings are stored with the next rows, once, and hold after a wake-up", play(settingsRideWithRows));
  test("[E2] limits of new settings hold for sockets that are open", play(settingsHoldForOpenSockets));
  test("settings that contradict each other are refused, stored ones give way to the defaults", play(refusedSettings));
  test("settings whose turn failed are not taken for those in force", play(failedSettings));
  test("counters go on from what the last incarnation has stored", play(countersGoOn));
});

describe("rows that can't be read", () => {
  test("[S17] an election's: nobody leads before the longest lease is over", play(unreadableElection));
  test("[S17] an election's that is missing counts as one", play(missingElection));
  test("[S17] those of a holder: its term is worth the same", play(unreadableHolder));
  test("[S17] [S5] the group's: epochs grow, leaders go on, and no term begins for as long", play(unreadableGroup));
  test("[S17] what a socket carries: it is closed, and its lease is worth what its row says", play(unreadableSocket));
  test("[S17] a horizon that nobody can have been promised is brought back", play(horizonOfNobody));
});

describe("deletion", () => {
  test("[S20] waits until the clock is past every epoch by its margin", play(purgeAfterAllEpochs));
  test("[S20] is refused while somebody leads, and while the group is paused", play(purgeOfNothingInUse));
  test("[S20] comes when the group was idle for its time, and not before", play(idleForItsTime));
  test("[S20] waits at that time for sockets that owe their hello, by one alarm", play(helloOwedAtTheEndOfIdleTime));
  test("[S20] counts from its last use when its time to live was off meanwhile", play(idleTimeOffAndOn));
});

describe("shares", () => {
  test("[N14] those who only look leave room for contenders", play(watchersKeepNobodyOut));
  test("[N17] a subject that has stored its share adds nothing more", play(debtorAddsNothing));
});
