/** Whether npm still lives, for a process that npm, npx, or another runner of scripts has started. */
import { basename } from "node:path";
import { CommandFailure } from "./failure.ts";
import { processEntry } from "./run/process-group.ts";
import { exitCodeOf } from "./run/signals.ts";

const LOOK_EVERY_MS = 500;
const SHELLS = ["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"];

/**
 * Resolves when what has started this process by a script or by `npx` is gone. A signal to npm ends npm and the shell
 * that it runs scripts in, or npm alone; neither passes it on. Never resolves for a process that was started otherwise:
 * that one may outlive its parent on purpose. Keeps no process alive.
 */
export function npmGone(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  // All of them set it, for what a script starts, and only there.
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
  new CommandFailure("npm, which has started it, is gone", { exitCode: exitCodeOf("SIGTERM"), code: "npm_gone" });

/** The parent and, as long as that is a shell, the parent of it: when one of them ends, another takes its place. */
function starters(): string {
  const ids = [process.ppid];
  for (let entry = processEntry(process.ppid); entry && isShell(entry.name); entry = processEntry(entry.parent)) {
    ids.push(entry.parent);
  }
  return ids.join(" ");
}

const isShell = (name: string): boolean => SHELLS.includes(basename(name).replace(/^-/, ""));
