/** `runOnce` over HTTP, for every platform. */
import { invalidArgument } from "../shared/errors.ts";
import type { OncePorts } from "../shared/once/calls.ts";
import { ONCE_OPTIONS, type OnceOptions } from "../shared/once/options.ts";
import { type OnceResult, once } from "../shared/once/run-once.ts";
import { assertNames } from "../shared/options.ts";
import { type Deployment, endpointOf } from "../shared/remote/endpoint.ts";
import { callOfRun } from "../shared/remote/runs.ts";
import { isToken, TOKEN_FORM } from "../shared/remote/token.ts";
import { type Clock, pessimistic } from "./clock.ts";
import { systemClock } from "./system-clock.ts";

/** Options of `runOnce`: where the deployment is, which occurrence of which job, and what to do. */
export interface RunOnceOptions<T> extends OnceOptions<T>, Deployment {
  /** Default: the platform's. */
  readonly clock?: Clock;
}

/** `by`: who this process is, where the options do not say. */
export async function runOnceBy<T>(options: RunOnceOptions<T>, by: () => string): Promise<OnceResult<T>> {
  return once(options, oncePorts(options, by));
}

/** Throws a `TypeError` for what no call can be made by. */
export function oncePorts<T>(options: RunOnceOptions<T>, by: () => string): OncePorts {
  assertNames(options, [...ONCE_OPTIONS, "url", "token", "fetcher", "clock"]);
  const { clock = systemClock, token } = options;
  if (token !== undefined && typeof token !== "function" && !isToken(token))
    throw invalidArgument(`token must be ${TOKEN_FORM}`);
  const now = pessimistic(clock);
  const endpoint = endpointOf(options, options.group, globalThis);
  return {
    call: (call, signal) => callOfRun(endpoint, call, signal),
    now,
    random: () => clock.random?.() ?? Math.random(),
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (handle) => clock.clearTimeout(handle),
    freshId,
    isoOf,
    by,
  };
}

function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isoOf(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/**
 * Any process may call this at any time. One process at a time runs `run` for an occurrence of the job, and none does once
 * the occurrence is completed. If a run throws or dies, the next process that asks runs the occurrence again, unless
 * `retry` is false. Resolves for everybody with what has become of the occurrence, as soon as the occurrence is over.
 * Rejects with the error of `run`, with a `LeadershipLostError` if the run no longer counts (another process has begun the
 * occurrence since, or an operator has given the run up), with the reason of `signal`, with a `TypeError` for wrong options,
 * and with an `ElectionError` if the group refuses, or could not be reached for a minute.
 */
export const runOnce = <T>(options: RunOnceOptions<T>): Promise<OnceResult<T>> =>
  runOnceBy(options, () => `process-${freshId().slice(0, 8)}`);
