/**
 * After the moves: everything is healed, and within a bound every election that a ready candidate waits for has a
 * leader, all of whose ready components are granted and published, and observers see exactly that.
 */
import type { Election, GroupState } from "../../../worker/group/state.ts";
import { demand } from "../../support/violation.ts";
import { compareWorth, worthOf } from "../judge/group.ts";
import type { World } from "../world/world.ts";
import { callersBoundMs, longestLeaseMs, policiesOf, recoveryBoundMs } from "./bounds.ts";
import { whatIsMissing } from "./missing.ts";

const STEP_MS = 200;
const WATCH_MS = 12_000;
/** Bounds for each process, in its elections: it may be preempted in each, and a token that ends may cost it its terms. */
const PEACEFUL_GRANTS = 6;
const HAPPENINGS_OF_CHANGE = 150;
const BLIP_MS = 2_000;

/** Ends every fault, except that alarms stay late, and lost. A killed process stays dead. */
function heal(world: World): void {
  const { backend, network } = world;
  world.tell(() => "HEAL");
  network.heal();
  backend.crashAt = null;
  backend.storage.mend();
  backend.endStale();
  for (const process of world.processes) {
    process.timerLagMs = 0;
    process.wake();
    process.thaw();
    for (const contender of process.contenders) contender.drain = "quick";
    if (!process.runs) continue;
    process.clock.arrive();
    process.settleAll();
    process.setReady(true);
    process.dispatch({ type: "tick" }); // what a clock that was set has done to it, it notices now
  }
  world.callsGoAstray = false;
  for (const caller of world.callers) {
    caller.clock.arrive();
    caller.ready = true;
    caller.wants(true);
    caller.wake();
    caller.calls.heal();
  }
}

export interface Recovery {
  /** How long it took until all was well. */
  readonly tookMs: number;
  readonly boundMs: number;
}

export function judgeLiveness(world: World): Recovery {
  heal(world);
  const boundMs = recoveryBoundMs(world);
  let tookMs = 0;
  world.operator.heal();
  for (let missing = whatIsMissing(world); missing !== null; missing = whatIsMissing(world)) {
    const open = missing;
    demand(tookMs <= boundMs, "liveness", () => `${tookMs} ms after everything was healed: ${open}`);
    world.advance(STEP_MS);
    tookMs += STEP_MS;
    world.operator.heal();
  }
  watchPeace(world);
  return { tookMs, boundMs };
}

/** In peace nobody loses anything, nothing is granted in vain, and nobody talks more than it must. */
function watchPeace(world: World): void {
  const { judge, processes } = world;
  world.backend.alarmsToLose = world.backend.alarmLagMs = 0;
  world.backend.object().dispatch({ type: "tick" }); // an alarm that was lost, or could not be set, is set
  // A lease that was cut off just before the healing may still run out on the way back: that is no loss of peace.
  world.advance(longestLeaseMs(world));
  for (const caller of world.callers) caller.notice(); // else it would only with its next call
  const before = { lost: judge.leadership.accidents, grants: judge.group.grants, happenings: world.happenings };
  world.tell(() => "PEACE");
  world.advance(WATCH_MS);
  judge.afterMove();
  const lost = judge.leadership.accidents - before.lost;
  // A holder that comes back with a new token finds that to be over which was moved meanwhile without any time to drain.
  const { spread, drainMs } = world.backend.object().state.policy;
  demand(lost === 0 || (spread && drainMs === 0), "I8", () => `${lost} leaderships are lost in peace`);
  const grants = judge.group.grants - before.grants;
  const holders = processes.length + world.callers.length;
  demand(grants <= holders * PEACEFUL_GRANTS, "I9", () => `${grants} grants in ${WATCH_MS} ms of peace`);
  const happenings = world.happenings - before.happenings;
  demand(happenings <= quietHappenings(world), "storm", () => `${happenings} things happen in ${WATCH_MS} ms of peace`);
  // A connection whose token has just ended is about to come back, and so is a caller that preempts.
  for (let left = BLIP_MS + callersBoundMs(world); left > 0 && whatIsMissing(world) !== null; left -= STEP_MS)
    world.advance(STEP_MS);
  const missing = whatIsMissing(world);
  demand(missing === null, "liveness", () => `in peace: ${missing}`);
  for (let left = EVEN_LEASES * longestLeaseMs(world); left > 0 && unevenElection(world) !== null; left -= STEP_MS)
    world.advance(STEP_MS);
  const uneven = unevenElection(world);
  demand(uneven === null, "D4", () => `in peace: ${uneven}`);
}

/** A place has to be a lease old, and so has a term; between two looks at it a renewal passes. */
const EVEN_LEASES = 3;

/** Who leads two more than an equal who would take one; `null`: nobody, or the group does not spread elections. */
function unevenElection({ backend, processes }: World): string | null {
  const { state } = backend.object();
  if (!state.policy.spread || state.paused) return null;
  const dedicated = [...state.elections.values()].filter(({ name }) => name !== "process");
  const tokensEnd = new Set(processes.flatMap(({ name, setup }) => (setup.tokenMs === undefined ? [] : [name])));
  const led = (id: string): number =>
    dedicated.filter(({ state: term }) => term.type === "leading" && term.sessionId === id).length;
  for (const election of dedicated) {
    const holder = election.state.type === "leading" ? election.state.sessionId : null;
    const taker = holder === null ? null : firstTaker(state, election, { holder, tokensEnd });
    if (holder !== null && taker !== null && led(taker) + 2 <= led(holder))
      return `${holder} leads ${led(holder)} elections, and ${taker} ${led(taker)}`;
  }
  return null;
}

/** The first in the queue, if it is an equal of the holder, has missed no turn, and keeps its connection. */
function firstTaker(
  state: GroupState,
  { name, queue }: Election,
  { holder, tokensEnd }: { readonly holder: string; readonly tokensEnd: ReadonlySet<string> },
): string | null {
  const [rank, id = ""] = queue.first() ?? [];
  const session = state.sessions.get(id);
  if (rank === undefined || rank.demoted || session === undefined) return null;
  const isEqual = compareWorth(worthOf(state, name, id), worthOf(state, name, holder)) === 0;
  const pauses = [...session.places.values()].some(({ missed }) => missed !== null);
  return isEqual && !pauses && !tokensEnd.has(session.process.name ?? "") ? id : null;
}

/** For each process: renewals (timer, frame, answer), and what a reconnection and changes of the leader add. */
function quietHappenings(world: World): number {
  const fastest = Math.min(...policiesOf(world).map(({ lease }) => lease.renewEveryMs));
  const fastestClock = Math.max(...[...world.processes, ...world.callers].map(({ clock }) => clock.rate));
  const renewals = (WATCH_MS * fastestClock) / fastest;
  const floods = world.processes.reduce((sum, { flooded }) => sum + 4 * flooded, 0);
  return (world.processes.length + world.callers.length) * (3 * renewals + HAPPENINGS_OF_CHANGE) + floods;
}
