/** Which ended terms give way to new ones. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { electionOf } from "../../../shared/protocol/names.ts";
import { type KeptTerm, KeptTerms } from "../../../worker/group/kept-terms.ts";

const KEEP = 12;

type End = readonly [component: string, subject: string | null];

function termOf(sequence: number, [component, subject]: End): KeptTerm {
  const election = component === "process" ? ("process" as const) : electionOf(component, "dedicated");
  return { key: `term/${sequence}`, sequence, election, subject };
}

/** A history of these terms, each `[component, subject]`, as it is kept: the oldest first. */
function historyOf(ends: readonly End[]): readonly KeptTerm[] {
  const kept = new KeptTerms([]);
  for (const [sequence, end] of ends.entries()) {
    if (kept.size === KEEP) kept.giveWay();
    kept.add(termOf(sequence, end));
  }
  return kept.newestFirst(KEEP).reverse();
}

const many = <T>(count: number, of: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => of(index));
const of = (kept: readonly KeptTerm[], subject: string | null) => kept.filter((term) => term.subject === subject);

test("[O9] a subject that ends terms of one election without end leaves the others theirs, in that election and in every other", () => {
  const quiet = [...many(4, () => ["process", "quiet"] as const), ...many(2, () => ["sync", "quiet"] as const)];
  const kept = historyOf([...quiet, ...many(500, () => ["process", "loud"] as const)]);
  expect(of(kept, "quiet").map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(of(kept, "loud").map(({ sequence }) => sequence)).toEqual(many(6, (index) => 500 + index));
});

test("[O9] a subject that makes up elections without end leaves the others about half", () => {
  const quiet = many(12, (index) => [index % 2 === 0 ? "process" : "sync", "quiet"] as const);
  const kept = historyOf([...quiet, ...many(500, (index) => [`made-up-${index}`, "loud"] as const)]);
  expect(of(kept, "quiet").map(({ sequence }) => sequence)).toEqual([7, 8, 9, 10, 11]);
});

test("[O9] an election that changes hands without end leaves the other elections theirs, whoever leads it", () => {
  const quiet = many(3, () => ["sync", "quiet"] as const);
  const kept = historyOf([...quiet, ...many(500, (index) => ["process", `tab-${index}`] as const)]);
  expect(kept.filter(({ election }) => election !== "process")).toHaveLength(3);
  expect(of(kept, "tab-499")).toHaveLength(1);
});

test("[O9] sessions without a subject share by elections", () => {
  const kept = historyOf([...many(3, () => ["sync", null] as const), ...many(500, () => ["process", null] as const)]);
  expect(kept.filter(({ election }) => election !== "process")).toHaveLength(3);
});

test("one election of one subject keeps its newest terms", () => {
  const kept = historyOf(many(40, () => ["process", "a"] as const));
  expect(kept.map(({ sequence }) => sequence)).toEqual(many(KEEP, (index) => 40 - KEEP + index));
});

test("a term that ends gets the next number, also after a load; a number that no group reaches is none", () => {
  const end: End = ["process", "a"];
  expect(new KeptTerms([]).next).toBe(0);
  const kept = new KeptTerms([termOf(3, end), termOf(2 ** 50, end), termOf(9, end)]);
  expect(kept.next).toBe(10);
  kept.giveWay();
  expect(kept.next).toBe(10);
  kept.add(termOf(kept.next, end));
  expect(kept.next).toBe(11);
});

/** The same rule by looking at every term. */
function slowly(kept: readonly KeptTerm[]): KeptTerm | undefined {
  const largest = (terms: readonly KeptTerm[], part: "election" | "subject"): readonly KeptTerm[] =>
    [...Map.groupBy(terms, (term) => term[part]).values()].toSorted(
      (one, other) => other.length - one.length || (one[0]?.sequence ?? 0) - (other[0]?.sequence ?? 0),
    )[0] ?? [];
  const [election, subject] = [largest(kept, "election"), largest(kept, "subject")];
  return (subject.length >= election.length ? largest(subject, "election") : largest(election, "subject"))[0];
}

test("[O9] whatever ends, and in whatever order, the term that gives way is the one that a look at all of them finds", () => {
  const end = fc.tuple(fc.constantFrom("process", "a", "b", "c"), fc.constantFrom("x", "y", "z", null));
  const isSame = (ends: readonly End[]): void => {
    const kept = new KeptTerms([]);
    for (const [sequence, one] of ends.entries()) {
      kept.add(termOf(sequence, one));
      if (kept.size <= KEEP) continue;
      const expected = slowly(kept.newestFirst(Infinity).reverse());
      expect(kept.giveWay()).toBe(expected);
    }
    expect(kept.newestFirst(3)).toEqual(kept.newestFirst(Infinity).slice(0, 3));
  };
  fc.assert(fc.property(fc.array(end, { maxLength: 60 }), isSame), { seed: inject("seed") });
});

test("an empty history has nothing to give", () => {
  expect(new KeptTerms([]).giveWay()).toBe(undefined);
});
