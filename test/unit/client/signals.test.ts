/** Signals to a process that listens for them itself, so that none of them ends it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Farewell, leaveOnSignals } from "../../../client/node/signals.ts";
import type { ClientState } from "../../../client/session/state.ts";
import { settle } from "./fake-group.ts";

const own = vi.fn();
beforeEach(() => void process.on("SIGTERM", own));
afterEach(() => void process.off("SIGTERM", own));

/** A client that leaves when the test lets it. */
class Guest {
  readonly closed = Promise.withResolvers<void>();
  readonly farewell: Farewell;
  closes = 0;
  #listener: (state: ClientState) => void = () => {};

  constructor() {
    this.farewell = leaveOnSignals(this, ["SIGTERM"]);
    this.#listener("connected");
  }

  close(): Promise<void> {
    this.closes += 1;
    return this.closed.promise;
  }

  onStateChange(listener: (state: ClientState) => void): () => void {
    this.#listener = listener;
    return () => {};
  }

  turns(state: ClientState): void {
    this.#listener(state);
  }
}

const hasResolved = async (promise: Promise<unknown> | undefined): Promise<boolean> => {
  let resolved = false;
  void promise?.then(() => {
    resolved = true;
  });
  await settle();
  return resolved;
};

test("[S8] any number of clients with a session listen once; those without one are not notified", () => {
  const clients = Array.from({ length: 12 }, () => new Guest());
  expect(process.listenerCount("SIGTERM")).toBe(2);
  const [first, ...others] = clients;
  for (const client of others) client.turns("idle");
  process.emit("SIGTERM", "SIGTERM");
  expect(clients.map(({ closes }) => closes)).toEqual([1, ...others.map(() => 0)]);
  first?.closed.resolve();
});

test("[S8] [C10] a session that is opened while others leave is ended too, before the process goes on", async () => {
  const first = new Guest();
  process.emit("SIGTERM", "SIGTERM");
  const second = new Guest();
  first.closed.resolve();
  expect([await hasResolved(first.farewell()), second.closes]).toEqual([false, 1]);
  second.closed.resolve();
  expect([await hasResolved(first.farewell()), await hasResolved(second.farewell())]).toEqual([true, true]);
  expect(process.listeners("SIGTERM")).toEqual([own]);
});

test("[X7] where the program listens, a second signal leaves the end to it at once", async () => {
  const clients = [new Guest(), new Guest()];
  process.emit("SIGTERM", "SIGTERM");
  process.emit("SIGTERM", "SIGTERM");
  expect(await Promise.all(clients.map(({ farewell }) => hasResolved(farewell())))).toEqual([true, true]);
  expect([process.listeners("SIGTERM"), clients.map(({ closes }) => closes)]).toEqual([[own], [1, 1]]);
});
