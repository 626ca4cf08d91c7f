import { test } from "vitest";
import { shippedCores } from "../cores.ts";
import { standing, tryAfterTheLast, tryAgain, tryBehind, tryInVain, tryLate, tryOnce, tryUnheard } from "./tries.ts";

test("[T1] [T2] a try in vain is answered at once, and nobody has to stop for it", () => tryInVain(shippedCores));
test("[T1] a try does not come before who is asked", () => tryBehind(shippedCores));
test("[T4] a try that is lost is made again, and does not wait", () => tryAgain(shippedCores));
test("[T4] a grant that is lost is followed by another one", () => tryUnheard(shippedCores));
test("[T2] a try that is granted too late leaves", () => tryLate(shippedCores));
test("[T3] a try leaves with its term", () => tryOnce(shippedCores));
test("[T2] a try that is yet to ask keeps no term", () => tryAfterTheLast(shippedCores));
test("[C14] a process that stands by itself keeps its term", () => standing(shippedCores));
