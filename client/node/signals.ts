/** Bye on the way out (S8): a process that is told to end says so to its group first. */
import { constants } from "node:os";
import type { ElectionClient } from "../client.ts";

/** A client of this process that signals close. */
interface Guest {
  readonly signals: readonly NodeJS.Signals[];
  close(): Promise<void>;
  /** Since a signal has closed it. */
  farewell?: Promise<void>;
}

/** Those that have a session, by the signals that close them. One listener of the process serves them all. */
const guests = new Map<NodeJS.Signals, Set<Guest>>();
/** Those that a signal has told to leave, until they have. */
const leaving = new Set<Guest>();
/** What to call if the process goes on when all of them have left. */
const survivors = new Set<() => void>();

/**
 * `undefined` until a signal closes the client; resolves only if the process goes on after that. Scopes and observers that
 * a signal ends wait for it: a program that awaits one of them would otherwise end by the error, with another client
 * still draining, and not by the signal.
 */
export type Farewell = () => Promise<void> | undefined;

/**
 * While the client has a session: the first of these signals closes it (terms end, drain, `bye`). When every client that
 * was told has left, the signal ends the process; a second one ends it at once. Where somebody else still listens for the
 * signal then (`on`, not `once`), ending the process is left to them.
 */
export function leaveOnSignals(
  client: Pick<ElectionClient, "close" | "onStateChange">,
  signals: readonly NodeJS.Signals[],
): Farewell {
  const guest: Guest = { signals, close: () => client.close() };
  client.onStateChange((state) => {
    if (guest.farewell !== undefined) return;
    if (state === "idle" || state === "closed") forget(guest);
    else enter(guest);
  });
  return () => guest.farewell;
}

function enter(guest: Guest): void {
  for (const signal of guest.signals) {
    const present = guests.get(signal) ?? new Set();
    if (present.size === 0) process.on(signal, hear);
    guests.set(signal, present.add(guest));
  }
}

function forget(guest: Guest): void {
  for (const signal of guest.signals) {
    const present = guests.get(signal);
    if (!present?.delete(guest) || present.size > 0) continue;
    guests.delete(signal);
    process.off(signal, hear);
  }
}

function hear(signal: NodeJS.Signals): void {
  const told = [...(guests.get(signal) ?? [])];
  if (!told.some((guest) => leaving.has(guest))) {
    for (const guest of told) void leave(guest, signal);
    return;
  }
  for (const guest of [...told, ...leaving]) forget(guest);
  leaving.clear();
  end(signal);
}

async function leave(guest: Guest, signal: NodeJS.Signals): Promise<void> {
  leaving.add(guest);
  guest.farewell = new Promise((resolve) => survivors.add(resolve));
  await guest.close();
  forget(guest);
  if (!leaving.delete(guest) || leaving.size > 0) return;
  // Sessions may have been opened meanwhile: they end too.
  if (guests.has(signal)) hear(signal);
  else end(signal);
}

function end(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) === 0) {
    process.kill(process.pid, signal);
    // Where the signal has ended the process, this turn never comes. As PID 1 it comes: the kernel drops the signal there.
    setImmediate(() => process.exit(128 + constants.signals[signal]));
    return;
  }
  for (const goOn of survivors) goOn();
  survivors.clear();
}
