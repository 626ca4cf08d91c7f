/** Known-wrong group cores: contenders without a socket. */
import {
  callsOfStaleObject,
  lateCall,
  lostAnswer,
  pausedWhileAway,
  silentNext,
  unreadyRival,
} from "../traces/callers.ts";
import { inGroup, type Mutant } from "./mutant.ts";

export const callerMutants: readonly Mutant[] = [
  {
    name: "the first call after a load makes the lease exact",
    rule: "S3",
    trace: callsOfStaleObject,
    edits: [inGroup("terms", "mayAskReplaced ? Math.max(promised, before.leaseUntil) : promised;", "promised;")],
  },
  {
    name: "a late call of a caller is heard like its latest",
    rule: "S9",
    trace: lateCall,
    edits: [inGroup("polls", "if ((call.session?.attempt ?? 0) > latest) return null;", "return null;")],
  },
  {
    name: "a call extends what it does not name",
    rule: "S9",
    trace: lostAnswer,
    edits: [
      inGroup(
        "polls",
        "const kept = settleHeld(turn, id, action.held);",
        "const kept = settleHeld(turn, id, [...turn.state.terms.keys()]);",
      ),
    ],
  },
  {
    name: "a call does not end what it does not name",
    rule: "S9",
    trace: lostAnswer,
    edits: [
      inGroup(
        "polls",
        "const kept = settleHeld(turn, id, action.held);",
        "const caller = turn.session(id); const kept = action.held.filter((one) => caller !== undefined && turn.termOf(caller, one) !== undefined && renew(turn, caller, one));",
      ),
    ],
  },
  {
    name: "a caller that is next is waited for without end",
    rule: "N7",
    trace: silentNext,
    edits: [
      inGroup("polls", "turn.now + pollEveryMs(turn, action) + turn.state.policy.askTimeoutMs;", "turn.now + 600_000;"),
    ],
  },
  {
    name: "a caller that has missed its deadline is never lost",
    rule: "S12",
    trace: silentNext,
    edits: [inGroup("deadlines", "if (missed !== undefined) lose(turn, missed, at);", "")],
  },
  {
    name: "a paused group grants what a caller accepts",
    rule: "S5",
    trace: pausedWhileAway,
    edits: [inGroup("readiness", "state.reconciled && !state.paused &&", "state.reconciled &&")],
  },
  {
    name: "what a caller does not accept is taken from others for it",
    rule: "S11",
    trace: unreadyRival,
    edits: [inGroup("polls", "!held.has(name) && !accepts(action, name)", "!held.has(name) && turn.now < 0")],
  },
  {
    name: "a caller is granted an election between its calls",
    rule: "S4",
    callers: true,
    edits: [
      inGroup(
        "statements",
        "if (connection !== undefined) turn.patchConnection(connection.id, { statement: null });",
        "void connection;",
      ),
    ],
  },
];
