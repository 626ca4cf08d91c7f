/**
 * Which ended terms a group keeps. Elections and subjects share the history: a term of one that has many gives way to a
 * new term, so that nobody who takes and gives up the lead again and again empties the history of the others.
 */
import type { ElectionName } from "../../shared/protocol/names.ts";

/** No group ends so many terms: a larger number is damage, and the next terms are numbered without it. */
const LARGEST = 2 ** 50;

/** What is known of a kept term without its row. */
export interface KeptTerm {
  readonly key: string;
  readonly sequence: number;
  readonly election: ElectionName;
  /** The subject of its session; `null`: all those without one, together. */
  readonly subject: string | null;
}

/** The terms of one subject in one election. */
interface Pair extends Pick<KeptTerm, "election" | "subject"> {
  /** The oldest first. Those before `first` have given way. */
  terms: KeptTerm[];
  first: number;
}

/** A term that ends finds its place without a walk through the others: there are few pairs, unless somebody makes them up. */
export class KeptTerms {
  #pairs: readonly Pair[] = [];
  #size = 0;
  #next = 0;

  /** In the order of their ends. */
  constructor(terms: readonly KeptTerm[]) {
    for (const term of terms) {
      this.#put(term);
      if (term.sequence >= this.#next && term.sequence < LARGEST) this.#next = term.sequence + 1;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** The number of the next term that ends. */
  get next(): number {
    return this.#next;
  }

  /** It has ended after all others. */
  add(term: KeptTerm): void {
    this.#put(term);
    this.#next = Math.max(this.#next, term.sequence + 1);
  }

  #put(term: KeptTerm): void {
    const { election, subject } = term;
    const pair = this.#pairs.find((one) => one.election === election && one.subject === subject);
    if (pair === undefined) this.#pairs = [...this.#pairs, { election, subject, terms: [term], first: 0 }];
    else pair.terms.push(term);
    this.#size += 1;
  }

  /**
   * Takes out the term that gives way: of the election or the subject that has the most, and within that of the subject or
   * the election that has the most there, the oldest. `undefined`: there is none.
   */
  giveWay(): KeptTerm | undefined {
    const election = largest(Map.groupBy(this.#pairs, (pair) => pair.election).values());
    const subject = largest(Map.groupBy(this.#pairs, (pair) => pair.subject).values());
    const candidates = sizeOf(subject) >= sizeOf(election) ? subject : election;
    const [pair] = largest(candidates.map((one) => [one]));
    const gone = pair?.terms[pair.first];
    if (pair === undefined || gone === undefined) return undefined;
    this.#size -= 1;
    pair.first += 1;
    if (sizeOf([pair]) === 0) this.#pairs = this.#pairs.filter((one) => one !== pair);
    // Not one by one: that would move all others each time.
    if (pair.first > pair.terms.length / 2) [pair.terms, pair.first] = [pair.terms.slice(pair.first), 0];
    return gone;
  }

  newestFirst(limit: number): KeptTerm[] {
    const all = this.#pairs.flatMap(({ terms, first }) => terms.slice(first));
    return all.sort((one, other) => other.sequence - one.sequence).slice(0, limit);
  }
}

const sizeOf = (pairs: readonly Pair[]): number =>
  pairs.reduce((sum, { terms, first }) => sum + terms.length - first, 0);
const oldestOf = (pairs: readonly Pair[]): number =>
  Math.min(...pairs.map(({ terms, first }) => terms[first]?.sequence ?? Infinity));

/** The one with most terms; of several the one whose oldest term is the oldest. */
function largest(groups: Iterable<readonly Pair[]>): readonly Pair[] {
  let found: readonly Pair[] = [];
  for (const group of groups) {
    const more = sizeOf(group) - sizeOf(found);
    if (more > 0 || (more === 0 && oldestOf(group) < oldestOf(found))) found = group;
  }
  return found;
}
