/** What the group refuses, as an error: decided once, for sockets and for RPC. */
import { ElectionError, LeadershipLostError } from "./errors.ts";

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** What does not pass by itself: the configuration, the credentials or the program has to change. */
const FINAL: ReadonlySet<string> = new Set(["forbidden", "invalid_argument", "unauthorized"]);

/** `retryable` unless it is final. A contender asks again in both cases, at growing intervals. */
export const refusalError = ({ code, message }: Refusal): ElectionError =>
  new ElectionError(code, message, undefined, !FINAL.has(code));

/** Why an address could not be published. */
export const confirmError = (refusal: Refusal): ElectionError =>
  refusal.code === "not_leader" ? new LeadershipLostError("lost") : refusalError(refusal);
