/** Known-wrong group cores: who is chosen, by what is preferred and by how many it leads. */
import { deadTaker, fewestFirst, lesserTaker, newestLeads, oneStays, spreadsOut } from "../traces/choice.ts";
import { inGroup, type Mutant } from "./mutant.ts";

const notYoung = "if (isChanging || isYoung || !isReady(turn, taker.id)) return;";

export const choiceMutants: readonly Mutant[] = [
  {
    name: "whoever leads fewest is not asked first",
    rule: "D4",
    trace: fewestFirst,
    edits: [inGroup("election", 'election.name === "process" ? 0 : loadOf(choice.loads, session.id).led', "0")],
  },
  {
    name: "nobody is ranked anew when it leads one more",
    rule: "D4",
    trace: fewestFirst,
    edits: [inGroup("turn", "for (const id of changed) this.spreading.reloaded.add(id);", "")],
  },
  {
    name: "nothing ever moves",
    rule: "D4",
    trace: spreadsOut,
    edits: [inGroup("rivals", notYoung, "if (turn.now > 0) return;")],
  },
  {
    name: "what was just granted moves, to whoever has just come",
    rule: "D4",
    kind: "choice",
    edits: [inGroup("rivals", notYoung, "if (isChanging || !isReady(turn, taker.id)) return;")],
  },
  {
    name: "a move that makes nothing more even is made",
    rule: "D4",
    trace: oneStays,
    edits: [
      inGroup("rivals", "loadOf(turn.state.loads, state.sessionId).led < 2) return;", "election.places < 2) return;"),
      inGroup("rivals", "rank.led + 2 > led(turn, holder.id)", "rank.led + 1 > led(turn, holder.id)"),
    ],
  },
  {
    name: "an election moves to whoever is worth less",
    rule: "D4",
    trace: lesserTaker,
    edits: [inGroup("rivals", "compareWorth(rank, held) !== 0 ||", "")],
  },
  {
    name: "an election moves to whoever does not answer",
    rule: "D4",
    trace: deadTaker,
    edits: [inGroup("rivals", notYoung, "if (isChanging || isYoung) return;")],
  },
  {
    name: "what a process names as its version does not count",
    rule: "Q8",
    trace: newestLeads,
    edits: [
      inGroup("election", 'const preference = prefer === null ? "" :', 'const preference = prefer !== null ? "" :'),
    ],
  },
  {
    name: "versions are compared as text",
    rule: "Q8",
    trace: newestLeads,
    edits: [inGroup("preference", "return String.fromCharCode(0x30 + own.length) + own;", "return own;")],
  },
];
