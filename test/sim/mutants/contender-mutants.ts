/** Known-wrong cores of contenders without a socket. */
import { drainThatACallCuts, hungSibling, refusedSibling } from "../traces/callers.ts";
import { inContender, type Mutant } from "./mutant.ts";

export const contenderMutants: readonly Mutant[] = [
  {
    name: "what the group has no more of is not stopped before it is over",
    rule: "S9",
    trace: drainThatACallCuts,
    edits: [
      inContender(
        "draft",
        "const drainUntil = draft.now + Math.min(",
        'const drainUntil = reason === "lost" ? draft.now : draft.now + Math.min(',
      ),
    ],
  },
  {
    name: "a term that is being stopped is not named",
    rule: "S9",
    callers: true,
    edits: [
      inContender(
        "state",
        "terms.map(({ leaderSessionId }) => leaderSessionId);",
        'terms.flatMap(({ stage, leaderSessionId }) => (stage === "ending" ? [] : [leaderSessionId]));',
      ),
    ],
  },
  {
    name: "a component that the group refuses counts as a sibling",
    rule: "X3",
    trace: refusedSibling,
    edits: [
      inContender("terms", "=> !isLeaving && refusal === null;", "=> !isLeaving || (refusal === null && false);"),
    ],
  },
  {
    name: "a lease counts from its answer",
    rule: "S1",
    callers: true,
    edits: [
      inContender(
        "terms",
        "const leaseUntil = at + lease.renewDeadlineMs;",
        "const leaseUntil = draft.now + lease.renewDeadlineMs;",
      ),
    ],
  },
  {
    name: "what has ended comes back",
    rule: "S7",
    callers: true,
    edits: [inContender("terms", "held.epoch <= draft.endedEpoch ||", "")],
  },
  {
    name: "leases are as long on another host",
    rule: "S6",
    callers: true,
    edits: [inContender("state", "leaseUntil: term.leaseUntil - CLOCK_MARGIN_MS", "leaseUntil: term.leaseUntil")],
  },
  {
    name: "a component is granted before its last onRevoke has settled",
    rule: "C1",
    trace: hungSibling,
    edits: [
      inContender(
        "terms",
        'if (phase.type !== "waiting" || isLeaving) continue;',
        'if (phase.type === "granted" || isLeaving) continue;',
      ),
    ],
  },
  {
    name: "a component that was closed is granted",
    rule: "X4",
    callers: true,
    edits: [
      inContender(
        "terms",
        'if (phase.type !== "waiting" || isLeaving) continue;',
        'if (phase.type !== "waiting") continue;',
      ),
    ],
  },
];
