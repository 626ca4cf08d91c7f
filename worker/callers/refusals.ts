/** What the group refuses, as an error: one decision for all who contend by RPC. */
import { ElectionError, LeadershipLostError } from "../../shared/errors.ts";

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** What does not pass by itself: the configuration has to change. */
const FINAL: ReadonlySet<string> = new Set(["forbidden", "invalid_argument"]);

/** `retryable` unless it is final. A `DurableContender` asks again in both cases. */
export const refusalError = ({ code, message }: Refusal): ElectionError =>
  new ElectionError(code, message, undefined, !FINAL.has(code));

/** Why a leadership could not be confirmed. */
export const confirmError = (refusal: Refusal): ElectionError =>
  refusal.code === "not_leader" ? new LeadershipLostError("lost") : refusalError(refusal);

/** A call had no answer, or none that can be understood. */
export const unavailable = (cause: unknown): ElectionError =>
  new ElectionError("unavailable", "the group could not be asked: try again", cause, true);
