/** Known-wrong cores of contenders without a socket. */
import {
  closedWhileGranted,
  drainThatACallCuts,
  hungSibling,
  inquiry,
  lateCall,
  refusedSibling,
  sleepingCaller,
} from "../traces/callers.ts";
import {
  endedComesBack,
  grantsClosed,
  grantsWhileDraining,
  leavesBeforeItHasStopped,
  lostIsNotStopped,
  missingGoesOn,
  nothingExpires,
} from "./holder-faults.ts";
import { inContender, inTurns, type Mutant } from "./mutant.ts";

export const contenderMutants: readonly Mutant[] = [
  {
    name: "an inquiry is content with the answer to a call of before",
    rule: "K7",
    trace: inquiry,
    edits: [
      inContender("calls", "if (draft.inquiredAt < sentAt) draft.inquiredAt = null;", "draft.inquiredAt = null;"),
    ],
  },
  {
    name: "an inquiry makes no call",
    rule: "K7",
    trace: inquiry,
    edits: [
      inContender(
        "state",
        "const isAsked = hasNews(state) || state.inquiredAt !== null;",
        "const isAsked = hasNews(state);",
      ),
    ],
  },
  {
    name: "what the group has no more of is not stopped before it is over",
    rule: "S9",
    trace: drainThatACallCuts,
    edits: lostIsNotStopped("contender"),
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
    edits: [inContender("draft", "refusal !== null,", 'refusal !== null && refusal === "",')],
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
    trace: lateCall,
    edits: endedComesBack("contender"),
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
    edits: grantsWhileDraining("contender"),
  },
  {
    name: "a component that was closed is granted",
    rule: "X4",
    trace: closedWhileGranted,
    edits: grantsClosed("contender"),
  },
  {
    name: "an id that a call names and its answer does not goes on",
    rule: "S9",
    trace: drainThatACallCuts,
    edits: missingGoesOn("contender"),
  },
  {
    name: "a lease that is over ends no term of a caller",
    rule: "S6",
    trace: sleepingCaller,
    edits: nothingExpires("contender"),
  },
  {
    name: "a caller drops a term before its components have stopped",
    rule: "S2",
    callers: true,
    edits: leavesBeforeItHasStopped("contender"),
  },
  {
    name: "a call leaves before its attempt is reserved",
    rule: "S7",
    callers: true,
    edits: [
      inTurns("this.#ports.adopt(before, state); this.#state = state;", "this.#state = state;"),
      inTurns("if (this.#isExecuting) return;", "if (this.#isExecuting) return this.#ports.adopt(before, state);"),
      inTurns(
        "this.#execute(effect); this.#isExecuting = false;",
        "this.#execute(effect); this.#isExecuting = false; this.#ports.adopt(before, state);",
      ),
    ],
  },
  {
    name: "nobody is told that an onRevoke has settled",
    rule: "C11",
    callers: true,
    edits: [inContender("transition", 'if (!isRunning) draft.effects.push({ type: "stopped", ...drain });', "")],
  },
  {
    name: "an onRevoke counts as settled once its drain time is over",
    rule: "C11",
    callers: true,
    edits: [
      inContender(
        "transition",
        "const isRunning = drains.some((other) => isSame(drain, other));",
        "const isRunning = drains.some((other) => isSame(drain, other)) && draft.terms.some(({ leaderSessionId }) => leaderSessionId === drain.leaderSessionId);",
      ),
    ],
  },
  {
    name: "nobody is told that a term is over",
    rule: "C11",
    callers: true,
    edits: [
      inContender(
        "transition",
        'if (!unreleased.includes(leaderSessionId)) draft.effects.push({ type: "released", leaderSessionId });',
        "",
      ),
    ],
  },
  {
    name: "a term counts as released before the group was told",
    rule: "C11",
    callers: true,
    edits: [
      inContender(
        "state",
        "[...terms, ...farewells].map(({ leaderSessionId }) => leaderSessionId);",
        "terms.map(({ leaderSessionId }) => leaderSessionId);",
      ),
    ],
  },
  {
    name: "nobody is told that a change was heard",
    rule: "C11",
    callers: true,
    edits: [inContender("transition", 'draft.effects.push({ type: "heard", change });', "")],
  },
  {
    name: "a change counts as heard that came after the call",
    rule: "C11",
    callers: true,
    edits: [
      inContender(
        "calls",
        "draft.changesTold = Math.max(draft.changesTold, changes);",
        "draft.changesTold = draft.changes;",
      ),
    ],
  },
  {
    name: "nobody is told that a contender has left",
    rule: "C11",
    callers: true,
    edits: [inContender("calls", 'draft.effects.push({ type: "left" });', "")],
  },
  {
    name: "a contender counts as gone when it says goodbye",
    rule: "C11",
    callers: true,
    edits: [
      inContender("calls", 'draft.effects.push({ type: "left" });', ""),
      inContender(
        "calls",
        "return goodbye(draft, session);",
        "return goodbye(draft, session, void draft.effects.push({ type: 'left' }));",
      ),
    ],
  },
];
