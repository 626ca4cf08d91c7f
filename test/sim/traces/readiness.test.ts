import { test } from "vitest";
import { shippedCores } from "../cores.ts";
import {
  askedWhenNoneIsLeft,
  busyElsewhere,
  clockStepsForward,
  deadRival,
  deathBeforeGrant,
  firstFrameResigns,
  givenBackOnce,
  helloGranted,
  hiddenBehindSilent,
  hiddenNext,
  lateGrant,
  leftAndBack,
  leftBesideRefused,
  lostGrant,
  lostUnheard,
  readyAgain,
  readyUnasked,
  silenceFound,
  silentBeforeNext,
  silentBehindLost,
  silentNext,
  silentTogether,
  statementOvertakesLeaving,
  stayingOut,
  takenBackThroughHibernation,
  unreadyNext,
} from "./readiness.ts";

test("[S7] a component that has left and is back leads by no grant of before", () => leftAndBack(shippedCores));
test("[S7] [S15] so it is beside a sibling that the group refuses", () => leftBesideRefused(shippedCores));
test("[S7] a statement that overtakes a leaving makes no leader", () => statementOvertakesLeaving(shippedCores));
test("[S1] [S6] a grant that comes too late to lead by it is given back", () => lateGrant(shippedCores));
test("[S7] [S11] whoever gives a grant back states nothing with it, and is granted the term once it can take it", () =>
  givenBackOnce(shippedCores));
test("[N3] [S11] whoever is asked answers by a statement, also where no component is left", () =>
  askedWhenNoneIsLeft(shippedCores));
test("[S1] [S2] a host's clock that steps forward cuts no lease that a grant has begun", () =>
  clockStepsForward(shippedCores));
test("[S1] whoever joins an empty election leads by the answer to its hello", () => helloGranted(shippedCores));
test("[S3] a grant that was written and never sent costs no lease while its session lives", () =>
  deathBeforeGrant(shippedCores));
test("[S2] a leader whose socket is lost before its first renewal is waited for", () => lostUnheard(shippedCores));
test("[S9] [Q1] a grant that is lost with its socket costs no place, even if the object sleeps meanwhile", () => {
  lostGrant(shippedCores);
  lostGrant(shippedCores, true);
});
test("[S11] [N5] whoever was busy and can start again is granted the next term, also after hibernation", () =>
  readyAgain(shippedCores));
test("[Q7] [S11] who is not ready is passed over, keeps its place, and leads once it is ready", () =>
  unreadyNext(shippedCores));
test("[Q7] who stays out leads nothing for that time, and stands again by itself", () => stayingOut(shippedCores));
test("[S11] a term that ends elsewhere makes nobody wait who was busy", () => busyElsewhere(shippedCores));
test("[S12] [Q4] a resignation that wakes the object is no reason to forget who waits", () =>
  firstFrameResigns(shippedCores));
test("[S7] [N5] a statement that was taken back stays so through hibernation", () =>
  takenBackThroughHibernation(shippedCores));
test("[S7] [N5] what was stated unasked outlives hibernation", () => readyUnasked(shippedCores));
test("[Q2] [N7] nobody is preempted for a rival that does not answer", () => deadRival(shippedCores));
test("[N3] a hidden page that is next takes over in one exchange", () => hiddenNext(shippedCores));
test("[N7] one that falls silent just before its turn costs a lease", () => silentNext(shippedCores));
test("[N7] one that falls silent while somebody leads costs nothing", () => silenceFound(shippedCores));
test("[N7] a hidden page that is next takes over from a leader that falls silent as fast as any other", () =>
  hiddenBehindSilent(shippedCores));
test("[N7] where the leader falls silent, whoever is next speaks at the end of the lease, and no alarm is needed", () =>
  silentBeforeNext(shippedCores));
test("[N7] those who fall silent together with the leader cost two leases and one time-out", () =>
  silentTogether(shippedCores));
test("[N7] those who wait for a lost leader's lease are asked meanwhile", () => silentBehindLost(shippedCores));
