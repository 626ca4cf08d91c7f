/** Why a socket was closed, and what the client does about it: one table, one function that decides. */
export const CLOSE = {
  normal: 1000,
  restart: 1012,
  protocolViolation: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  timeout: 4408,
  superseded: 4409,
  tooLarge: 4413,
  unsupportedVersion: 4426,
  tooMany: 4429,
} as const;

/**
 * - `reconnect`: an ordinary loss; back off with full jitter and resume.
 * - `slow`: the server is protecting itself; resume after a long back-off, unless a term runs: that would not outlive it.
 * - `reauthenticate`: ask for a new token and resume; bounded, unless a function has a new token each time.
 * - `fresh`: the session is gone for this client; its terms end, and it starts a new session.
 * - `fatal`: trying again can't help; somebody has to change something.
 */
export type CloseAction = "reconnect" | "slow" | "reauthenticate" | "fresh" | "fatal";

/** What a client does when its CURRENT socket closes with `code`. A socket it has replaced is nobody's concern. */
export function closeAction(code: number): CloseAction {
  switch (code) {
    case CLOSE.unauthorized:
      return "reauthenticate";
    case CLOSE.superseded:
      return "fresh"; // another connection of this session is newer, or our `attempt` was late: our knowledge is old
    case CLOSE.tooMany:
      return "slow";
    case CLOSE.protocolViolation: // a program error on this side
    case CLOSE.forbidden: // the token is good and says no
    case CLOSE.tooLarge: // would be as large the next time
    case CLOSE.unsupportedVersion: // one side has to be updated
      return "fatal";
    default:
      return "reconnect"; // losses, restarts, deployments, unknown codes: the lease decides what is lost
  }
}
