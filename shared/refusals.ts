/** What the group refuses, as an error: decided once, for sockets and for RPC. */
import { ElectionError, isRetryable, LeadershipLostError } from "./errors.ts";

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Retryable or not, a contender asks again, at growing intervals. */
export const refusalError = ({ code, message }: Refusal): ElectionError =>
  new ElectionError(code, message, undefined, isRetryable(code, true));

/** Why an address could not be published. */
export const confirmError = (refusal: Refusal): ElectionError =>
  refusal.code === "not_leader" ? new LeadershipLostError("lost") : refusalError(refusal);
