/**
 * After the moves: everything is healed, and within a bound every election that a ready candidate waits for has a
 * leader, all of whose ready components are granted and published, and observers see exactly that.
 */
import { CLOCK_MARGIN_MS } from "../../shared/lease.ts";
import { type ElectionName, electionOf } from "../../shared/names.ts";
import type { Policy } from "../../worker/group/policy.ts";
import type { Process } from "./world/process.ts";
import { demand } from "./world/violation.ts";
import type { World } from "./world/world.ts";

/** Longest wait of a client for a connection or a `welcome`, and longest time between two attempts. */
const CLIENT_TIMEOUT_MS = 10_000;
const LONGEST_BACK_OFF_MS = 10_000;
/** Message delays of a healed network, and timers that run a little late. */
const SLACK_MS = 1_000;

/**
 * How long after any combination of faults is over an election that a ready candidate waits for has no leader, at most.
 * A candidate first finds its dead connection and comes back; the group meanwhile waits until every lease, the ones of
 * an earlier object included, is over; then it asks, and each candidate that only looks alive costs an offer time-out.
 */
export function takeoverBoundMs(
  policy: Pick<Policy, "lease" | "horizonAheadMs" | "offerTimeoutMs" | "pingEveryMs" | "drainMs">,
  { clockRate, unresponsive }: { readonly clockRate: number; readonly unresponsive: number },
): number {
  const rejoinMs = (2 * policy.pingEveryMs) / clockRate + LONGEST_BACK_OFF_MS + CLIENT_TIMEOUT_MS;
  const leaseMs = policy.lease.durationMs + Math.max(policy.horizonAheadMs, policy.drainMs) + CLOCK_MARGIN_MS;
  return Math.ceil(Math.max(rejoinMs, leaseMs) + unresponsive * policy.offerTimeoutMs + SLACK_MS);
}

const STEP_MS = 200;
const WATCH_MS = 12_000;
const BLIP_MS = 2_000;
/** Components in m may be refused for their kind; see D2. */
const ALWAYS_ADMITTED = new Set(["x", "y", "z"]);

/** Ends every fault. Whoever was killed stays dead. */
export function heal(world: World): void {
  const { backend, network, operator } = world;
  world.tell(() => "HEAL");
  network.heal();
  backend.crashAt = null;
  backend.alarmLagMs = 0;
  backend.endStale();
  for (const process of world.processes) {
    process.timerLagMs = 0;
    process.wake();
    process.thaw();
    for (const contender of process.contenders) contender.drain = "quick";
    if (!process.runs) continue;
    process.settleAll();
    process.dispatch({ type: "tick" }); // what a clock that was set has done to it, it notices now
  }
  operator.heal();
}

export interface Recovery {
  /** How long it took until all was well. */
  readonly tookMs: number;
  readonly boundMs: number;
}

export function judgeLiveness(world: World): Recovery {
  heal(world);
  const boundMs = settleRestore(world) + boundOf(world);
  let tookMs = 0;
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

/** A restore under way runs to its end: its first step takes as long as a lease may. */
function settleRestore(world: World): number {
  const { current } = world.backend;
  if (!world.operator.restoring || current === null) return 0;
  const { lease, horizonAheadMs, drainMs } = current.state.policy;
  return 2 * (lease.durationMs + Math.max(horizonAheadMs, drainMs) + 2 * CLOCK_MARGIN_MS);
}

function boundOf(world: World): number {
  const { backend, processes } = world;
  const policies = policiesOf(world);
  const clockRate = Math.min(...processes.map(({ clock }) => clock.rate));
  const unresponsive = backend.object().state.sessions.size;
  return Math.max(...policies.map((policy) => takeoverBoundMs(policy, { clockRate, unresponsive })));
}

/** What still differs from a healthy group, in words; `null` when all is well. */
export function whatIsMissing(world: World): string | null {
  if (world.operator.restoring) return "a restore is under way";
  for (const { name, runs, state, link } of world.processes) {
    const connected = state.connection === "idle" || state.connection === "closed" || link?.intact === true;
    if (runs && !connected) return `${name} has no working connection`;
  }
  for (const election of ["process", electionOf("z", "dedicated")] as const) {
    const missing = missingInElection(world, election);
    if (missing !== null) return missing;
  }
  return missingAtObservers(world);
}

function missingInElection(world: World, election: ElectionName): string | null {
  const candidates = world.processes.filter((process) => process.runs && wants(process, election));
  const contended = world.processes.some(
    (process) => process.runs && process.contenders.some((one) => one.election === election),
  );
  const leaders = world.processes.filter(
    ({ runs, state }) => runs && state.terms.some((term) => term.election === election && term.stage === "leading"),
  );
  const [leader] = leaders;
  if (!contended && leader !== undefined) return `${leader.name} leads ${election} for nobody`;
  if (candidates.length === 0) return null;
  if (leader === undefined || leaders.length > 1) return `${leaders.length} leaders of ${election}`;
  const term = leader.state.terms.find((one) => one.election === election && one.stage === "leading");
  const group = world.backend.current?.state;
  const held = group?.elections.get(election)?.state;
  if (held?.type !== "leading" || held.leaderSessionId !== term?.leaderSessionId)
    return `the group sees another leader of ${election}`;
  for (const contender of leader.contenders) {
    const { component } = contender.info;
    if (contender.election !== election || contender.closed || !ALWAYS_ADMITTED.has(component)) continue;
    if (contender.granted?.leaderSessionId !== term.leaderSessionId)
      return `${component} of ${leader.name} is not granted`;
    if (contender.setup.onGrant === "nothing") continue;
    const record = group?.components.get(component)?.record?.leader;
    if (record?.leaderSessionId !== term.leaderSessionId) return `${component} of ${leader.name} is not published`;
  }
  return null;
}

const wants = (process: Process, election: ElectionName): boolean =>
  process.contenders.some(
    (contender) => contender.election === election && contender.ready && ALWAYS_ADMITTED.has(contender.info.component),
  );

/** Whoever watches sees what is published, and nothing else. */
function missingAtObservers(world: World): string | null {
  const { current } = world.backend;
  for (const { name, runs, state, view } of world.processes) {
    if (!runs || state.watched.length === 0) continue;
    if (state.connection !== "open") return `${name} watches and is not connected`;
    for (const [component, { record }] of current?.state.components.entries() ?? []) {
      if (!state.watched.includes(true) && !state.watched.includes(component)) continue;
      const seen = view.leaders.get(component);
      if (JSON.stringify(seen) !== JSON.stringify(record?.leader)) return `${name} sees another leader of ${component}`;
    }
    for (const component of view.leaders.keys()) {
      const watched = state.watched.includes(true) || state.watched.includes(component);
      if (watched && !current?.state.components.get(component)?.record)
        return `${name} sees a leader of ${component} that is gone`;
    }
  }
  return null;
}

/** All that may still be in force somewhere. */
function policiesOf({ backend, setup }: World): Policy[] {
  return [backend.options, backend.storage.policy ?? {}, setup.policy].map((options) => backend.policyOf(options));
}

/** In peace nobody loses anything, and nothing is offered in vain. */
function watchPeace(world: World): void {
  const { judge } = world;
  // A lease that was cut off just before the healing may still run out on the way back: that is no loss of peace.
  world.advance(Math.max(...policiesOf(world).map(({ lease }) => lease.durationMs)));
  const before = { lost: judge.leadership.accidents, offers: judge.group.offers, happenings: world.happenings };
  world.tell(() => "PEACE");
  world.advance(WATCH_MS);
  judge.afterMove();
  const lost = judge.leadership.accidents - before.lost;
  demand(lost === 0, "I8", () => `${lost} leaderships are lost in peace`);
  const offers = judge.group.offers - before.offers;
  const allowed = world.processes.length * 2;
  demand(offers <= allowed, "I9", () => `${offers} offers in ${WATCH_MS} ms of peace`);
  // A connection whose token has just ended is about to come back.
  for (let left = BLIP_MS; left > 0 && whatIsMissing(world) !== null; left -= STEP_MS) world.advance(STEP_MS);
  const missing = whatIsMissing(world);
  demand(missing === null, "liveness", () => `in peace: ${missing}`);
}
