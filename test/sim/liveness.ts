/**
 * After the moves: everything is healed, and within a bound every election that a ready candidate waits for has a
 * leader, all of whose ready components are granted and published, and observers see exactly that.
 */
import type { Term } from "../../client/session/state.ts";
import { CLOCK_MARGIN_MS, leaseFor } from "../../shared/lease.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import type { Policy } from "../../worker/group/policy.ts";
import type { Election, GroupState } from "../../worker/group/state.ts";
import type { CallerTerm } from "../support/caller-shell.ts";
import { demand } from "../support/violation.ts";
import { compareWorth, worthOf } from "./judge/group.ts";
import type { Process } from "./world/process.ts";
import { COMPONENTS, LONGEST_STAY_OUT_MS } from "./world/setup.ts";
import type { World } from "./world/world.ts";

/** Longest wait of a client for a connection or a `welcome`, and longest time between two attempts. */
const CLIENT_TIMEOUT_MS = 10_000;
const LONGEST_BACK_OFF_MS = 10_000;
const ASKED_AT_ONCE = 8;

/** What the bounds depend on. */
export type Waits = Pick<Policy, "lease" | "horizonAheadMs" | "askTimeoutMs" | "pingEveryMs" | "drainMs">;

/**
 * How long an election that a ready candidate waits for has no leader, at most, after any combination of faults is
 * over. A candidate first finds that its connection is dead, and comes back; meanwhile the group waits until every
 * lease is over, those that an earlier object has promised included; then it asks, and those candidates that only look
 * alive cost one time-out together, as long as they are no more than it asks at once. These are the last rows of the
 * table in GUARANTEES.md.
 */
export function takeoverBoundMs(
  waits: Waits,
  { clockRate, unresponsive }: { readonly clockRate: number; readonly unresponsive: number },
): number {
  const timeouts = Math.ceil(unresponsive / ASKED_AT_ONCE);
  return Math.ceil(Math.max(rejoinMs(waits, clockRate), forgottenLeaseMs(waits)) + timeouts * waits.askTimeoutMs);
}

/** 2 P / rate + back-off + hello time-out. */
export const rejoinMs = ({ pingEveryMs }: Waits, clockRate: number): number =>
  (2 * pingEveryMs) / clockRate + LONGEST_BACK_OFF_MS + CLIENT_TIMEOUT_MS;

/** D + max(drain, W) + sigma. */
export const forgottenLeaseMs = ({ lease, horizonAheadMs, drainMs }: Waits): number =>
  lease.durationMs + Math.max(horizonAheadMs, drainMs) + CLOCK_MARGIN_MS;

/** Message delays of a healed network. */
const SLACK_MS = 1_000;
const STEP_MS = 200;
const WATCH_MS = 12_000;
/** Bounds for each process, in its elections: it may be preempted in each, and a token that ends may cost it its terms. */
const PEACEFUL_GRANTS = 6;
const HAPPENINGS_OF_CHANGE = 150;
const BLIP_MS = 2_000;
/** Components in m may be refused for their kind; see D2. */
const ALWAYS_ADMITTED = new Set(["x", "y", "z"]);
const isAlwaysAdmitted = ({ component }: { readonly component: string }): boolean => ALWAYS_ADMITTED.has(component);

/** Ends every fault. A killed process stays dead. */
function heal(world: World): void {
  const { backend, network, operator } = world;
  world.tell(() => "HEAL");
  network.heal();
  backend.crashAt = null;
  backend.storage.mend();
  backend.alarmLagMs = 0;
  backend.endStale();
  for (const process of world.processes) {
    process.timerLagMs = 0;
    process.wake();
    process.thaw();
    for (const contender of process.contenders) contender.drain = "quick";
    if (!process.runs) continue;
    process.settleAll();
    process.setReady(true);
    process.dispatch({ type: "tick" }); // what a clock that was set has done to it, it notices now
  }
  world.callsGoAstray = false;
  for (const caller of world.callers) {
    caller.ready = true;
    caller.wants(true);
    caller.wake();
    caller.calls.heal();
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

/** A restore under way runs to its end: each of its two sides may have leases to wait for. */
const settleRestore = (world: World): number =>
  world.operator.restoring ? 2 * (forgottenLeaseMs(longestWaits(world)) + CLOCK_MARGIN_MS) : 0;

/** Every policy that may still be in force somewhere; an object that sleeps before its first row wakes with the defaults. */
const policiesOf = ({ backend, setup }: World): readonly Policy[] =>
  [backend.options, backend.storage.policy ?? {}, setup.policy, {}].map((options) => backend.policyOf(options));

/** The longest wait of each kind: a lease of one policy may have its horizon by another one. */
function longestWaits(world: World): Waits {
  const policies = policiesOf(world);
  const longest = (wait: (policy: Policy) => number): number => Math.max(...policies.map(wait));
  const lease = leaseFor(longest((policy) => policy.lease.durationMs));
  return {
    lease,
    horizonAheadMs: longest(({ horizonAheadMs }) => horizonAheadMs),
    askTimeoutMs: longest(({ askTimeoutMs }) => askTimeoutMs),
    pingEveryMs: longest(({ pingEveryMs }) => pingEveryMs),
    drainMs: longest(({ drainMs }) => drainMs),
  };
}

/** Over every policy in force, and sessions that were promised a longer one before. */
function longestLeaseMs(world: World): number {
  const inForce = policiesOf(world).map(({ lease }) => lease.durationMs);
  const told = Array.from(world.backend.object().state.sessions.values(), ({ leaseMs }) => leaseMs);
  return Math.max(...inForce, ...told);
}

function boundOf(world: World): number {
  const clockRate = Math.min(...[...world.processes, ...world.callers].map(({ clock }) => clock.rate));
  const unresponsive = world.backend.object().state.sessions.size;
  const boundMs = takeoverBoundMs(longestWaits(world), { clockRate, unresponsive });
  return boundMs + callersBoundMs(world) + stayOutMs(world) / clockRate + SLACK_MS;
}

const stayOutMs = ({ processes }: World): number =>
  processes.some(({ state }) => state.stayOuts.length > 0) ? LONGEST_STAY_OUT_MS : 0;

/** A vacancy waits until the poll deadline of whoever is next: the longest over callers, and sessions that nobody polls for. */
function callersBoundMs(world: World): number {
  if (world.callers.length === 0) return 0;
  const clockRate = Math.min(...world.callers.map(({ clock }) => clock.rate));
  const slowest = Math.max(...policiesOf(world).map(({ lease, askTimeoutMs }) => lease.durationMs + askTimeoutMs));
  return Math.ceil(((world.callers.length + 1) * slowest) / clockRate);
}

/** What still differs from a healthy group, in words; `null` when all is well. */
function whatIsMissing(world: World): string | null {
  if (world.operator.restoring) return "a restore is under way";
  for (const { name, runs, state, link, contenders } of world.processes) {
    const connected = state.connection.type === "idle" || state.connection.type === "closed" || link?.intact === true;
    if (runs && !connected) return `${name} has no working connection`;
    if (runs && contenders.some(isTrying)) return `${name} has no answer to a try`;
  }
  for (const election of ["process", electionOf("z", "dedicated")] as const) {
    const missing = missingInElection(world, election);
    if (missing !== null) return missing;
  }
  return missingAtObservers(world);
}

function missingInElection(world: World, election: ElectionName): string | null {
  const running = world.processes.filter(({ runs }) => runs);
  const caller = leadingCaller(world, election);
  if (caller !== null) return missingWithCaller(world, election, caller);
  const leaders = running.filter((process) => termOf(process, election) !== undefined);
  const [leader] = leaders;
  const contended = running.some(({ contenders }) => contenders.some((contender) => contender.election === election));
  if (!contended && leader !== undefined) return `${leader.name} leads ${election} for nobody`;
  const called = world.callers.some(({ contenders }) =>
    contenders.some((info) => electionOf(info.component, info.election) === election && isAlwaysAdmitted(info)),
  );
  if (!called && !running.some((process) => wants(process, election))) return null;
  if (leader === undefined || leaders.length > 1) return `${leaders.length} leaders of ${election}`;
  const held = world.backend.current?.state.elections.get(election)?.state;
  const leaderSessionId = termOf(leader, election)?.leaderSessionId;
  if (held?.type !== "leading" || held.leaderSessionId !== leaderSessionId) {
    return `the group sees another leader of ${election}`;
  }
  return missingInTerm(world, leader, election, held.leaderSessionId);
}

const leadingCaller = ({ callers }: World, election: ElectionName): CallerTerm | null =>
  callers.flatMap((caller) => caller.holding()).find((term) => term.election === election) ?? null;

function missingWithCaller({ backend }: World, election: ElectionName, { leaderSessionId }: CallerTerm): string | null {
  const state = backend.current?.state.elections.get(election)?.state;
  const led = state?.type === "leading" && state.leaderSessionId === leaderSessionId;
  return led ? null : `the group does not see that a caller leads ${election}`;
}

const isTrying = ({ tries, granted, closed }: Process["contenders"][number]): boolean =>
  tries && granted === null && !closed;

const termOf = ({ state }: Process, election: ElectionName): Term | undefined =>
  state.terms.find((term) => term.election === election && term.stage === "leading");

/** All ready components of the leader are granted, and those that confirm are published. */
function missingInTerm(world: World, leader: Process, election: ElectionName, leaderSessionId: string): string | null {
  for (const { info, closed, granted, setup, ...contender } of leader.contenders) {
    const { component } = info;
    if (contender.election !== election || closed || !isAlwaysAdmitted(info)) continue;
    if (granted?.leaderSessionId !== leaderSessionId) return `${component} of ${leader.name} is not granted`;
    const record = world.backend.current?.state.components.get(component)?.record?.leader;
    const published = setup.onGrant === "nothing" || record?.leaderSessionId === leaderSessionId;
    if (!published) return `${component} of ${leader.name} is not published`;
  }
  return null;
}

const wants = (process: Process, election: ElectionName): boolean =>
  process.contenders.some(
    (contender) => contender.election === election && contender.ready && isAlwaysAdmitted(contender.info),
  );

/** An observer sees what is published, and nothing else. */
function missingAtObservers(world: World): string | null {
  const components = world.backend.current?.state.components;
  for (const { name, runs, state, view } of world.processes) {
    if (!runs || state.watched.length === 0) continue;
    if (state.connection.type !== "open") return `${name} watches and is not connected`;
    for (const component of COMPONENTS) {
      if (!state.watched.includes(true) && !state.watched.includes(component)) continue;
      const [seen, published] = [view.leaders.get(component), components?.get(component)?.record?.leader];
      if (JSON.stringify(seen) !== JSON.stringify(published)) return `${name} sees another leader of ${component}`;
    }
  }
  return null;
}

/** In peace nobody loses anything, nothing is granted in vain, and nobody talks more than it must. */
function watchPeace(world: World): void {
  const { judge, processes } = world;
  // A lease that was cut off just before the healing may still run out on the way back: that is no loss of peace.
  world.advance(longestLeaseMs(world));
  for (const caller of world.callers) caller.notice(); // else it would only with its next call
  const before = { lost: judge.leadership.accidents, grants: judge.group.grants, happenings: world.happenings };
  world.tell(() => "PEACE");
  world.advance(WATCH_MS);
  judge.afterMove();
  const lost = judge.leadership.accidents - before.lost;
  demand(lost === 0, "I8", () => `${lost} leaderships are lost in peace`);
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
  return (world.processes.length + world.callers.length) * (3 * renewals + HAPPENINGS_OF_CHANGE);
}
