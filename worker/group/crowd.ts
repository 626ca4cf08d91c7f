/**
 * The return of a crowd. A deployment closes every socket of a group at once, and one object lets in some hundred sessions
 * a second. So each session knows a time over which those who are not needed at once spread their return (N15), and a lost
 * session keeps its places for as long.
 */
import { RETRY } from "../../shared/back-off.ts";
import type { Renewed } from "../../shared/protocol/messages.ts";
import type { GroupState } from "./state.ts";

const LONGEST_SPREAD_MS = 30_000;
/** A session that comes back when its time is over and is turned away waits once more. */
const ATTEMPTS = 2;

type Crowd = Pick<GroupState, "sessions" | "policy">;

/** Zero where the ordinary back-off spreads the group far enough. */
function spreadMs({ sessions, policy }: Crowd): number {
  const ms = Math.floor((sessions.size * 1_000) / policy.returnsPerSecond);
  return ms > RETRY.firstMs ? Math.min(ms, LONGEST_SPREAD_MS) : 0;
}

/** What `welcome` and `renewed` tell of it. */
export function spreadOf(crowd: Crowd): Pick<Renewed, "spreadMs"> {
  const ms = spreadMs(crowd);
  return ms > 0 ? { spreadMs: ms } : {};
}

/** How much longer than D a lost session is kept. */
export const returnMs = (crowd: Crowd): number => ATTEMPTS * spreadMs(crowd);
