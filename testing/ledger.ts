/** Keeps the terms by the clients' own account: it compares what they lead after everything that happens. */
import type { Participant } from "../client/participant.ts";
import { leadingTerm } from "../shared/holder/state.ts";
import type { TestTerm } from "./history.ts";

/** Who leads: a process with a client, or one that calls. */
export interface Observed {
  readonly name: string;
  readonly isDead: boolean;
  /** Its code can act. */
  readonly isRunning: boolean;
  /** Each component that it leads, by its own account. */
  leads(): Iterable<Tenure>;
}

/** A leadership, and for how long if nothing else happens. */
export interface Tenure extends Pick<TestTerm, "component" | "election" | "leaderSessionId" | "epoch"> {
  readonly leftMs: number;
}

interface Entry {
  readonly term: TestTerm;
  readonly observed: Observed;
  /** When `isLeader()` turns false by itself. */
  until: number;
  to: number | null;
}

export function* ledBy({ driver, members }: Participant): Generator<Tenure> {
  const state = driver.state();
  for (const { id, info } of state.contenders) {
    const term = leadingTerm(state, id);
    if (term === null || !members.has(id)) continue;
    const { election, leaderSessionId, epoch } = term;
    const leftMs = term.leaseUntil - driver.now();
    if (leftMs > 0) yield { component: info.component, election, leaderSessionId, epoch, leftMs };
  }
}

export class Ledger {
  readonly #entries: Entry[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Frozen code begins and ends nothing: what it led ends with its lease, or with its death. */
  look(observed: Observed): void {
    const now = this.#now();
    const open = this.#entries.filter((entry) => entry.observed === observed && entry.to === null);
    if (observed.isDead) {
      for (const entry of open) entry.to = Math.min(now, entry.until);
    }
    if (!observed.isRunning) return;
    const led = [...observed.leads()];
    for (const entry of open) {
      const still = led.find(({ component, leaderSessionId }) => isTerm(entry.term, component, leaderSessionId));
      if (still === undefined) entry.to = Math.min(now, entry.until);
      else entry.until = now + still.leftMs;
    }
    for (const { leftMs, ...leadership } of led) {
      if (open.some(({ term }) => isTerm(term, leadership.component, leadership.leaderSessionId))) continue;
      const term = { client: observed.name, ...leadership, from: now, to: null };
      this.#entries.push({ term, observed, until: now + leftMs, to: null });
    }
  }

  terms(): TestTerm[] {
    const now = this.#now();
    return this.#entries.map(({ term, until, to }) => ({ ...term, to: to ?? (until <= now ? until : null) }));
  }
}

const isTerm = (term: TestTerm, component: string, leaderSessionId: string): boolean =>
  term.component === component && term.leaderSessionId === leaderSessionId;
