/** Why a socket was closed, what a client does about it, and what its user is told: one table, read by everybody. */
import { byteLength } from "./byte-length.ts";

export const CLOSE = {
  normal: 1000,
  restart: 1012,
  tryLater: 1013,
  protocolViolation: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  timeout: 4408,
  superseded: 4409,
  tooLarge: 4413,
  unsupportedVersion: 4426,
  tooMany: 4429,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

/** What a close frame has room for. */
const REASON_BYTES = 123;

/** The reason, cut to what a close frame takes. */
export function fittingReason(reason: string): string {
  let text = reason.slice(0, REASON_BYTES);
  while (byteLength(text) > REASON_BYTES || !text.isWellFormed()) text = text.slice(0, -1);
  return text;
}

/** The socket was never open, or was lost without a close frame. No peer sends it: the platform reports it. */
export const LOST = 1006;

/**
 * - `reconnect`: an ordinary loss; back off with full jitter and resume.
 * - `slow`: the server is protecting itself; resume after a long back-off, unless a term runs: that would not outlive it.
 * - `reauthenticate`: ask for a new token and resume.
 * - `fresh`: the session is gone for this client; its terms end, and it starts a new session.
 * - `fatal`: trying again can't help; somebody has to change something.
 */
export type CloseAction = "reconnect" | "slow" | "reauthenticate" | "fresh" | "fatal";

export interface CloseMeaning {
  readonly action: CloseAction;
  /** The `code` of the error that users get. */
  readonly error: "connection_lost" | "unauthorized" | "protocol_error";
  /** The cause and, where there is one, the remedy. The reason that the server sends with the code says more. */
  readonly message: string;
}

const lost = (message: string, action: CloseAction = "reconnect"): CloseMeaning => ({
  action,
  error: "connection_lost",
  message,
});
const fatal = (error: CloseMeaning["error"], message: string): CloseMeaning => ({ action: "fatal", error, message });

const meanings: { readonly [code in CloseCode]: CloseMeaning } = {
  [CLOSE.normal]: lost("the server has closed the connection"),
  [CLOSE.restart]: lost("the backend restarts"),
  [CLOSE.tryLater]: lost("the group is overloaded, or can't serve now", "slow"),
  [CLOSE.protocolViolation]: fatal(
    "protocol_error",
    "the server refuses a frame, or the name of the group: use the same version of the package on both sides",
  ),
  [CLOSE.unauthorized]: {
    action: "reauthenticate",
    error: "unauthorized",
    message: "the token is missing, wrong or expired: give `token` a function that returns a new one",
  },
  [CLOSE.forbidden]: fatal(
    "unauthorized",
    "the group, the role or the origin is not allowed: use a token for this group, and add the page's origin to ALLOWED_ORIGINS",
  ),
  [CLOSE.timeout]: lost("no answer in time: the network was lost, or one side is overloaded"),
  [CLOSE.superseded]: lost("a newer connection of this session is open", "fresh"),
  [CLOSE.tooLarge]: fatal("protocol_error", "a frame was larger than the group's messageBytes: name fewer components"),
  [CLOSE.unsupportedVersion]: fatal(
    "protocol_error",
    "client and server speak different versions of the protocol: update the older one",
  ),
  [CLOSE.tooMany]: lost(
    "too many frames a second, or too many sessions: contend for fewer components, and observe fewer",
    "slow",
  ),
};

const unreachable = lost("the network was lost, or the backend is gone");
const unknown = lost("the connection was lost");

const isCloseCode = (code: number): code is CloseCode => code in meanings;

/** Losses, restarts, deployments and unknown codes are alike: the lease decides what is lost. */
export function closeMeaning(code: number): CloseMeaning {
  if (isCloseCode(code)) return meanings[code];
  return code === LOST ? unreachable : unknown;
}

/** The status that refuses an upgrade, and the code by which a page, which can't read a status, is told the same. */
export const CLOSE_CODE_OF_STATUS: { readonly [status: number]: CloseCode } = {
  400: CLOSE.protocolViolation,
  401: CLOSE.unauthorized,
  403: CLOSE.forbidden,
  426: CLOSE.unsupportedVersion,
};

/** A fixed token that was refused this often in a row will be refused for ever. */
const MAX_REFUSALS = 5;

/**
 * What a client does when its CURRENT socket closes with `code`; a socket that it has replaced concerns nobody. `refusals`:
 * how often in a row the token was refused, this time included. `asksForToken`: there may be a better token the next time.
 */
export function closeAction(
  code: number,
  { refusals, asksForToken }: { readonly refusals: number; readonly asksForToken: boolean },
): CloseAction {
  const { action } = closeMeaning(code);
  if (action !== "reauthenticate" || refusals < MAX_REFUSALS) return action;
  return asksForToken ? "slow" : "fatal";
}
