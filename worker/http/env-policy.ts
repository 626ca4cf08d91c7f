/** Settings of all groups, from the variables of the deployment. */

import type { GroupLimits } from "../../shared/protocol/limits.ts";
import type { LogLevel, PolicyOptions } from "../group/policy.ts";
import type { Preference } from "../group/preference.ts";

export interface PolicyEnv {
  /** The lease D of every group in milliseconds, as text. */
  readonly LEASE_MS?: string;
  readonly DRAIN_MS?: string;
  /** How far beyond the end of a lease its horizon (a time that no lease exceeds) is stored, in milliseconds. */
  readonly HORIZON_AHEAD_MS?: string;
  /** The time from the last process's leaving until everything stored is deleted. Without it: never. */
  readonly IDLE_TTL_MS?: string;
  /** A strictly higher priority takes over once a leadership is this old. Without it, only at the next hand-over. */
  readonly PREEMPT_COOLDOWN_MS?: string;
  /** Which processes of the same priority go first, by a value in their metadata: `newest version` or `oldest version`. */
  readonly PREFER?: string;
  /** `true`: dedicated elections are spread over the processes. */
  readonly SPREAD?: string;
  /** How much is logged: silent, error, info (the default) or debug. */
  readonly LOG_LEVEL?: LogLevel;
  /** Limits of every group that differ from the defaults, as JSON: `{"sessions": 500}`. */
  readonly LIMITS?: string;
}

export const policyFromEnv = (
  _group: string,
  {
    LEASE_MS,
    DRAIN_MS,
    HORIZON_AHEAD_MS,
    IDLE_TTL_MS,
    PREEMPT_COOLDOWN_MS,
    PREFER,
    SPREAD,
    LOG_LEVEL,
    LIMITS,
  }: PolicyEnv,
): PolicyOptions => ({
  ...(LEASE_MS && { leaseMs: Number(LEASE_MS) }),
  ...(DRAIN_MS && { drainMs: Number(DRAIN_MS) }),
  ...(HORIZON_AHEAD_MS && { horizonAheadMs: Number(HORIZON_AHEAD_MS) }),
  ...(IDLE_TTL_MS && { idleTtlMs: Number(IDLE_TTL_MS) }),
  ...(PREEMPT_COOLDOWN_MS && { preempt: { cooldownMs: Number(PREEMPT_COOLDOWN_MS) } }),
  ...(PREFER && { prefer: preferenceFrom(PREFER) }),
  ...(SPREAD && { spread: spreadFrom(SPREAD) }),
  ...(LOG_LEVEL && { logLevel: LOG_LEVEL }),
  ...(LIMITS && { limits: limitsFrom(LIMITS) }),
});

/**
 * The settings for callers that reach a group beside the app. `undefined` where no variable is set: the app may have settings of
 * its own, which stay as they are.
 */
export function policyIfSet(env: PolicyEnv): PolicyOptions | undefined {
  const policy = policyFromEnv("", env);
  return Object.keys(policy).length > 0 ? policy : undefined;
}

/** The same, and `undefined` for variables that can't be read: the app tells its callers what is wrong with them. */
export function policyIfReadable(env: PolicyEnv): PolicyOptions | undefined {
  try {
    return policyIfSet(env);
  } catch {
    return undefined;
  }
}

function preferenceFrom(text: string): Preference {
  const [, order, metadata] = /^(newest|oldest) (\S+)$/.exec(text.trim()) ?? [];
  if (metadata !== undefined) return { metadata, order: order === "oldest" ? "oldest" : "newest" };
  throw new RangeError(
    `PREFER is ${text}: set it to "newest NAME" or "oldest NAME", where NAME is the name of a value in the metadata`,
  );
}

function spreadFrom(text: string): boolean {
  if (text !== "true" && text !== "false") throw new RangeError(`SPREAD is ${text}: set it to true or false`);
  return text === "true";
}

/** `createPolicy` checks names and values. */
function limitsFrom(text: string): Partial<GroupLimits> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // told below
  }
  throw new RangeError('LIMITS is no JSON object: set it to one like {"sessions": 500}, or leave it out');
}
