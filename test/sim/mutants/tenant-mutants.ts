/** Known-wrong cores and observers: what shows only where several clients share a process, Workers run them, and they say much. */
import {
  callersCheckAfterComputing,
  checkAfterComputing,
  floodAroundDepartures,
  floodGetsThrough,
  floodOfLeader,
  floodOnHeldPath,
  floodWithClockSetForward,
  lateReader,
} from "../traces/tenants.ts";
import { type Edit, inContender, inGroup, inSession, type Mutant } from "./mutant.ts";

const inObservers = (from: string, to: string): Edit => ({ file: "client/observers.ts", from, to });

const kind = "tenants";

export const tenantMutants: readonly Mutant[] = [
  {
    name: "what may not leave at once is lost",
    rule: "N20",
    kind,
    trace: floodGetsThrough,
    edits: [
      inSession(
        "pace",
        "// The group has ended what `hello` did not name",
        "changeLine(draft, () => ({ outbox: [] })); // The group has ended what `hello` did not name",
      ),
    ],
  },
  {
    name: "a renewal waits behind everything else",
    rule: "N20",
    kind,
    trace: floodOfLeader,
    edits: [
      inSession(
        "pace",
        "if (!line || allowanceOf(draft, line) < 1)",
        "if (!line || line.outbox.length > 0 || allowanceOf(draft, line) < 1)",
      ),
    ],
  },
  {
    name: "frames leave whether those before them were read or not",
    rule: "N20",
    kind,
    trace: floodOnHeldPath,
    edits: [
      inSession(
        "pace",
        "line[nextLane(line)].length === 0 || isFull(line)) return Infinity;",
        "line[nextLane(line)].length === 0) return Infinity;",
      ),
    ],
  },
  {
    name: "frames leave for time that only the clock has seen",
    rule: "N20",
    kind,
    trace: floodWithClockSetForward,
    edits: [inSession("pace", "if (byMs > 0) changeLine", "if (byMs < 0) changeLine")],
  },
  {
    name: "a component that has left before is taken back with its register",
    rule: "X1",
    kind,
    trace: floodAroundDepartures,
    edits: [inSession("pace", "{ outbox: [...others, ...earlier] }", "{ outbox: others }")],
  },
  {
    name: "who reads late gets the oldest that it has missed",
    rule: "C12",
    kind,
    trace: lateReader,
    edits: [
      inObservers(
        "for (const { component, leader } of leaders) this.#newest.set(component, leader);",
        "for (const { component, leader } of leaders) if (all || !this.#newest.has(component)) this.#newest.set(component, leader);",
      ),
    ],
  },
  {
    name: "who reads late does not read that nobody has led meanwhile",
    rule: "C12",
    kind,
    trace: lateReader,
    edits: [inObservers("const leader = isAnother(newest, last) ? null : newest;", "const leader = newest;")],
  },
  {
    name: "a second client of a process takes the place of the first",
    rule: "N6",
    kind,
    edits: [
      inGroup(
        "sessions",
        "const { id } = turn.putSession({",
        'for (const other of turn.state.sessions.values()) if (other.link.type === "connected" && other.process.name === arrival.process.name) { hangUpOn(turn, other, CLOSE.superseded, ""); lose(turn, other); } const { id } = turn.putSession({',
      ),
    ],
  },
  {
    name: "a try by a call that was in vain waits",
    rule: "T2",
    kind,
    edits: [
      inGroup(
        "tries",
        'for (const { component } of tried) removeContender(turn, id, component, "keep"); return',
        "return",
      ),
    ],
  },
  {
    name: "a check is answered at once while the clock shows a lease",
    rule: "K7",
    kind,
    trace: checkAfterComputing,
    edits: [
      inSession(
        "connection",
        "draft.inquiredAt = draft.sentAt;",
        'if (draft.terms.some((term) => term.stage === "leading")) draft.effects.push({ type: "inquired", sentAt: Infinity }); else draft.inquiredAt = draft.sentAt;',
      ),
    ],
  },
  {
    name: "a check of a caller is answered at once while the clock shows a lease",
    rule: "K7",
    kind,
    trace: callersCheckAfterComputing,
    edits: [
      inContender(
        "transition",
        "draft.inquiredAt = draft.sentAt;",
        'if (draft.terms.some((term) => term.stage === "leading")) draft.effects.push({ type: "inquired", sentAt: Infinity }); else draft.inquiredAt = draft.sentAt;',
      ),
    ],
  },
];
