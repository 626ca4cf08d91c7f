/** The result of `npm run mutants` as tables of a page. */
import { table } from "./bench-tables.ts";

export interface ForeignMutant {
  readonly room: string;
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  /** Which search has found it; `null`: none. */
  readonly stage: string | null;
  readonly foundBy: string | null;
  /** It survived until a test was written for it. */
  readonly survivedBefore?: true;
  /** What a survivor changes: nothing that anybody can see, or nothing that a rule of safety speaks of. Absent: nobody knows yet. */
  readonly changes?: "nothing" | "no safety";
  readonly reason?: string;
}

export interface ForeignResult {
  readonly seed: number;
  /** How many mutants there are in each room. */
  readonly all: Readonly<Record<string, number>>;
  readonly mutants: readonly ForeignMutant[];
}

type Group = readonly ForeignMutant[];
const count = (group: Group, what: (one: ForeignMutant) => boolean): string => String(group.filter(what).length);

const COLUMNS: readonly (readonly [string, (one: ForeignMutant) => boolean])[] = [
  ["tried", () => true],
  ["scripts", ({ stage }) => stage === "scripts" || stage === "loading"],
  ["random runs", ({ stage }) => stage === "random runs"],
  ["small worlds", ({ stage }) => stage === "small worlds"],
  ["loops", ({ stage }) => stage === "loops"],
  ["tests `unit`, `sim`", ({ stage }) => stage === "unit" || stage === "sim"],
  ["tests `worker`", ({ stage }) => stage === "worker"],
  ["of these by a new test", ({ survivedBefore }) => survivedBefore === true],
  ["change nothing", ({ changes }) => changes === "nothing"],
  ["no safety", ({ changes }) => changes === "no safety"],
  ["open", ({ stage, changes }) => stage === null && changes === undefined],
];

/** Those in which anything was counted. */
const columnsFor = (mutants: Group) => COLUMNS.filter(([, what]) => mutants.some(what));

function rows(mutants: Group, by: "room" | "kind"): string[][] {
  const names = [...new Set(mutants.map((one) => one[by]))].sort();
  const groups: [string, Group][] = names.map((name) => [name, mutants.filter((one) => one[by] === name)]);
  return [...groups, ["all", mutants] as const].map(([name, group]) => [
    name,
    ...columnsFor(mutants).map(([, what]) => count(group, what)),
  ]);
}

export function foreignResults(result: unknown): [string, string][] {
  if (result === undefined) return [];
  const { mutants } = result as ForeignResult;
  const heads = columnsFor(mutants).map(([head]) => head);
  return [
    ["foreign rooms", table(["room", ...heads], rows(mutants, "room"))],
    ["foreign rules", table(["rule", ...heads], rows(mutants, "kind"))],
  ];
}
