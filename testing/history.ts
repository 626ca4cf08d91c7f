/**
 * Which client led which component when, according to the clients: a term begins with its grant, and lasts as long as
 * `isLeader()` is true for the code that holds it. Times are milliseconds since the group was made.
 */
import type { ElectionName } from "../shared/protocol/names.ts";
import type { EndedTerm } from "../worker/group/events.ts";
import { overlaps, type Span } from "./leading.ts";

/** One leadership of a component, as its client saw it. */
export interface TestTerm {
  /** Name of the client. */
  readonly client: string;
  readonly component: string;
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly from: number;
  /** `null` while it runs. */
  readonly to: number | null;
}

/** A write by code that acted under a leadership. */
export interface TestWrite extends Pick<TestTerm, "client" | "component" | "leaderSessionId" | "epoch"> {
  readonly what: string;
  readonly at: number;
  /** True if the leadership was over by then, or had never begun. */
  readonly isLate: boolean;
}

/** Two clients acted as leader of one election at the same time. */
export interface Overlap {
  readonly election: ElectionName;
  readonly first: TestTerm;
  readonly second: TestTerm;
  readonly from: number;
  readonly to: number;
}

/** A copy: later events do not change it. */
export interface TestHistory {
  /** In the order in which they began. */
  readonly terms: readonly TestTerm[];
  readonly writes: readonly TestWrite[];
  /** Ended terms according to the group, oldest first: with the reason, and how long nobody led before. */
  readonly ended: readonly EndedTerm[];
  /**
   * Empty unless two clients acted as leader at the same time. Here a term lasts until the latest of three moments: its end,
   * the end of its drain (its `onRevoke` has settled, its drain time or lease is over, or the group has lost it), and its last write. So code that goes on writing
   * after its loss is found here as soon as there is a next leader.
   */
  overlaps(): readonly Overlap[];
  /** Writes under a leadership that was over, whether or not there was a next leader yet. */
  lateWrites(): readonly TestWrite[];
}

/** Until when a term has drained inside its lease. */
export interface TestDrain extends Pick<TestTerm, "component" | "leaderSessionId"> {
  readonly to: number;
}

export interface Account {
  readonly terms: readonly TestTerm[];
  readonly drains: readonly TestDrain[];
  readonly writes: readonly TestWrite[];
  readonly ended: readonly EndedTerm[];
  readonly now: number;
}

export function createHistory({ terms, drains, writes, ended, now }: Account): TestHistory {
  return {
    terms,
    writes,
    ended,
    overlaps: () =>
      overlaps(terms.map((term) => stintOf(term, { drains, writes, now }))).map(({ first, second, from, to }) => {
        return { election: first.election, first: first.term, second: second.term, from, to };
      }),
    lateWrites: () => writes.filter(({ isLate }) => isLate),
  };
}

interface Stint extends Span {
  readonly election: ElectionName;
  readonly term: TestTerm;
}

/** From the grant to the end of the term, to the end of its drain, or to the last write under it. */
function stintOf(term: TestTerm, { drains, writes, now }: Pick<Account, "drains" | "writes" | "now">): Stint {
  const { election, leaderSessionId, from } = term;
  const drained = drains.filter((drain) => isOf(drain, term)).map(({ to }) => to);
  const written = writes.filter((write) => isOf(write, term)).map(({ at }) => at);
  return { term, election, leaderSessionId, from, to: Math.max(term.to ?? now, ...drained, ...written) };
}

const isOf = (act: Pick<TestTerm, "component" | "leaderSessionId">, term: TestTerm): boolean =>
  act.leaderSessionId === term.leaderSessionId && act.component === term.component;
