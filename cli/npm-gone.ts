/** Tells a process that npm, npx or another runner of scripts started when that runner has ended. */
import { basename } from "node:path";
import { CommandFailure } from "./failure.ts";
import { processEntry } from "./run/process-group.ts";
import { exitCodeOf } from "./run/signals.ts";

const LOOK_EVERY_MS = 500;
const SHELLS = ["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"];

/**
 * Resolves when the runner of scripts that started this process has ended. A signal to npm ends npm and the shell in which
 * it runs scripts, or npm alone; neither forwards it. Never resolves for a process that was started otherwise: that one
 * may outlive its parent on purpose. Does not keep the process alive.
 */
export function npmGone(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  // Every runner sets it for the processes of a script, and only for those.
  if (environment["npm_lifecycle_event"] === undefined) return new Promise(() => undefined);
  const before = starters();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (starters() === before) return;
      clearInterval(timer);
      resolve();
    }, LOOK_EVERY_MS).unref();
  });
}

export const npmGoneFailure = (): CommandFailure =>
  new CommandFailure("npm, which started this process, has ended", {
    exitCode: exitCodeOf("SIGTERM"),
    code: "npm_gone",
  });

/** The parent and, while that is a shell, its parent: when one of them ends, another process takes its place. */
function starters(): string {
  const ids = [process.ppid];
  for (let entry = processEntry(process.ppid); entry && isShell(entry.name); entry = processEntry(entry.parent)) {
    ids.push(entry.parent);
  }
  return ids.join(" ");
}

const isShell = (name: string): boolean => SHELLS.includes(basename(name).replace(/^-/, ""));
