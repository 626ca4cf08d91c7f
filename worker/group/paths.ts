/**
 * Sockets whose peers have vanished (N16). No platform notices: such a socket stays open, and no event ever comes of it.
 * So the group looks by itself, whenever something else gives it a turn: no alarm is set for it, and no row is written.
 *
 * A peer lives as long as it is heard of. Its pings do not reach the core; the host asks the platform when it last
 * answered one (`unheard`, then the event `look`; at `start` every attachment brings that).
 */
import { PATIENCE_MS } from "../../shared/lease.ts";
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { forgetLost } from "./deadlines.ts";
import { isHeldBy } from "./election.ts";
import type { Path } from "./events.ts";
import type { Policy } from "./policy.ts";
import { loseSocket } from "./sessions.ts";
import type { GroupState, Session } from "./state.ts";
import type { Turn } from "./turn.ts";

/**
 * Three pings, and the time in which a client itself gives up the path of the last one. The slowest that lives is heard of
 * more often: a browser holds the timers of a hidden page to one a minute.
 */
export const vanishedAfterMs = ({ pingEveryMs }: Pick<Policy, "pingEveryMs">): number => 3 * pingEveryMs + PATIENCE_MS;

/** How many are looked at for one frame; a newcomer, for whom room may be needed, has all of them looked at. */
const LOOKS = 256;

/**
 * The connections of which the core has heard nothing for so long that their peers may have vanished, but for the one
 * that is speaking now. Each is named once in a while, not in every turn: what lives has been heard of since.
 */
export function unheard(state: GroupState, now: number, speaking: string | null, isNewcomer: boolean): string[] {
  const found: string[] = [];
  if (!state.reconciled) return found;
  for (const [{ at }, connection] of state.heard.entries()) {
    if (at > now - vanishedAfterMs(state.policy) || (found.length === LOOKS && !isNewcomer)) break;
    if (connection !== speaking) found.push(connection);
  }
  return found;
}

/** The platform has told of these. */
export function look(turn: Turn, paths: readonly Path[]): void {
  for (const { connection, answeredAt } of paths) {
    if (answeredAt !== null) turn.hear(connection, answeredAt);
    closeIfVanished(turn, connection);
  }
  forgetLost(turn); // what vanished long ago
}

/** All sockets are known, and when each was last heard of. */
export function closeVanished(turn: Turn): void {
  for (const [{ at }, connection] of turn.state.heard.entries()) {
    if (at > turn.now - vanishedAfterMs(turn.state.policy)) break;
    closeIfVanished(turn, connection);
  }
  forgetLost(turn);
}

function closeIfVanished(turn: Turn, id: string): void {
  const connection = turn.state.connections.get(id);
  const session = turn.sessionOf(connection);
  if (connection === undefined || session === undefined) return;
  const vanishedAt = connection.heardAt + vanishedAfterMs(turn.state.policy);
  if (vanishedAt > turn.now) return;
  // A leader speaks as often as its lease asks for, and the end of the lease is known. It is looked at later.
  if (holdsAny(turn, session)) return turn.hear(id);
  turn.close(
    id,
    CLOSE.timeout,
    "nothing was heard of this process for too long: it pings every pingEveryMs of its welcome",
  );
  loseSocket(turn, session, vanishedAt);
}

const holdsAny = (turn: Turn, { id, places }: Session): boolean => {
  for (const name of places.keys()) if (isHeldBy(id, turn.election(name))) return true;
  return false;
};
