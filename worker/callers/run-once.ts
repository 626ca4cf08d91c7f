/** `runOnce` for code inside the platform, by RPC or over HTTP. */
import { ONCE_OPTIONS, type OnceOptions } from "../../shared/once/options.ts";
import { type OnceResult, once } from "../../shared/once/run-once.ts";
import { assertNames } from "../../shared/options.ts";
import { type ElectionsBinding, electionsBy } from "./local-elections.ts";
import { oncePorts } from "./once-ports.ts";

/**
 * Any invocation may call this at any time. One invocation at a time runs `run` for an occurrence of the job, and none does
 * once the occurrence is completed. If a run throws or dies, the next invocation that asks runs the occurrence again, unless
 * `retry` is false. Resolves for everybody with what has become of the occurrence, as soon as the occurrence is over.
 * Rejects with the error of `run`, with a `LeadershipLostError` if the run no longer counts (another invocation has begun the
 * occurrence since, or an operator has given the run up), with the reason of `signal`, with a `TypeError` for wrong options,
 * and with an `ElectionError` if the group refuses, or could not be reached for a minute.
 */
export async function runOnce<T>(binding: ElectionsBinding, options: OnceOptions<T>): Promise<OnceResult<T>> {
  assertNames(options, ONCE_OPTIONS);
  return once(options, oncePorts(electionsBy(binding), options.group));
}
