import { expect, test } from "vitest";
import { leaseFault } from "../../../shared/lease.ts";
import { shippedCores } from "../cores.ts";
import {
  backAfterItsDrain,
  closeWhileDraining,
  hungCallback,
  hungSibling,
  lastCloseWhileDraining,
  preemptedForLateGrant,
  preemptedForNobody,
  preemptionInTime,
  readyWhenStopped,
  resignWhileDraining,
  revokedTwice,
  unreachableHolder,
} from "./ending.ts";
import {
  cleanupOnSlowerHost,
  cleanupWhileLeading,
  finishRestoreLate,
  restoreOldRecord,
  restoreOnSlowerHost,
  restoreWhileLeading,
} from "./epochs.ts";
import { closedAndBack, foreignFrames, joinOfEndedLeadership, staleFrames } from "./fencing.ts";
import {
  cleanedOnHostBehind,
  deathUnheard,
  followerOfStaleObject,
  frozenPage,
  inquiry,
  lateAnswer,
  lateRenewal,
  leaderOfStaleObject,
  longerLeaseAfterSetBack,
  muteCandidate,
  muteThroughHibernation,
  observerOfStaleObject,
  orderedTwice,
  pausedGroup,
  queuedAnswer,
  queuedRenewal,
  revokedOnHostBehind,
  setBackBesideStaleObject,
  shorterPolicy,
  sleepAfterSetBack,
  sleepingLeader,
  slowLeader,
  slowLeaderFastHost,
  wallClockSetBack,
} from "./leases.ts";
import {
  closeWhileAway,
  leavingByTurns,
  leavingToWhoLeaves,
  longOutage,
  resignWhileFramesWait,
  shutdownWhileFramesWait,
  slowPath,
  unheardAndBack,
} from "./leaving.ts";
import { oneNameTooMany, watchedTwice } from "./observing.ts";
import { idleForAnHour, vanishedBesideCaller, vanishedGivesWay } from "./paths.ts";
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
  slowPaths,
} from "./rejoin.ts";
import {
  lateHello,
  lateUpgrade,
  leftUnheard,
  lostConfirm,
  lostJoin,
  lostWelcome,
  queuedHello,
  queuedHelloOfShorterLease,
  queuedUpgrade,
  refusedResume,
  unnamedIsOver,
  upgradeAfterGreeting,
} from "./resume.ts";

// H1-H19 are the holes that a throwaway model of the rules has found; each is a trace that the right cores pass.

test("[S7] H1: a join of a leadership that has ended is no grant", () => joinOfEndedLeadership(shippedCores));
test("[S5] H2: storage goes back only after every lease is over", () => restoreWhileLeading(shippedCores));
test("[S5] H3: a forced cleanup holds off until every lease is over", () => cleanupWhileLeading(shippedCores));
test("[S5] a cleanup keeps the epoch, also for a host with a slower clock", () => cleanupOnSlowerHost(shippedCores));
test("[S5] a restore waits until a slower host could not repeat an epoch", () => restoreOnSlowerHost(shippedCores));
test("[S9] H4: a leadership that is named but refused waits for its lease", () => refusedResume(shippedCores));
test("[S9] H5: the secret before is good while the welcome may be lost", () => lostWelcome(shippedCores));
test("[N6] H5, H18: the late hello of an abandoned attempt changes nothing", () => lateHello(shippedCores));
test("[S9] a term that a resume does not name is over at once", () => unnamedIsOver(shippedCores));
test("[S9] nobody stands in an election that was left with a term not taken", () => leftUnheard(shippedCores));
test("[S11] H7: a candidate that does not answer is asked once", () => muteCandidate(shippedCores));
test("[S11] [N5] a candidate that was found silent stays so through hibernation", () =>
  muteThroughHibernation(shippedCores));
test("[C7] H8: a confirmation that was lost with the socket is sent again", () => lostConfirm(shippedCores));
test("[G4] a join that was lost with the socket is sent again", () => lostJoin(shippedCores));
test("[O4] H9: a restore drops the records of an earlier time", () => restoreOldRecord(shippedCores));
test("[C7] H9: the second step of a restore may come late", () => finishRestoreLate(shippedCores));
test("[S10] H10: the drain time ends no lease", () => unreachableHolder(shippedCores));
test("[S10] whose drain time is over is named no more, even before a timer fires", () =>
  backAfterItsDrain(shippedCores));
test("[S10] a callback that hangs is waited for until the drain time", () => hungCallback(shippedCores));
test("[C1] a component whose onRevoke hangs is not granted with its sibling", () => hungSibling(shippedCores));
test("[S2] a leader's clock may be as slow as is promised", () => slowLeader(shippedCores));
test("[S8] a page that is frozen has stopped, and another one leads", () => frozenPage(shippedCores));
test("[S3] H11: a faster host waits for the slowest leader", () => slowLeaderFastHost(shippedCores));
test("[S3] a leader that an old object keeps is waited for", () => leaderOfStaleObject(shippedCores));
test("[X4] H13: a component that comes back gets the leadership that runs", () => closedAndBack(shippedCores));
test("[S12] H14: a process that died unnoticed is found by the next incarnation", () => deathUnheard(shippedCores));
test("[S4] H15: a candidate on an old object finds out by its sign of life", () => followerOfStaleObject(shippedCores));
test("[S4] an observer on an old object finds out by its sign of life", () => observerOfStaleObject(shippedCores));
test("[N19] a renewal that waits in a queue costs no term", () => queuedRenewal(shippedCores));

test("[N19] a hello that waits in a queue costs no term", () => queuedHello(shippedCores));

test("[N19] [S1] a welcome that is late extends by the shorter of two leases", () =>
  queuedHelloOfShorterLease(shippedCores));

test("[N19] an upgrade that waits in a queue costs no term", () => queuedUpgrade(shippedCores));

test("[N19] [S9] an upgrade that is later than another one says nothing", () => lateUpgrade(shippedCores));

test("[N19] [S9] an upgrade that comes after another one has greeted names a higher attempt", () =>
  upgradeAfterGreeting(shippedCores));

test("[N19] [S1] a late answer is worth what is left since its renewal was sent", () => queuedAnswer(shippedCores));

test("[S6] H16: an answer that comes after the deadline revives nothing", () => lateAnswer(shippedCores));
test("[S11] H17: nobody is granted an election while every component of it still drains", () =>
  readyWhenStopped(shippedCores));
test("[S2] H19: a resign leaves after everything has stopped", () => resignWhileDraining(shippedCores));
test("[X6] a process that closes sends bye after everything has stopped", () => closeWhileDraining(shippedCores));
test("[X3] the last contender leaves after it has stopped", () => lastCloseWhileDraining(shippedCores));
test("[S7] [K5] frames about another session's leadership change nothing", () => foreignFrames(shippedCores));
test("[S7] [K2] frames about an earlier leadership change nothing", () => staleFrames(shippedCores));
test("[S6] a renewal that comes after the lease prolongs nothing", () => lateRenewal(shippedCores));
test("[S2] [S3] on a host far behind a revoke waits for as long as a lease can last", () =>
  revokedOnHostBehind(shippedCores));
test("[S5] on a host far behind a clean-up waits for as long as a lease can last", () =>
  cleanedOnHostBehind(shippedCores));
test.each([1_000, 5_000, 8_000, 12_000, 20_000, 30_000, 900_000])(
  "[S2] [S3] a clock set back by %i ms lets no order cut what a replaced object may promise",
  (backMs) => setBackBesideStaleObject(shippedCores, backMs),
);
test("[S2] a lease that grows after the clock was set back is not cut by an order", () =>
  longerLeaseAfterSetBack(shippedCores));
test("[S2] [S5] an operator who orders twice shortens nothing", () => orderedTwice(shippedCores));
test("[S2] a shorter lease is for leases to come", () => shorterPolicy(shippedCores));
test("[S5] a paused group grants nothing", () => pausedGroup(shippedCores));
test("[S6] a wall clock that is set back prolongs no lease", () => wallClockSetBack(shippedCores));
test("[K7] an inquiry is answered by a question that was asked after it, and at once", () => inquiry(shippedCores));
test("[S6] a leader that slept is not leader when it wakes", () => sleepingLeader(shippedCores));
test("[S6] a wall clock that is set back shows the next sleep all the same", () => sleepAfterSetBack(shippedCores));
test("[N8] a resignation overtakes what waits", () => resignWhileFramesWait(shippedCores));
test("[N8] [X6] a bye supersedes what waits", () => shutdownWhileFramesWait(shippedCores));
test("[N10] a process that closes without a connection reports it when it is back", () => closeWhileAway(shippedCores));
test("[N9] an outage that leaves a part of the lease costs no term", () => longOutage(shippedCores));
test("[S7] a term goes on while its components leave and come back by turns", () => leavingByTurns(shippedCores));
test("[S7] a term goes on while one component is away and another one comes and leaves", () =>
  leavingToWhoLeaves(shippedCores));
test("[S15] a component that has come and gone unheard leads when it is back", () => unheardAndBack(shippedCores));
test("[N11] an observer on a slow path comes back, and stays", () => slowPath(shippedCores));
test("[N16] the dead give way to a newcomer", () => vanishedGivesWay(shippedCores));
test("[N16] the dead are found out by those without a socket, too", () => vanishedBesideCaller(shippedCores));
test("[N16] an hour of nothing but pings closes nobody", () => idleForAnHour(shippedCores));
test("[Q2] preemption is for higher priority only, after the cool-down", () => preemptionInTime(shippedCores));
test("[O5] a name too many costs the others nothing", () => oneNameTooMany(shippedCores));
test("[O6] a component with two observers is watched once", () => watchedTwice(shippedCores));
test("[Q6] nobody is preempted again and again for a rival that can't lead", () => preemptedForNobody(shippedCores));
test("[Q6] nor for one whose grant comes too late, while the object sleeps", () => preemptedForLateGrant(shippedCores));
test("[S10] a second order to stop does not restart the drain time", () => revokedTwice(shippedCores));
test("[S14] a resume names what still drains after the group's drain time", () => resumeWhileDraining(shippedCores));
test("[S14] a resume leaves the drain time as it was given", () => resumeBeforeDrainEnds(shippedCores));
test("[S14] a shorter drain time is for drains to come", () => shorterDrain(shippedCores));
test("[S14] a leadership is kept for each component that stops, by the drain time that it was given", () =>
  shorterDrainOfAnother(shippedCores));
test("[S15] a component that was refused keeps no leadership of its siblings", () => refusedSibling(shippedCores));
test("[S15] a component that comes back is not meant by an older grant", () => grantOfBefore(shippedCores));
test("[S15] a leadership is not given up while a component runs that a new token forbids", () =>
  forbiddenSibling(shippedCores));
test("[S16] a term that was left at once is not taken up when it is widened", () => endedAndWidened(shippedCores));
test("[Q5] a path as slow as the answer time-out wins elections", () => slowPaths(shippedCores));

test("[Q5] a path as slow as the answer time-out costs no turn", () => slowNext(shippedCores));

test("[S4] H16: a client gives a silent socket up while there is time for another one", () => {
  const lease = { durationMs: 10_000, renewDeadlineMs: 8_000, renewEveryMs: 2_500 };
  expect(leaseFault(lease, 2_750)).toBeNull();
  expect(leaseFault(lease, 2_751)).toContain("answerTimeoutMs");
});
