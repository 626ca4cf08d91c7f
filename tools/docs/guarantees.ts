/** Checks that every promise names its rules, and so its tests, and that every rule is promised somewhere. */
import { listedRuleIds, notPromised } from "../rule-ids.ts";

/** @param guarantees the text of GUARANTEES.md @param rules the text of docs/RULES.md */
export function guaranteeProblems(guarantees: string, rules: string): string[] {
  const listed = new Set(listedRuleIds(rules));
  const promises = promisesIn(guarantees);
  const named = new Set(promises.flatMap(({ ids }) => ids));
  const forgotten = [...listed].filter((id) => !named.has(id) && !notPromised.has(id));
  return [
    ...(promises.length === 0 ? ["GUARANTEES.md promises nothing: its tables were not found"] : []),
    ...promises.flatMap(({ promise, ids }) => (ids.length === 0 ? [`no rule shows the promise: ${promise}`] : [])),
    ...promises.flatMap(({ promise, ids }) =>
      ids.filter((id) => !listed.has(id)).map((id) => `${id}, of the promise "${promise}", is not in docs/RULES.md`),
    ),
    ...(forgotten.length > 0 ? [`rules that GUARANTEES.md promises nowhere: ${forgotten.join(" ")}`] : []),
  ];
}

interface Promised {
  readonly promise: string;
  readonly ids: readonly string[];
}

/** The rows of every table whose last column is headed "rules". */
function promisesIn(markdown: string): Promised[] {
  let isTable = false;
  return markdown.split("\n").flatMap((line) => {
    const cells = cellsOf(line);
    if (cells === undefined) {
      isTable = false;
      return [];
    }
    if (cells.at(-1) === "rules") isTable = true;
    else if (isTable && !/^-+$/.test(cells.at(-1) ?? ""))
      return [{ promise: cells[0] ?? "", ids: (cells.at(-1) ?? "").match(/[A-Z]+\d+/g) ?? [] }];
    return [];
  });
}

function cellsOf(line: string): string[] | undefined {
  if (!line.startsWith("|")) return undefined;
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}
