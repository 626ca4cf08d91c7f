/**
 * A group that nobody uses: since when, and whether everything that it has stored may be deleted (S20). Nothing but the
 * clock then keeps its epochs growing, so it has to be past all of them by the clock margin. A pause is an order, and is kept.
 */
import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import type { Outcome } from "./events.ts";
import { isAnyRunning } from "./jobs.ts";
import type { GroupState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Every session is lost, and nobody leads. */
const isUnused = ({ reconciled, sessions, lost, terms }: GroupState): boolean =>
  reconciled && sessions.size === lost.size && terms.size === 0;

/** A group that has a job is never idle: what the job remembers keeps its occurrences from running again (J4). */
const isIdle = (state: GroupState): boolean => isUnused(state) && state.jobs.size === 0;

/** Whether it has stored anything that lasts: a look at a group that nobody has used stores nothing. */
const isUsed = ({ state: { epoch, revision }, touched }: Turn): boolean =>
  epoch > 0 || revision > 0 || touched.sessions.size > 0;

/** `retryAfterMs`: it passes by itself, after that time at the latest if nobody comes. */
type InUse = Omit<Extract<Outcome, { readonly type: "in_use" }>, "type">;

/** Why nothing may be deleted now; `null` if it may. */
export function whyInUse(turn: Turn): InUse | null {
  const { state, now } = turn;
  const { connections, paused, holdOffUntil } = state;
  if (!isUnused(state) || connections.size > 0 || isAnyRunning(turn))
    return {
      message: "processes are connected, or a lease runs: close the processes, and wait until the lease is over",
    };
  if (paused) return { message: "the group is paused: resume it first" };
  const retryAfterMs = Math.max(holdOffUntil, safeFrom(state)) - now;
  if (holdOffUntil > now)
    return { message: "the group holds off after a clean-up or a restore: wait until that is over", retryAfterMs };
  if (retryAfterMs > 0) {
    return {
      message: "the group's epochs are ahead of this machine's clock: wait until the clock has passed them",
      retryAfterMs,
    };
  }
  return null;
}

/** From then on no host's clock can give out an epoch or a revision again. */
const safeFrom = ({ epoch, jobEpoch, revision }: GroupState): number =>
  Math.max(epoch, jobEpoch, revision) + CLOCK_MARGIN_MS + 1;

/** Comes last in each turn. It is stored, so only for groups that have a time to live; without one they are in use. */
export function followIdle(turn: Turn): void {
  const { policy, idleSince, reconciled } = turn.state;
  if (!reconciled) return;
  const idle = policy.idleTtlMs !== null && isIdle(turn.state) && isUsed(turn);
  if (idle !== (idleSince !== null)) turn.change({ idleSince: idle ? turn.now : null });
}

/** When the group has to be looked at because nobody uses it any longer; `null`: not at all. */
export function idleDeadline(state: GroupState): number | null {
  const { policy, sessions, lost, terms, unawaited } = state;
  if (policy.idleTtlMs === null || sessions.size > lost.size) return null;
  // Nobody waits for the end of these leases, and the group is idle from then on.
  return terms.size > 0 ? (unawaited.first()?.[0].at ?? null) : purgeAt(state);
}

/** When the group is to be deleted, or the first socket has owed its hello for too long, which is looked at again; `null`: not at all. */
function purgeAt(state: GroupState): number | null {
  const { policy, idleSince, paused, holdOffUntil, connections, silent } = state;
  if (policy.idleTtlMs === null || idleSince === null || paused) return null;
  const helloUntil = connections.size === 0 ? 0 : (silent.first()?.[0].at ?? Infinity);
  return Math.max(idleSince + policy.idleTtlMs, holdOffUntil, safeFrom(state), helloUntil);
}

/** Whether its time is over. */
export function isOver(turn: Turn): boolean {
  const at = purgeAt(turn.state);
  return at !== null && at <= turn.now && whyInUse(turn) === null;
}
