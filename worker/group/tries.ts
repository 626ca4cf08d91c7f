/**
 * Tries: a component contends only if its election is free for its session now. The turn that reads the try decides it, by
 * the queue and the statement that comes with it; a component that is not granted then leaves in the same turn, and nothing
 * of it was stored.
 */
import type { Register } from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import type { LeaderStatus } from "../../shared/protocol/status.ts";
import { addContender, joinPresent, removeContender } from "./contenders.ts";
import { settle } from "./deadlines.ts";
import { isHeld, isHeldBy } from "./election.ts";
import type { TriedElection } from "./events.ts";
import { isNext } from "./readiness.ts";
import type { Session } from "./state.ts";
import { recordStatement } from "./statements.ts";
import type { Turn } from "./turn.ts";
import { leaderStatus } from "./views.ts";

/** By a socket: answered by `registered` and a `grant`, by `tried`, or by an `error`. */
export function tryComponent(turn: Turn, { id }: Session, message: Register): void {
  settle(turn); // what is due by now comes first
  const { component } = message;
  const name = electionOf(component, message.election);
  const refusal = addContender(turn, id, message, "new");
  note(turn, id, message);
  const session = turn.session(id);
  if (session === undefined) return;
  if (refusal !== null) return turn.send(session, refusal);
  if (mayLead(turn, id, name)) {
    turn.send(session, { type: "registered", component, try: true });
    joinPresent(turn, session, component);
    settle(turn);
  } else {
    removeContender(turn, id, component, "keep");
    note(turn, id, message); // which that has taken back
    turn.send(session, { type: "tried", component, leader: leaderOf(turn, name) });
  }
}

function note(turn: Turn, id: string, { sentAt, busy }: Register): void {
  if (sentAt !== undefined) recordStatement(turn, id, { sentAt, ...(busy && { busy }) });
}

/** By a call, before it is granted anything: takes out every component that it can't lead. Returns these. */
export function dropUnled(turn: Turn, id: string): TriedElection[] {
  const contenders = [...(turn.session(id)?.contenders.entries() ?? [])];
  const unled = contenders.filter(([, { election }]) => !mayLead(turn, id, election));
  const tried = unled.map(([component, { election }]) => ({ component, leader: leaderOf(turn, election) }));
  for (const { component } of tried) removeContender(turn, id, component, "keep");
  return tried;
}

/** Whether the session leads the election, or is granted it as soon as the group decides. */
function mayLead(turn: Turn, id: string, name: ElectionName): boolean {
  const election = turn.election(name);
  if (election === undefined) return false;
  if (isHeld(election)) return isHeldBy(id, election) && election.state.type === "leading";
  return isNext(turn, election, id);
}

function leaderOf(turn: Turn, name: ElectionName): LeaderStatus | null {
  const election = turn.election(name);
  return isHeld(election) ? leaderStatus(turn.state, election.state) : null;
}
