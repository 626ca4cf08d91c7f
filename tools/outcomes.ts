/** Compares several runs of the same tests. */

/** How one test ended in each run, in their order: `passed`, `failed`, `skipped`, or `missing` if it did not run. */
export interface Outcomes {
  /** Path of its file below the root, and its full name. */
  readonly test: string;
  readonly each: readonly string[];
  /** Its failure messages, each once. */
  readonly messages: readonly string[];
}

/** The part of vitest's JSON report that is read here. */
export interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    /** Why the file could not run. */
    readonly message?: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

interface Ended {
  readonly status: string;
  readonly messages: readonly string[];
}

/** Every test that did not pass every time, by name. In a run without a report (`null`) all tests are missing. */
export function notAlwaysPassed(runs: readonly (TestReport | null)[], root: string): Outcomes[] {
  const tables = runs.map((run) => (run === null ? new Map<string, Ended>() : endsOf(run, root)));
  const names = new Set(tables.flatMap((table) => [...table.keys()]));
  return [...names].toSorted().flatMap((test) => {
    const each = tables.map((table) => table.get(test)?.status ?? "missing");
    if (each.every((status) => status === "passed")) return [];
    const messages = new Set(tables.flatMap((table) => table.get(test)?.messages ?? []));
    return [{ test, each, messages: [...messages] }];
  });
}

/** A file that could not run counts as a test of its own. */
function endsOf({ testResults }: TestReport, root: string): Map<string, Ended> {
  const ends = new Map<string, Ended>();
  for (const { name, status, message, assertionResults } of testResults) {
    const file = name.startsWith(root) ? name.slice(root.length) : name;
    for (const { fullName, status: own, failureMessages = [] } of assertionResults) {
      ends.set(`${file} > ${fullName}`, { status: own, messages: failureMessages });
    }
    const isBroken = status === "failed" && assertionResults.every((one) => one.status !== "failed");
    if (isBroken) ends.set(file, { status: "failed", messages: message ? [message] : [] });
  }
  return ends;
}

const INDENT = "    ";

/** The list as text: each test with its outcomes and its messages. */
export function listOf(outcomes: readonly Outcomes[], runs: number): string {
  if (outcomes.length === 0) return `All tests passed in each of ${runs} runs.`;
  const parts = outcomes.map(({ test, each, messages }) => {
    const counts = Map.groupBy(each, (status) => status);
    const told = [...counts].map(([status, all]) => `${status} ${all.length}`).join(", ");
    const which = each.flatMap((status, index) => (status === "passed" ? [] : [index + 1])).join(", ");
    return [`${test}\n  ${told} (run ${which})`, ...messages.map(indented)].join("\n");
  });
  return `${outcomes.length} tests did not pass in each of ${runs} runs:\n\n${parts.join("\n\n")}`;
}

const indented = (message: string): string => INDENT + message.trimEnd().replaceAll("\n", `\n${INDENT}`);
