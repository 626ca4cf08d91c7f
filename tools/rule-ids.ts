import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { createVitest } from "vitest/node";
import { inRepository } from "./paths.ts";

const ruleList = "docs/RULES.md";
/** Says what is not promised, so no test can show it. */
const notPromised = new Set(["S13"]);

/** Differences between the list of rules and the names of the tests, one clause each. */
export async function ruleIdProblems(): Promise<string[]> {
  const listed = listedRuleIds(await readFile(inRepository(ruleList), "utf8"));
  return compareRuleIds(listed, await ruleIdsShownIn("test"));
}

/** @param shown a file for each id that begins the name of a test */
export function compareRuleIds(listed: readonly string[], shown: ReadonlyMap<string, string>): string[] {
  const twice = listed.filter((id, index) => listed.indexOf(id) !== index);
  const untested = listed.filter((id) => !notPromised.has(id) && !shown.has(id));
  const unlisted = [...shown.keys()].filter((id) => !listed.includes(id));
  return [
    ...(twice.length > 0 ? [`listed twice in ${ruleList}: ${twice.join(" ")}`] : []),
    ...(untested.length > 0 ? [`${untested.length} rules without a test that names them: ${untested.join(" ")}`] : []),
    ...unlisted.map((id) => `[${id}] in ${shown.get(id)} is not in ${ruleList}`),
  ];
}

/** Each rule is one list item: `- **S1** summary`. */
export function listedRuleIds(markdown: string): string[] {
  return [...markdown.matchAll(/^- \*\*([A-Z]+\d+)\*\* \S/gm)].map((match) => match[1] ?? "");
}

/**
 * A file for each id that begins the name of a test or suite that runs. vitest reads the files without running them,
 * helpers included, since the behaviours of test/conformance are in no test file.
 */
export async function ruleIdsShownIn(folder: string): Promise<Map<string, string>> {
  const vitest = await createVitest("test", {
    watch: false,
    config: false,
    root: inRepository(folder),
    include: ["**/*.ts"],
    exclude: ["**/*.d.ts", "**/node_modules/**"],
    reporters: [],
  });
  try {
    const files = await vitest.parseSpecifications(await vitest.globTestSpecifications());
    const shown = files.flatMap(({ moduleId, children }) =>
      [...children.allTests(), ...children.allSuites()]
        .filter(({ options }) => options.mode === "run")
        .flatMap(({ name }) => leadingRuleIds(name).map((id) => [id, relative(inRepository("."), moduleId)] as const)),
    );
    return new Map(shown);
  } finally {
    await vitest.close();
  }
}

function leadingRuleIds(name: string): string[] {
  const leading = /^(?:\[[A-Z]+\d+\]\s*)+/.exec(name)?.[0] ?? "";
  return [...leading.matchAll(/\[([A-Z]+\d+)\]/g)].map(([, id = ""]) => id);
}
