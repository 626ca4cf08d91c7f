/** Bye on the way out (S8): a process that is told to end says so to its group first. */
import type { ElectionClient } from "../client.ts";

/** Of every client of this process. */
const listeners = new WeakSet<object>();
/** Of those clients that a signal has told to leave, until they have. */
const leaving = new Set<unknown>();
/** What to call if the process goes on when all of them have left. */
const survivors = new Set<() => void>();

/**
 * `undefined` until a signal closes the client; resolves only if the process goes on after that. Scopes and observers that
 * a signal ends wait for it: a program that awaits one of them would otherwise end by the error, with another client
 * still draining, and not by the signal.
 */
export type Farewell = () => Promise<void> | undefined;

/**
 * While the client has a session: the first of these signals closes it (terms end, drain, `bye`) and is raised again when
 * that is done, of several clients by the last one; a second one ends the process at once. Where somebody else still
 * listens for the signal then (`on`, not `once`), ending the process is left to them.
 */
export function leaveOnSignals(
  client: Pick<ElectionClient, "close" | "onStateChange">,
  signals: readonly NodeJS.Signals[],
): Farewell {
  let farewell: Promise<void> | undefined;
  let listening = false;
  const listen = (on: boolean): void => {
    if (on === listening) return;
    listening = on;
    for (const signal of signals) process[on ? "on" : "off"](signal, leave);
  };
  const end = (signal: NodeJS.Signals): void => {
    listen(false);
    leaving.delete(leave);
    raiseAgain(signal);
  };
  const leave = (signal: NodeJS.Signals): void => {
    if (farewell !== undefined) return end(signal);
    leaving.add(leave);
    farewell = new Promise((resolve) => survivors.add(resolve));
    void client.close().finally(() => end(signal));
  };
  listeners.add(leave);
  client.onStateChange((state) => {
    if (farewell === undefined) listen(state !== "idle" && state !== "closed");
  });
  return () => farewell;
}

function raiseAgain(signal: NodeJS.Signals): void {
  const others = process.listeners(signal);
  if (others.every((other) => listeners.has(other) && !leaving.has(other))) process.kill(process.pid, signal);
  // Where the signal has ended the process, this turn never comes.
  setImmediate(() => {
    if (leaving.size > 0) return;
    for (const goOn of survivors) goOn();
    survivors.clear();
  });
}
