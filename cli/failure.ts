/** How commands fail: every failure has an exit code, a code for programs, and a remedy where there is one. */

import { ElectionError } from "../shared/errors.ts";
import { legible, legibleJson } from "../shared/legible.ts";

/** The exit codes of all commands; docs/CLI.md explains them. */
export const EXIT = {
  ok: 0,
  /** An unforeseen error. */
  unexpected: 1,
  /** Wrong arguments, or invalid names. */
  usage: 2,
  /** The backend can't be reached, or can't answer now. */
  unreachable: 3,
  /** The token is missing, invalid, or does not grant this. */
  refused: 4,
  /** The state of the group does not allow this: there is no leader, or no candidate of that name. */
  conflict: 5,
  /** `run --try`: the election is not free, so the command was not run. */
  led: 124,
  /** `run` itself has failed, for any reason: its other exit codes are those of the command. */
  runFailed: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

export interface FailureDetails {
  readonly exitCode: number;
  readonly code: string;
  /** What the user can do, as a sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

export class CommandFailure extends Error {
  readonly exitCode: number;
  readonly code: string;
  readonly remedy: string | undefined;

  constructor(message: string, { exitCode, code, remedy, cause }: FailureDetails) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.code = code;
    this.remedy = remedy;
  }
}

export const usageFailure = (message: string, remedy?: string): CommandFailure =>
  new CommandFailure(message, { exitCode: EXIT.usage, code: "usage", ...(remedy !== undefined && { remedy }) });

/** Any thrown value as a failure. */
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  // What the client reports may quote a backend.
  const shown = error instanceof ElectionError ? legible(message) : message;
  return new CommandFailure(shown, { exitCode: EXIT.unexpected, code: "unexpected", cause: error });
}

/** For people: the problem, and the remedy. Only what this program itself has put on several lines stays there. */
export const failureText = ({ message, remedy }: CommandFailure): string => {
  const problem = message.split("\n").map(legible).join("\n");
  return remedy === undefined ? `edge-election: ${problem}\n` : `edge-election: ${problem}\n  ${legible(remedy)}\n`;
};

/** For programs: one line. */
export const failureJson = ({ code, message, remedy, exitCode }: CommandFailure): string =>
  `${legibleJson({ error: { code, message, ...(remedy !== undefined && { remedy }), exitCode } })}\n`;
