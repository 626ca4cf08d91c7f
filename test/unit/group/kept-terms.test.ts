/** Which ended terms give way to new ones. */
import { expect, test } from "vitest";
import { electionOf } from "../../../shared/protocol/names.ts";
import { givesWay, type KeptTerm } from "../../../worker/group/kept-terms.ts";

const KEEP = 12;

/** A history of these terms, each `[component, subject]`, as it is kept. */
function historyOf(ends: readonly (readonly [component: string, subject: string | null])[]): readonly KeptTerm[] {
  let kept: readonly KeptTerm[] = [];
  for (const [sequence, [component, subject]] of ends.entries()) {
    const gone = kept.length < KEEP ? undefined : givesWay(kept);
    const election = component === "process" ? ("process" as const) : electionOf(component, "dedicated");
    kept = [...kept.filter((term) => term !== gone), { key: `term/${sequence}`, sequence, election, subject }];
  }
  return kept;
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
