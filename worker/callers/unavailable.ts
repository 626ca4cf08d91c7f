/** A call by RPC without an answer, as an error. */
import { ElectionError } from "../../shared/errors.ts";
import { lacksMethod, otherInterfaceIn } from "../http/interface.ts";
import { misconfiguredIn } from "../http/misconfigured.ts";

const WRONG_BINDING =
  "what the binding leads to has no elections: bind the entrypoint ElectionsEntrypoint of the Worker that has the groups";

/** There was no answer, or none that can be understood. It may go well the next time, unless something is misconfigured. */
export function unavailable(cause: unknown): ElectionError {
  if (cause instanceof ElectionError) return cause; // an HTTP request that has failed says why
  const fault = lacksMethod(cause) ? WRONG_BINDING : misconfiguredIn(cause);
  if (fault !== null) return new ElectionError("misconfigured", fault, cause);
  const other = otherInterfaceIn(cause);
  if (other !== null) return new ElectionError("other_interface", other, cause);
  return new ElectionError("unavailable", "the group could not be asked: try again", cause);
}
