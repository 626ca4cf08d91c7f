import { constants } from "node:os";

/** Signals to `edge-election run` are meant for its command. */
export const FORWARDED_SIGNALS: readonly NodeJS.Signals[] = [
  "SIGTERM",
  "SIGINT",
  "SIGQUIT",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
];

/** After one of these the command is not run again. Where no command runs, they end `edge-election run`. */
export const ENDING_SIGNALS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGQUIT"];

/** The exit code of a process that a signal has ended, as shells report it. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];
