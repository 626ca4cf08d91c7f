/** Goodbye on the way out (S8): a process that is told to end tells its group first. */
import { constants } from "node:os";
import type { ElectionClient } from "../client.ts";

/** A client of this process that signals close. */
interface Closable {
  readonly signals: readonly NodeJS.Signals[];
  close(): Promise<void>;
  /** Set when a signal closes the client. */
  farewell?: Promise<void>;
}

/** The clients that have a session, by the signals that close them. The process has one listener for each signal. */
const present = new Map<NodeJS.Signals, Set<Closable>>();
/** The clients that a signal has told to leave, until they have left. */
const leaving = new Set<Closable>();
/** Called if the process goes on after all of them have left. */
const continuations = new Set<() => void>();

/**
 * Returns `undefined` until a signal closes the client. Then its promise resolves only if the process goes on. Scopes and
 * observers that a signal ends wait for it: a program that awaits one of them would otherwise end by its error, while
 * another client still drains, and not by the signal.
 */
export type Farewell = () => Promise<void> | undefined;

/**
 * While the client has a session, the first of these signals closes it (terms end, drain, `bye`). When every client that
 * was told has left, the signal ends the process; a second signal ends it at once. Where the program still listens for the
 * signal then (`on`, not `once`), the program has to end the process.
 */
export function leaveOnSignals(
  client: Pick<ElectionClient, "onStateChange"> & Pick<Closable, "close">,
  signals: readonly NodeJS.Signals[],
): Farewell {
  const closable: Closable = { signals, close: () => client.close() };
  client.onStateChange((state) => {
    if (closable.farewell !== undefined) return;
    if (state === "idle" || state === "closed") forget(closable);
    else enter(closable);
  });
  return () => closable.farewell;
}

function enter(client: Closable): void {
  for (const signal of client.signals) {
    const clients = present.get(signal) ?? new Set();
    if (clients.size === 0) process.on(signal, receive);
    present.set(signal, clients.add(client));
  }
}

function forget(client: Closable): void {
  for (const signal of client.signals) {
    const clients = present.get(signal);
    if (!clients?.delete(client) || clients.size > 0) continue;
    present.delete(signal);
    process.off(signal, receive);
  }
}

function receive(signal: NodeJS.Signals): void {
  const clients = [...(present.get(signal) ?? [])];
  if (!clients.some((client) => leaving.has(client))) {
    for (const client of clients) void leave(client, signal);
    return;
  }
  for (const client of [...clients, ...leaving]) forget(client);
  leaving.clear();
  end(signal);
}

async function leave(client: Closable, signal: NodeJS.Signals): Promise<void> {
  leaving.add(client);
  client.farewell = new Promise((resolve) => continuations.add(resolve));
  await client.close();
  forget(client);
  if (!leaving.delete(client) || leaving.size > 0) return;
  // Sessions may have been opened meanwhile: they end too.
  if (present.has(signal)) receive(signal);
  else end(signal);
}

function end(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) === 0) {
    process.kill(process.pid, signal);
    // Where the signal has ended the process, this turn never comes. For PID 1 it comes: the kernel drops the signal there.
    setImmediate(() => process.exit(128 + constants.signals[signal]));
    return;
  }
  for (const goOn of continuations) goOn();
  continuations.clear();
}
