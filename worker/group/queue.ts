/**
 * The candidates of one election, in the order in which it is granted to them. Only sessions that can be granted it
 * or asked now have a rank; see `standingIn`. The others stand aside: they keep their place, and are only counted and shown.
 *
 * A session that missed its turn, resigned, expired or was made to step down is *demoted*: it comes after all others,
 * whatever its priority, until somebody has taken the lead (Q4). Among the others a higher priority comes first, then what the
 * policy prefers (Q8), then the one that leads fewer elections of a group that spreads them (D4), then the older place.
 */
import { compareText, SortedMap } from "./sorted-map.ts";

/** What a process is worth as a leader. Only a process that is worth more than the holder may take the lead from it (Q2). */
export interface Worth {
  readonly priority: number;
  /** Sorts as text, what is preferred last. */
  readonly preference: string;
}

export interface Rank extends Worth {
  readonly demoted: boolean;
  /** How many dedicated elections it leads, where that counts. */
  readonly led: number;
  /** Grows with every place that is given out. */
  readonly order: number;
}

/** `null`: the session has no place, or leads. */
export type Standing = Rank | "aside" | null;

/** The one that is worth more comes first. */
export const compareWorth = (left: Worth, right: Worth): number =>
  right.priority - left.priority || compareText(right.preference, left.preference);

const compareRank = (left: Rank, right: Rank): number =>
  Number(left.demoted) - Number(right.demoted) ||
  (left.demoted ? 0 : compareWorth(left, right) || left.led - right.led) ||
  left.order - right.order;

const FIRST_DEMOTED: Rank = { demoted: true, priority: 0, preference: "", led: 0, order: -Infinity };

export class Queue {
  static readonly empty = new Queue(
    SortedMap.empty(compareRank),
    SortedMap.empty(compareText),
    SortedMap.empty(compareText),
  );

  readonly #ranks: SortedMap<string, Rank>;
  /** The same by rank; `null` until it is needed. */
  #ordered: SortedMap<Rank, string> | null;
  readonly #aside: SortedMap<string, true>;

  private constructor(
    ordered: SortedMap<Rank, string> | null,
    ranks: SortedMap<string, Rank>,
    aside: SortedMap<string, true>,
  ) {
    this.#ordered = ordered;
    this.#ranks = ranks;
    this.#aside = aside;
  }

  /** All at once, each of them once. Sorted only when it is needed: most wake-ups grant nothing. */
  static of(candidates: readonly (readonly [sessionId: string, rank: Rank])[], aside: readonly string[]): Queue {
    const { empty } = Queue;
    return new Queue(null, empty.#ranks.of(candidates), empty.#aside.of(aside.map((sessionId) => [sessionId, true])));
  }

  get #sessions(): SortedMap<Rank, string> {
    if (this.#ordered === null) {
      const candidates: [Rank, string][] = [];
      this.#ranks.each((sessionId, rank) => candidates.push([rank, sessionId]));
      this.#ordered = SortedMap.empty<Rank, string>(compareRank).of(candidates);
    }
    return this.#ordered;
  }

  /** How many candidates there are. */
  get size(): number {
    return this.#ranks.size;
  }

  /** How many sessions have a place, the holder excepted. */
  get waiting(): number {
    return this.#ranks.size + this.#aside.size;
  }

  /** At most `count` of those that wait, from the one at `from` on: the candidates in their order, then the others. */
  page(from: number, count: number): string[] {
    const ready = this.#sessions.slice(from, count).map(([, sessionId]) => sessionId);
    const others = this.#aside.slice(Math.max(0, from - this.size), count - ready.length);
    return [...ready, ...others.map(([sessionId]) => sessionId)];
  }

  rankOf(sessionId: string): Rank | undefined {
    return this.#ranks.get(sessionId);
  }

  /** Who is next. */
  first(): readonly [Rank, string] | undefined {
    return this.#sessions.first();
  }

  /** Puts a session where it belongs; `null` takes it out. Returns the same queue where nothing changes. */
  place(sessionId: string, standing: Standing): Queue {
    const rank = standing === "aside" ? null : standing;
    const aside = standing === "aside" ? this.#aside.set(sessionId, true) : this.#aside.delete(sessionId);
    const before = this.#ranks.get(sessionId);
    const isSame = before === undefined ? rank === null : rank !== null && compareRank(before, rank) === 0;
    if (isSame) return aside === this.#aside ? this : new Queue(this.#ordered, this.#ranks, aside);
    let sessions = this.#sessions;
    let ranks = this.#ranks;
    if (before !== undefined) {
      sessions = sessions.delete(before);
      ranks = ranks.delete(sessionId);
    }
    if (rank !== null) {
      sessions = sessions.set(rank, sessionId);
      ranks = ranks.set(sessionId, rank);
    }
    return new Queue(sessions, ranks, aside);
  }

  /** All of them, in their order. */
  entries(): IterableIterator<readonly [Rank, string]> {
    return this.#sessions.entries();
  }

  /** Session ids in their order. */
  sessionIds(): IterableIterator<string> {
    return this.#sessions.values();
  }

  /** Those that come last until somebody has taken the lead. */
  demoted(): string[] {
    const demoted: string[] = [];
    for (const [, sessionId] of this.#sessions.entries(FIRST_DEMOTED)) demoted.push(sessionId);
    return demoted;
  }
}
