/** Keeps the terms by the clients' own account: it compares what they lead after everything that happens. */
import type { Participant } from "../client/participant.ts";
import { type Contender, drainMs, type HolderState, isStopping, leadingTerm } from "../shared/holder/state.ts";
import type { TestDrain, TestTerm } from "./history.ts";

/** Who leads: a process with a client, or one that calls. */
export interface Observed {
  readonly name: string;
  readonly isDead: boolean;
  /** Its code can act. */
  readonly isRunning: boolean;
  /** Each component that it leads, by its own account. */
  leads(): Iterable<Tenure>;
  /** Each component whose `onRevoke` still runs inside the lease, and for how long it may. */
  drains(): Iterable<Draining>;
}

/** What `drainMs()` answers where it is not 0. */
export interface Draining extends Pick<TestTerm, "component" | "leaderSessionId"> {
  readonly leftMs: number;
}

/** A leadership, and for how long if nothing else happens. */
export interface Tenure extends Pick<TestTerm, "component" | "election" | "leaderSessionId" | "epoch"> {
  readonly leftMs: number;
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

/** What still stops. */
export function* drainedBy<C extends Contender>(
  state: HolderState<C>,
  componentOf: (contender: C) => string,
  now: number,
): Generator<Draining> {
  for (const contender of state.contenders) {
    const { id, phase } = contender;
    if (!isStopping(phase)) continue;
    const leftMs = drainMs(state, id, phase.leaderSessionId, { now, maxDrainMs: 0 });
    if (leftMs > 0) yield { component: componentOf(contender), leaderSessionId: phase.leaderSessionId, leftMs };
  }
}

interface Entry<T> {
  readonly what: T;
  readonly observed: Observed;
  readonly from: number;
  /** When it ends by itself. */
  until: number;
  to: number | null;
}

type Subject = Pick<TestTerm, "component" | "leaderSessionId">;

const isSame = (one: Subject, other: Subject): boolean =>
  one.component === other.component && one.leaderSessionId === other.leaderSessionId;

/** What lasts for a time, compared with what is there now. */
class Spans<T extends Subject> {
  readonly #entries: Entry<T>[] = [];

  *#open(observed: Observed): Generator<Entry<T>> {
    for (const entry of this.#entries) if (entry.observed === observed && entry.to === null) yield entry;
  }

  look(observed: Observed, present: readonly (readonly [what: T, leftMs: number])[], now: number): void {
    const open = [...this.#open(observed)];
    for (const entry of open) {
      const [, leftMs] = present.find(([what]) => isSame(what, entry.what)) ?? [];
      if (leftMs === undefined) entry.to = Math.min(now, entry.until);
      else entry.until = now + leftMs;
    }
    for (const [what, leftMs] of present) {
      if (open.some((entry) => isSame(entry.what, what))) continue;
      this.#entries.push({ what, observed, from: now, until: now + leftMs, to: null });
    }
  }

  /** With its death. */
  end(observed: Observed, now: number): void {
    for (const entry of this.#open(observed)) entry.to = Math.min(now, entry.until);
  }

  *all(now: number): Generator<readonly [entry: Entry<T>, to: number | null]> {
    for (const entry of this.#entries) yield [entry, entry.to ?? (entry.until <= now ? entry.until : null)];
  }
}

export class Ledger {
  readonly #terms = new Spans<Omit<Tenure, "leftMs">>();
  readonly #drains = new Spans<Omit<Draining, "leftMs">>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Frozen code begins and ends nothing: what it led ends with its lease, or with its death. */
  look(observed: Observed): void {
    const now = this.#now();
    if (observed.isDead) for (const spans of [this.#terms, this.#drains]) spans.end(observed, now);
    if (!observed.isRunning) return;
    this.#terms.look(
      observed,
      Array.from(observed.leads(), ({ leftMs, ...term }) => [term, leftMs]),
      now,
    );
    this.#drains.look(
      observed,
      Array.from(observed.drains(), ({ leftMs, ...drain }) => [drain, leftMs]),
      now,
    );
  }

  terms(): TestTerm[] {
    return Array.from(this.#terms.all(this.#now()), ([{ what, observed, from }, to]) => {
      return { client: observed.name, ...what, from, to };
    });
  }

  drains(): TestDrain[] {
    const now = this.#now();
    return Array.from(this.#drains.all(now), ([{ what }, to]) => ({ ...what, to: to ?? now }));
  }
}
