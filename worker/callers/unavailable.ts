/** A call by RPC without an answer, as an error. */
import { ElectionError } from "../../shared/errors.ts";
import { misconfiguredBy } from "../http/misconfigured.ts";

/** There was no answer, or none that can be understood. It may go well the next time, unless the Worker is misconfigured. */
export function unavailable(cause: unknown): ElectionError {
  if (cause instanceof ElectionError) return cause; // an HTTP request that has failed says why
  const fault = misconfiguredBy(cause);
  return fault === null
    ? new ElectionError("unavailable", "the group could not be asked: try again", cause, true)
    : new ElectionError("misconfigured", fault, cause, false);
}
