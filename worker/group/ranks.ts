/** Where sessions stand in queues, after what that depends on has changed. */
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Session } from "./state.ts";
import type { Turn } from "./turn.ts";

/** In this queue, those that lead more or fewer elections by now (D4). */
export function rankReloaded(turn: Turn, name: ElectionName): void {
  if (!turn.hasSpreading) return;
  for (const id of turn.spreading.reloaded) {
    const session = turn.session(id);
    if (session?.places.has(name)) turn.rank(session, name);
  }
}

/** The same in all of their queues. False where nobody is to be ranked. */
export function rankAllReloaded(turn: Turn): boolean {
  if (!turn.hasSpreading) return false;
  const ids = [...turn.spreading.reloaded];
  turn.spreading.reloaded.clear();
  for (const id of ids) {
    const session = turn.session(id);
    if (session !== undefined) rankEverywhere(turn, session);
  }
  return ids.length > 0;
}

/** Each of its elections is decided anew. */
export function rankEverywhere(turn: Turn, session: Session): void {
  session.places.each((name) => {
    turn.rank(session, name);
    turn.undecided.add(name);
    turn.mayMove(name);
  });
}
