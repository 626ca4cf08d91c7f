/** Checks that what GUARANTEES.md says of times and bounds names rules that there are, and that it names every family of them. */
import { listedRuleIds } from "../rule-ids.ts";

/** @param guarantees the text of GUARANTEES.md @param rules the text of docs/RULES.md */
export function guaranteeProblems(guarantees: string, rules: string): string[] {
  const listed = listedRuleIds(rules);
  const known = new Set(listed);
  const rows = rowsIn(guarantees);
  const named = rows.flatMap(({ ids }) => ids);
  // The last one of each family is the end of a range.
  const last = [...new Map(listed.map((id) => [id.replace(/\d+/, ""), id])).values()];
  const forgotten = last.filter((id) => !named.includes(id));
  return [
    ...(rows.length === 0 ? ["GUARANTEES.md promises nothing: its tables were not found"] : []),
    ...rows.flatMap(({ about, ids }) => (ids.length === 0 ? [`no rule shows: ${about}`] : [])),
    ...rows.flatMap(({ about, ids }) =>
      ids.filter((id) => !known.has(id)).map((id) => `${id}, of "${about}", is not in docs/RULES.md`),
    ),
    ...(forgotten.length > 0
      ? [`families of rules whose end GUARANTEES.md does not name: ${forgotten.join(" ")}`]
      : []),
  ];
}

interface Row {
  readonly about: string;
  readonly ids: readonly string[];
}

/** The rows of every table whose last column is headed "rules". */
function rowsIn(markdown: string): Row[] {
  let isTable = false;
  return markdown.split("\n").flatMap((line) => {
    const cells = cellsOf(line);
    if (cells === undefined) {
      isTable = false;
      return [];
    }
    if (cells.at(-1) === "rules") isTable = true;
    else if (isTable && !/^-+$/.test(cells.at(-1) ?? ""))
      return [{ about: cells[0] ?? "", ids: (cells.at(-1) ?? "").match(/\b[A-Z]+\d+/g) ?? [] }];
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
