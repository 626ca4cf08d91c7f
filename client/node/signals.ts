/** Bye on the way out (S8): a process that is told to end says so to its group first. */
import type { ElectionClient } from "../client.ts";

/**
 * While the client has a session: the first of these signals closes it (terms end, drain, `bye`) and is raised again
 * when that is done; a second one ends the process at once. Where somebody else listens for the signal too, ending the
 * process is left to them.
 */
export function leaveOnSignals(
  client: Pick<ElectionClient, "close" | "onStateChange">,
  signals: readonly NodeJS.Signals[],
): void {
  let leaving = false;
  let listening = false;
  const listen = (on: boolean): void => {
    if (on === listening) return;
    listening = on;
    for (const signal of signals) process[on ? "on" : "off"](signal, leave);
  };
  const raiseAgain = (signal: NodeJS.Signals): void => {
    listen(false);
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const leave = (signal: NodeJS.Signals): void => {
    if (leaving) return raiseAgain(signal);
    leaving = true;
    void client.close().finally(() => raiseAgain(signal));
  };
  client.onStateChange((state) => {
    if (!leaving) listen(state !== "idle" && state !== "closed");
  });
}
