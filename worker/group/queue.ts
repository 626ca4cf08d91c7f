/**
 * The candidates of one election, in the order in which it is granted to them. It has only sessions that can be granted it
 * or asked now; see `rankIn`.
 *
 * A session that missed its turn, resigned, expired or was made to step down is *demoted*: it comes after all others,
 * whatever its priority, until somebody has taken the lead (Q4). Among the others a higher priority comes first, then the older
 * place.
 */
import { compareText, SortedMap } from "./sorted-map.ts";

export interface Rank {
  readonly demoted: boolean;
  readonly priority: number;
  /** Grows with every place that is given out. */
  readonly order: number;
}

const compareRank = (left: Rank, right: Rank): number =>
  Number(left.demoted) - Number(right.demoted) ||
  (left.demoted ? 0 : right.priority - left.priority) ||
  left.order - right.order;

const FIRST_DEMOTED: Rank = { demoted: true, priority: 0, order: -Infinity };

export class Queue {
  static readonly empty = new Queue(SortedMap.empty(compareRank), SortedMap.empty(compareText));

  readonly #ranks: SortedMap<string, Rank>;
  /** The same by rank; `null` until it is needed. */
  #ordered: SortedMap<Rank, string> | null;

  private constructor(ordered: SortedMap<Rank, string> | null, ranks: SortedMap<string, Rank>) {
    this.#ordered = ordered;
    this.#ranks = ranks;
  }

  /** All candidates at once, each of them once. Sorted only when it is needed: most wake-ups grant nothing. */
  static of(candidates: readonly (readonly [sessionId: string, rank: Rank])[]): Queue {
    return new Queue(null, Queue.empty.#ranks.of(candidates));
  }

  get #sessions(): SortedMap<Rank, string> {
    if (this.#ordered === null) {
      const candidates: [Rank, string][] = [];
      this.#ranks.each((sessionId, rank) => candidates.push([rank, sessionId]));
      this.#ordered = SortedMap.empty<Rank, string>(compareRank).of(candidates);
    }
    return this.#ordered;
  }

  get size(): number {
    return this.#ranks.size;
  }

  rankOf(sessionId: string): Rank | undefined {
    return this.#ranks.get(sessionId);
  }

  /** Who is next. */
  first(): readonly [Rank, string] | undefined {
    return this.#sessions.first();
  }

  /** Puts a session where its rank belongs; `null` takes it out. Returns the same queue where nothing changes. */
  place(sessionId: string, rank: Rank | null): Queue {
    const before = this.#ranks.get(sessionId);
    if (before === undefined && rank === null) return this;
    if (before !== undefined && rank !== null && compareRank(before, rank) === 0) return this;
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
    return new Queue(sessions, ranks);
  }

  /** All of them, in their order. */
  entries(): Iterable<readonly [Rank, string]> {
    return this.#sessions.entries();
  }

  /** Session ids in their order. */
  sessionIds(): Iterable<string> {
    return this.#sessions.values();
  }

  /** Those that come last until somebody has taken the lead. */
  *demoted(): Generator<string> {
    for (const [, sessionId] of this.#sessions.entries(FIRST_DEMOTED)) yield sessionId;
  }
}
