/**
 * For whom a leadership that goes on is taken back: for a rival that is worth more (Q2, Q8), or so that dedicated elections are
 * spread evenly (D4). Neither sets an alarm on the way of a hand-over, and nothing else waits for either.
 */
import { backOffMs } from "../../shared/back-off.ts";
import { type HeldElection, isHeld, worthIn } from "./election.ts";
import { loadOf } from "./loads.ts";
import { compareWorth } from "./queue.ts";
import { isReady } from "./readiness.ts";
import { paidAt } from "./row-debt.ts";
import type { Place, Session } from "./state.ts";
import { beginRevoke } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** For a rival that may take the lead away and is ready. One of which too little is known is asked first (Q2). */
export function preempt(turn: Turn, election: HeldElection): void {
  const rival = preemptor(turn, election);
  if (rival === null || rival.from > turn.now || !isReady(turn, rival.sessionId)) return;
  beginRevoke(turn, election, { reason: "preempted", successor: rival.sessionId, note: null });
}

/**
 * The rival that may take the lead away first, and from when (Q2, Q6, Q8). It has to be worth strictly more: equals
 * would take turns for ever. None before it is out of debt (N17). Nobody while the group is paused, since the rival could
 * not be granted the election; nor before `start`, since it may be gone.
 */
export function preemptor(turn: Turn, election: HeldElection): { sessionId: string; from: number } | null {
  const { policy } = turn.state;
  const { grantedAt } = election.state;
  const holder = yieldingHolder(turn, election);
  if (!policy.preempt || holder === undefined) return null;
  const { cooldownMs } = policy.preempt;
  const held = worthIn(holder, election.name, turn.state);
  const soonest = Math.max(turn.now, grantedAt + cooldownMs);
  let rival: { sessionId: string; from: number } | null = null;
  for (const [rank, sessionId] of election.queue.entries()) {
    if (rank.demoted || compareWorth(rank, held) >= 0) break;
    const missed = turn.session(sessionId)?.places.get(election.name)?.missed ?? null;
    const from = Math.max(soonest, preemptsFrom(missed, cooldownMs), paysAt(turn, sessionId));
    if (rival === null || from < rival.from) rival = { sessionId, from };
    if (from === soonest) break;
  }
  return rival;
}

/** The holder, if its leadership may be taken back for somebody else at present. */
function yieldingHolder(turn: Turn, { state }: HeldElection): Session | undefined {
  const { paused, reconciled } = turn.state;
  return paused || !reconciled || state.type !== "leading" ? undefined : turn.session(state.sessionId);
}

function paysAt(turn: Turn, sessionId: string): number {
  const session = turn.session(sessionId);
  return (session && paidAt(turn, turn.connectionOf(session)?.access)) ?? 0;
}

/** The core has no randomness, and rivals do not come back together: nothing is left to chance. */
const RIVAL_PAUSE = { firstMs: 60_000, longestMs: 3_600_000, leastShare: 1 };

/**
 * When this rival may preempt (Q6). One that did not take its turn would take the lead away for nobody, again
 * and again, so it waits: a minute at first, twice as long each time, at most an hour, and at least the cool-down. Leading
 * once clears that.
 */
function preemptsFrom(missed: Place["missed"], cooldownMs: number): number {
  if (missed === null) return -Infinity;
  const pauseMs = backOffMs(missed.times - 1, 0, RIVAL_PAUSE);
  return missed.at + Math.max(pauseMs, cooldownMs);
}

/** Looks at the elections that were renewed, or whose candidates or holders lead more or fewer than before. */
export function levelAll(turn: Turn): void {
  if (!turn.hasSpreading) return;
  const { movable } = turn.spreading;
  for (const name of movable) {
    movable.delete(name);
    const election = turn.election(name);
    if (isHeld(election)) level(turn, election);
  }
}

/** So many of those in front are looked at: the others pause, or owe. */
const LOOKED_AT = 8;

/**
 * Moves a dedicated election to an equal that leads at least two fewer (D4). The one that leads most gives first, so that nothing moves
 * twice. A process gives or takes one at a time: the next one moves once this one is led. No leadership moves that is younger
 * than D, nor to a place that is: a process that comes and goes takes nothing away.
 */
function level(turn: Turn, election: HeldElection): void {
  const { spread, lease } = turn.state.policy;
  const { name, state } = election;
  if (!spread || name === "process" || loadOf(turn.state.loads, state.sessionId).led < 2) return;
  const taker = takerOf(turn, election);
  if (taker === null || led(turn, state.sessionId) < mostGiven(turn, taker)) return;
  const isChanging = [state.sessionId, taker.id].some((id) => loadOf(turn.state.loads, id).changing > 0);
  const placedAt = taker.places.get(name)?.order ?? turn.now; // as far as places were not given out faster than time goes
  const isYoung = [state.grantedAt, placedAt].some((since) => Math.abs(turn.now - since) < lease.durationMs);
  if (isChanging || isYoung || !isReady(turn, taker.id)) return;
  const note = `spread: from ${led(turn, state.sessionId)} elections to ${led(turn, taker.id)}`;
  beginRevoke(turn, election, { reason: "transferred", successor: taker.id, note });
}

const led = ({ state }: Turn, id: string): number => loadOf(state.loads, id).led;

/** Who would be given this election: the first of the queue, if it is worth as much as the holder, and leads two fewer. */
function takerOf(turn: Turn, election: HeldElection): Session | null {
  const holder = yieldingHolder(turn, election);
  if (holder === undefined) return null;
  const held = worthIn(holder, election.name, turn.state);
  let left = LOOKED_AT;
  for (const [rank, id] of election.queue.entries()) {
    if (rank.demoted || compareWorth(rank, held) !== 0 || rank.led + 2 > led(turn, holder.id) || left === 0)
      return null;
    left -= 1;
    if (takesFrom(turn, id) <= turn.now) return turn.session(id) ?? null;
  }
  return null;
}

/** From when on it is given anything: it has paid, and has paused for each turn that it did not take, wherever that was (Q6). */
function takesFrom(turn: Turn, id: string): number {
  return once(turn.spreading.takesFrom, id, () => {
    let from = paysAt(turn, id);
    turn.session(id)?.places.each((_, { missed }) => {
      from = Math.max(from, preemptsFrom(missed, turn.state.policy.lease.durationMs));
    });
    return from;
  });
}

/** The most that anybody leads who would give this session an election. */
const mostGiven = (turn: Turn, taker: Session): number =>
  once(turn.spreading.mostGiven, taker.id, () => mostLedBeside(turn, taker));

/** Looked up once in a turn: a session may stand in hundreds of elections. */
function once(known: Map<string, number>, id: string, lookUp: () => number): number {
  const value = known.get(id) ?? lookUp();
  known.set(id, value);
  return value;
}

function mostLedBeside(turn: Turn, taker: Session): number {
  let most = 0;
  taker.places.each((name) => {
    const election = turn.election(name);
    if (name === "process" || !isHeld(election) || led(turn, election.state.sessionId) <= most) return;
    if (takerOf(turn, election)?.id === taker.id) most = led(turn, election.state.sessionId);
  });
  return most;
}
