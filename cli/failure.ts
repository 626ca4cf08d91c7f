/** How commands fail: every failure has an exit code, a code for programs, and says what helps. */

/** The exit codes of all commands; docs/CLI.md explains them. */
export const EXIT = {
  ok: 0,
  /** Nothing that anybody has foreseen. */
  unexpected: 1,
  /** Wrong arguments, or names that are none. */
  usage: 2,
  /** The backend can't be reached, or can't answer right now. */
  unreachable: 3,
  /** The token is missing, not good, or not good for this. */
  refused: 4,
  /** The group is not in a state for this: nobody leads, or nobody of that name waits. */
  conflict: 5,
  /** `run` itself has failed, for any reason: its other codes are those of the command. */
  runFailed: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

export interface FailureDetails {
  readonly exitCode: number;
  readonly code: string;
  /** What to do about it, as a sentence. */
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

/** Whatever was thrown, as a failure. */
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CommandFailure(message, { exitCode: EXIT.unexpected, code: "unexpected", cause: error });
}

/** For people: what is wrong, and what helps. */
export const failureText = ({ message, remedy }: CommandFailure): string =>
  remedy === undefined ? `edge-election: ${message}\n` : `edge-election: ${message}\n  ${remedy}\n`;

/** For programs: one line. */
export const failureJson = ({ code, message, remedy, exitCode }: CommandFailure): string =>
  `${JSON.stringify({ error: { code, message, ...(remedy !== undefined && { remedy }), exitCode } })}\n`;
