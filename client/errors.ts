/** The errors of the client. */
import { ElectionError, LeadershipLostError } from "../shared/errors.ts";

export { ElectionError, LeadershipLostError, type LossReason, UnauthorizedError } from "../shared/errors.ts";

/** The component has a contender in this client already: close that one first. */
export class DuplicateContenderError extends ElectionError {
  static {
    DuplicateContenderError.prototype.name = "DuplicateContenderError";
  }
}

/** The client is closed for good. `cause` says why, unless `close()` was called. */
export class ClientClosedError extends ElectionError {
  static {
    ClientClosedError.prototype.name = "ClientClosedError";
  }
}

/** One of the two sides has broken the protocol, or speaks another version of it. */
export class ProtocolError extends ElectionError {
  static {
    ProtocolError.prototype.name = "ProtocolError";
  }
}

/** The group of `url` is now that of another deployment. */
export const otherDeploymentError = (url: string, before: string, after: string): ElectionError =>
  new ElectionError(
    "other_deployment",
    `${url} leads to another deployment now (${after}; earlier: ${before}): the group there is another one, and each of the two may have a leader; let all clients use the same deployment`,
  );

/** Whether a callback has thrown this because its term has ended. */
export const isLoss = (error: unknown): boolean =>
  error instanceof LeadershipLostError || (error as Error | null)?.name === "AbortError";
