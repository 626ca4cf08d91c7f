/** Known-wrong group cores: contenders without a socket. */
import { callsOfStaleObject, pausedWhileAway, unreadyRival } from "../traces/callers.ts";
import { inGroup, type Mutant } from "./mutant.ts";

export const callerMutants: readonly Mutant[] = [
  {
    name: "the first call after a load makes the lease exact",
    rule: "S3",
    trace: callsOfStaleObject,
    edits: [inGroup("terms", "turn.mayAskReplaced ? Math.max(promised, before.leaseUntil) : promised;", "promised;")],
  },
  {
    name: "a late call of a caller is heard like its latest",
    rule: "S9",
    callers: true,
    edits: [inGroup("polls", "if ((call.session?.attempt ?? 0) > latest) return null;", "return null;")],
  },
  {
    name: "a call extends what it does not name",
    rule: "S9",
    callers: true,
    edits: [
      inGroup("polls", 'if (!held.includes(leaderSessionId)) endTerm(turn, election, "lost");', "if (false) return;"),
    ],
  },
  {
    name: "a call does not end what it does not name",
    rule: "S9",
    callers: true,
    edits: [
      inGroup(
        "polls",
        'if (!held.includes(leaderSessionId)) endTerm(turn, election, "lost");',
        "if (!held.includes(leaderSessionId)) continue;",
      ),
    ],
  },
  {
    name: "an offer to a caller waits for ever",
    rule: "N7",
    callers: true,
    edits: [
      inGroup(
        "polls",
        "const until = turn.now + pollEveryMs(turn, call) + turn.state.policy.offerTimeoutMs;",
        "const until = turn.now + 600_000;",
      ),
    ],
  },
  {
    name: "a caller that has missed its deadline is never lost",
    rule: "S12",
    callers: true,
    edits: [inGroup("deadlines", "if (session !== undefined) lose(turn, session, next[0].at);", "")],
  },
  {
    name: "a paused group offers what is kept for a caller that is away",
    rule: "S5",
    trace: pausedWhileAway,
    edits: [inGroup("polls", "if (turn.state.paused) return;", "")],
  },
  {
    name: "what a caller does not accept is taken from others for it",
    rule: "S11",
    trace: unreadyRival,
    edits: [inGroup("polls", "if (concerns && !place.declined && !accepts(call, name))", "if (false)")],
  },
  {
    name: "a caller declines an offer and is offered it again at once",
    rule: "S11",
    callers: true,
    edits: [inGroup("polls", "declineOffer(turn, name, id);", "withdrawOffer(turn, name);")],
  },
];
