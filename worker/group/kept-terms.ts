/**
 * Which ended terms a group keeps. Elections and subjects share the history: a term of one that has many gives way to a
 * new term, so that nobody who takes and gives up the lead again and again empties the history of the others.
 */
import type { ElectionName } from "../../shared/protocol/names.ts";

/** What is known of a kept term without its row. */
export interface KeptTerm {
  readonly key: string;
  readonly sequence: number;
  readonly election: ElectionName;
  /** The subject of its session; `null`: all those without one, together. */
  readonly subject: string | null;
}

type Part = keyof Pick<KeptTerm, "election" | "subject">;

/**
 * The term that gives way: of the election or the subject that has the most, and within that of the subject or the
 * election that has the most there, the oldest. `kept` is in the order of their ends, and not empty.
 */
export function givesWay(kept: readonly KeptTerm[]): KeptTerm | undefined {
  const [election, subject] = [largest(kept, "election"), largest(kept, "subject")];
  const [first, then]: [Part, Part] =
    subject.length >= election.length ? ["subject", "election"] : ["election", "subject"];
  return largest(first === "subject" ? subject : election, then)[0];
}

/** Those with the value that most of them have; of several values the one whose oldest term is the oldest. */
function largest(kept: readonly KeptTerm[], part: Part): readonly KeptTerm[] {
  const counts = new Map<string | null, number>();
  let most = 0;
  for (const { [part]: value } of kept) {
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    most = Math.max(most, count);
  }
  const [found] = [...counts].find(([, count]) => count === most) ?? [];
  return kept.filter(({ [part]: value }) => value === found);
}
