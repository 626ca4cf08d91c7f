/** How long the group may take until all is well again, after any combination of faults. */
import { lineOf } from "../../../client/session/state.ts";
import { CLOCK_MARGIN_MS, leaseFor } from "../../../shared/lease.ts";
import type { Policy } from "../../../worker/group/policy.ts";
import { CHECK_EVERY_MS } from "../world/backend.ts";
import { LONGEST_STAY_OUT_MS } from "../world/setup.ts";
import type { World } from "../world/world.ts";

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

/** A client keeps below the limit of its group. */
const PACE = 0.8;
/** Between two signs of life of one that waits. */
const LONGEST_CHECK_MS = 1.1 * CHECK_EVERY_MS;
/** Message delays of a healed network. */
const SLACK_MS = 1_000;

/** After a world was healed. */
export const recoveryBoundMs = (world: World): number =>
  settleRestore(world) + boundOf(world) + alarmsMs(world) + waitingMs(world);

/** A restore under way runs to its end: each of its two sides may have leases to wait for. */
const settleRestore = (world: World): number =>
  world.operator.restoring ? 2 * (forgottenLeaseMs(longestWaits(world)) + CLOCK_MARGIN_MS) : 0;

/** How long frames of a flood wait until they may leave. */
function waitingMs({ backend, processes }: World): number {
  const { limits } = backend.policyOf(backend.options);
  const waits = processes.map(({ state, clock }) => (lineOf(state)?.outbox.length ?? 0) / clock.rate);
  return Math.ceil((Math.max(0, ...waits) / limits.messagesPerSecond / PACE) * 1_000);
}

/**
 * What late and lost alarms add (N13), for each wait in a row that an alarm ends: the end of a lease or of a hold-off, a
 * time-out of those who are asked, a deadline of a caller, each side of a restore. A lost one, or one that could not be set,
 * costs the time until the next sign of life of whoever waits.
 */
function alarmsMs({ backend, processes, callers, operator }: World): number {
  const { state } = backend.object();
  const { storage, isAlarmLost, alarmsToLose, alarmLagMs } = backend;
  const waits =
    2 +
    Math.ceil(state.sessions.size / ASKED_AT_ONCE) +
    (callers.length === 0 ? 0 : callers.length + 1) +
    (operator.restoring ? 2 : 0);
  const isSet = storage.alarmAt !== null && !isAlarmLost;
  const lost = Math.min(waits, alarmsToLose + (isSet ? 0 : 1));
  const clockRate = Math.min(...[...processes, ...callers].map(({ clock }) => clock.rate));
  return waits * alarmLagMs + Math.ceil((lost * LONGEST_CHECK_MS) / clockRate);
}

/** Every policy that may still be in force somewhere; an object that sleeps before its first row wakes with the defaults. */
export const policiesOf = ({ backend, setup }: World): readonly Policy[] =>
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
export function longestLeaseMs(world: World): number {
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
export function callersBoundMs(world: World): number {
  if (world.callers.length === 0) return 0;
  const clockRate = Math.min(...world.callers.map(({ clock }) => clock.rate));
  const slowest = Math.max(...policiesOf(world).map(({ lease, askTimeoutMs }) => lease.durationMs + askTimeoutMs));
  return Math.ceil(((world.callers.length + 1) * slowest) / clockRate);
}
