/** What a deployment decides for a group: checked, and completed by defaults. All times are in milliseconds. */
import {
  answerTimeoutFor,
  askTimeoutFor,
  DEFAULT_DRAIN_MS,
  DEFAULT_LEASE_MS,
  type LeaseSettings,
  leaseFault,
  leaseFor,
  MAX_LEASE_MS,
} from "../../shared/lease.ts";
import { assertNames } from "../../shared/options.ts";
import { DEFAULT_LIMITS, type GroupLimits } from "../../shared/protocol/limits.ts";
import type { Preference } from "./preference.ts";

/**
 * Whether the leader is revoked for a candidate of strictly higher priority or preference (`prefer`), once the
 * leader's term is `cooldownMs` old.
 */
export type Preemption = false | { readonly cooldownMs: number };

/** What is logged: `info` has every change of who leads or could lead, `debug` each renewal as well. */
export type LogLevel = "silent" | "error" | "info" | "debug";
const LOG_LEVELS: readonly LogLevel[] = ["silent", "error", "info", "debug"];

export interface Policy {
  readonly lease: LeaseSettings;
  /**
   * W: how far beyond D the horizon is written ahead. Larger: fewer rows; slower fail-over where the object and the leader
   * die together, and a longer hold-off after a clean-up.
   */
  readonly horizonAheadMs: number;
  /** How long a group that nobody uses keeps what it has stored; `null`: for good. */
  readonly idleTtlMs: number | null;
  /** O: how long a candidate may take to answer `next`. */
  readonly askTimeoutMs: number;
  readonly answerTimeoutMs: number;
  /** How long a revoked holder may keep its lease by renewals while it stops. */
  readonly drainMs: number;
  readonly helloTimeoutMs: number;
  readonly pingEveryMs: number;
  readonly checkEveryMs: number;
  /** How many sessions may come back in a second after all have lost their sockets: one object lets in 200 to 500. */
  readonly returnsPerSecond: number;
  readonly preempt: Preemption;
  readonly prefer: Preference | null;
  readonly spread: boolean;
  readonly limits: GroupLimits;
  readonly logLevel: LogLevel;
}

/** These limits, with the lower one of each for which a socket is closed. */
export const lowerOf = (limits: GroupLimits, other: GroupLimits): GroupLimits => ({
  ...limits,
  messagesPerSecond: Math.min(limits.messagesPerSecond, other.messagesPerSecond),
  messageBytes: Math.min(limits.messageBytes, other.messageBytes),
});

/** What a `welcome` names: the limits in force, or lower ones that sockets were told before (`lowerLimits`). */
export const toldLimits = ({ policy, lowered }: { policy: Policy; lowered: GroupLimits | null }): GroupLimits =>
  lowered === null ? policy.limits : lowerOf(policy.limits, lowered);

/** What the function `policy` of `createElectionApp` returns for a group; an option that is left out has its default. */
export interface PolicyOptions {
  /**
   * The lease D. R = 0.8 D: a client stops this long after it sent its last answered renewal. E = 0.25 D: the time between
   * two renewals. Default 10,000; least 2,000.
   */
  readonly leaseMs?: number;
  /** How long a revoked leader may renew while it stops. Default 10,000. */
  readonly drainMs?: number;
  /** How far beyond the end of a lease its horizon (a time that no lease exceeds) is stored. Default 30,000; larger: fewer rows. */
  readonly horizonAheadMs?: number;
  /**
   * The time from the last process's leaving until everything stored is deleted, the history included. At least D and a
   * minute. Default: never.
   */
  readonly idleTtlMs?: number;
  /** Default false. */
  readonly preempt?: Preemption;
  /**
   * Among processes of the same priority, the one with the newest or the oldest version goes first. The version is a value in
   * the metadata of the process. A process whose value is no version comes last. With `preempt`, a process with a preferred
   * version also takes the lead from the leader. Default: none is preferred.
   */
  readonly prefer?: Preference;
  /**
   * Dedicated elections are spread: among candidates of equal priority and preference, the one that leads the fewest goes first, and
   * when processes come, elections move to them one by one. Default false.
   */
  readonly spread?: boolean;
  readonly limits?: Partial<GroupLimits>;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
}

export const DEFAULT_GROUP_LIMITS: GroupLimits = {
  ...DEFAULT_LIMITS,
  sessions: 10_000,
  sessionsPerSubject: 1_000,
  observers: 5_000,
  elections: 1_000,
  nameLength: 128,
  historyRows: 1_000,
  rows: 2_000,
  confirms: 512,
  jobs: 100,
  occurrences: 100,
  occurrenceMs: 30 * 86_400_000,
  helloTimeoutMs: 10_000,
};
const MAX_DRAIN_MS = 86_400_000;
const DEFAULT_HORIZON_AHEAD_MS = 30_000;
/** Beyond D: a lost session has come back by then, or never will. */
const LEAST_IDLE_MS = 60_000;
/** Ten years. */
const LONGEST_IDLE_MS = 315_360_000_000;
/** The largest values of limits that would otherwise break what the protocol or the platform promises. */
const LARGEST: ReadonlyMap<string, number> = new Map([
  ["nameLength", DEFAULT_GROUP_LIMITS.nameLength],
  ["helloTimeoutMs", 60_000],
  // A row may have 2 MB, and an occurrence 6,700 bytes, if its outcome is of characters that JSON writes with six.
  ["occurrences", 300],
]);

const OPTIONS = [
  "leaseMs",
  "drainMs",
  "horizonAheadMs",
  "idleTtlMs",
  "preempt",
  "prefer",
  "spread",
  "limits",
  "logLevel",
];

/**
 * Throws what `createPolicy` throws, and for an option or a limit that is unknown. For those who set it: a group's object
 * may be older than the Worker that passes the settings on, and ignores what it does not know (V1).
 */
export function assertPolicy(options: PolicyOptions): void {
  assertNames(options, OPTIONS);
  for (const name of Object.keys(options.limits ?? {})) {
    if (!isLimit(name))
      throw new RangeError(`limits.${name} is unknown: the limits are ${Object.keys(DEFAULT_GROUP_LIMITS).join(", ")}`);
  }
  createPolicy(options);
}

const isLimit = (name: string): boolean => Object.hasOwn(DEFAULT_GROUP_LIMITS, name);

/** Throws `RangeError` for settings that contradict each other; the message names them and the remedy. Ignores unknown names. */
export function createPolicy(options: PolicyOptions = {}): Policy {
  const lease = leaseFor(options.leaseMs ?? DEFAULT_LEASE_MS);
  const fault = leaseFault(lease);
  if (fault !== null) throw new RangeError(fault);
  const drainMs = options.drainMs ?? DEFAULT_DRAIN_MS;
  requireWithin("drainMs (DRAIN_MS)", drainMs, 0, MAX_DRAIN_MS);
  const { horizonAheadMs = DEFAULT_HORIZON_AHEAD_MS } = options;
  requireWithin("horizonAheadMs (HORIZON_AHEAD_MS)", horizonAheadMs, 0, MAX_LEASE_MS);
  const { idleTtlMs = null } = options;
  if (idleTtlMs !== null)
    requireWithin("idleTtlMs (IDLE_TTL_MS)", idleTtlMs, lease.durationMs + LEAST_IDLE_MS, LONGEST_IDLE_MS);
  if (options.preempt) requireWithin("preempt.cooldownMs", options.preempt.cooldownMs, 0, Number.MAX_SAFE_INTEGER);
  if (options.prefer) requirePreference(options.prefer);
  const { spread = false } = options;
  if (typeof spread !== "boolean") throw new RangeError(`spread (SPREAD) is ${spread}: set it to true or false`);
  const known = Object.entries(options.limits ?? {}).filter(([name]) => isLimit(name));
  for (const [name, value] of known) {
    requireWithin(`limits.${name}`, value, 1, LARGEST.get(name) ?? Number.MAX_SAFE_INTEGER);
    if (!Number.isInteger(value)) throw new RangeError(`limits.${name} is ${value}: set it to a whole number`);
  }
  const limits = { ...DEFAULT_GROUP_LIMITS, ...Object.fromEntries(known) };
  const { logLevel = "info" } = options;
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new RangeError(`logLevel (LOG_LEVEL) is ${logLevel}: set it to one of ${LOG_LEVELS.join(", ")}`);
  }
  return {
    lease,
    horizonAheadMs,
    idleTtlMs,
    askTimeoutMs: askTimeoutFor(lease),
    answerTimeoutMs: answerTimeoutFor(lease),
    drainMs,
    helloTimeoutMs: limits.helloTimeoutMs,
    pingEveryMs: 25_000,
    checkEveryMs: 300_000,
    returnsPerSecond: 300,
    preempt: options.preempt ?? false,
    prefer: options.prefer ?? null,
    spread,
    limits,
    logLevel,
  };
}

const ORDERS: readonly Preference["order"][] = ["newest", "oldest"];

function requirePreference({ metadata, order }: Preference): void {
  if (typeof metadata !== "string" || metadata === "")
    throw new RangeError(
      `prefer.metadata (PREFER) is ${metadata}: set it to the name of a value in the metadata of processes`,
    );
  if (!ORDERS.includes(order))
    throw new RangeError(`prefer.order (PREFER) is ${order}: set it to ${ORDERS.join(" or ")}`);
}

function requireWithin(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw new RangeError(`${name} is ${value}: set it to ${min}..${max}`);
}
