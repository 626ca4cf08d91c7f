/** The failures that end `edge-election run`. */

import { ElectionError, type LossReason, ProtocolError, UnauthorizedError } from "../../client/node/index.ts";
import { legible } from "../../shared/legible.ts";
import { CommandFailure, EXIT } from "../failure.ts";
import type { CommandEnding } from "./supervise.ts";

const failed = (code: string, message: string, remedy?: string, cause?: unknown): CommandFailure =>
  new CommandFailure(legible(message), {
    exitCode: EXIT.runFailed,
    code,
    cause,
    ...(remedy !== undefined && { remedy }),
  });

/** Refusals for which `run` does not wait, by their codes. */
const remedies: Readonly<Record<string, string>> = {
  forbidden: "Use a token with the role contend, for this group and this component.",
  election_mismatch: "Others contend for it in the other kind of election: add or leave out --dedicated everywhere.",
  limit_exceeded: "The group has reached a limit of its policy: raise it, or use another group.",
};

export const runFailure = {
  drainTooShort: (drainMs: number, leastMs: number): CommandFailure =>
    failed(
      "drain_too_short",
      `the drain time of this group is ${drainMs} ms: too short to stop a command before another process may lead`,
      `Set drainMs (DRAIN_MS) of the backend to ${leastMs} or more.`,
    ),

  notStarted(command: string, { code, message }: Extract<CommandEnding, { readonly type: "failed" }>): CommandFailure {
    const exitCode = code === "ENOENT" ? EXIT.notFound : EXIT.notExecutable;
    const remedy = "Check the command after --, and PATH; shell syntax needs a shell: -- sh -c '...'.";
    return new CommandFailure(`${command} can't be run: ${message}`, { exitCode, code: "not_started", remedy });
  },

  /** Of `run --try`, which does not wait for another term. */
  lost: (reason: LossReason): CommandFailure =>
    failed(
      "leadership_lost",
      `the leadership is over (${reason}), and the command was stopped`,
      "Run it again, or leave out --try to wait for the next term.",
    ),

  unanswered: (last: unknown): CommandFailure =>
    failed(
      "timeout",
      `the group did not answer the try in time${last === undefined ? "" : `: ${textOf(last)}`}`,
      "Check the address of the backend, or leave out --try to wait.",
      last,
    ),

  /** `last`: the newest error before the end. */
  closed: (last: unknown): CommandFailure =>
    last instanceof UnauthorizedError
      ? unauthorized(last)
      : failed("closed", "the backend has closed the session for good", undefined, last),

  /** `undefined` where waiting may help. */
  of(error: unknown): CommandFailure | undefined {
    const own = error instanceof ElectionError && error.code === "token_failed" ? error.cause : error;
    if (own instanceof CommandFailure) return failed(own.code, own.message, own.remedy, own);
    if (!(error instanceof ElectionError)) return failed("unexpected", textOf(error), undefined, error);
    const remedy = remedies[error.code];
    if (remedy !== undefined) return failed(error.code, error.message, remedy, error);
    if (error.retryable) return undefined;
    if (error instanceof UnauthorizedError) return unauthorized(error);
    if (!(error instanceof ProtocolError)) return undefined;
    return failed(error.code, error.message, "Use the same version here and in the backend.", error);
  },
  /** Of `run --once`, which has tried for a minute. */
  ofRun: (error: unknown): CommandFailure =>
    error instanceof CommandFailure
      ? error
      : (runFailure.of(error) ?? failed((error as ElectionError).code, textOf(error), undefined, error)),
} as const;

const unauthorized = (error: UnauthorizedError): CommandFailure =>
  failed("unauthorized", error.message, "Use a token that is good for this group, with the role contend.", error);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
