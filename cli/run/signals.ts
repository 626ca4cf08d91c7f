import { constants } from "node:os";

/** What somebody sends to `edge-election run` is meant for its command. */
export const FORWARDED_SIGNALS: readonly NodeJS.Signals[] = [
  "SIGTERM",
  "SIGINT",
  "SIGQUIT",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
];

/** After these the command is not run again; where none runs, they end `edge-election run`. */
export const ENDING_SIGNALS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGQUIT"];

/** The exit code of what a signal has ended, as shells report it. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];
