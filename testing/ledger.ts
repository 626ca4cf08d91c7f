/** Keeps the terms by the clients' own account: it compares what they lead after everything that happens. */
import type { Participant } from "../client/participant.ts";
import { leadingTerm } from "../shared/holder/state.ts";
import type { TestTerm } from "./history.ts";
import type { Machine } from "./machine.ts";

interface Entry {
  readonly term: TestTerm;
  readonly machine: Machine;
  /** When `isLeader()` turns false by itself. */
  until: number;
  to: number | null;
}

/** Each component that a client leads, and for how long if nothing else happens. */
function leads({
  driver,
  members,
}: Participant): (Pick<TestTerm, "component" | "election" | "leaderSessionId" | "epoch"> & { leftMs: number })[] {
  const state = driver.state();
  return state.contenders.flatMap(({ id, info: { component } }) => {
    const term = leadingTerm(state, id);
    if (term === null || !members.has(id)) return [];
    const { election, leaderSessionId, epoch } = term;
    const leftMs = term.leaseUntil - driver.now();
    return leftMs > 0 ? [{ component, election, leaderSessionId, epoch, leftMs }] : [];
  });
}

export class Ledger {
  readonly #entries: Entry[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Frozen code begins and ends nothing: what it led ends with its lease, or with its death. */
  look(machine: Machine, participant: Participant): void {
    const now = this.#now();
    const open = this.#entries.filter((entry) => entry.machine === machine && entry.to === null);
    if (machine.isDead) {
      for (const entry of open) entry.to = Math.min(now, entry.until);
    }
    if (!machine.isRunning) return;
    const led = leads(participant);
    for (const entry of open) {
      const still = led.find(({ component, leaderSessionId }) => isTerm(entry.term, component, leaderSessionId));
      if (still === undefined) entry.to = Math.min(now, entry.until);
      else entry.until = now + still.leftMs;
    }
    for (const { leftMs, ...leadership } of led) {
      if (open.some(({ term }) => isTerm(term, leadership.component, leadership.leaderSessionId))) continue;
      const term = { client: machine.name, ...leadership, from: now, to: null };
      this.#entries.push({ term, machine, until: now + leftMs, to: null });
    }
  }

  terms(): TestTerm[] {
    const now = this.#now();
    return this.#entries.map(({ term, until, to }) => ({ ...term, to: to ?? (until <= now ? until : null) }));
  }
}

const isTerm = (term: TestTerm, component: string, leaderSessionId: string): boolean =>
  term.component === component && term.leaderSessionId === leaderSessionId;
