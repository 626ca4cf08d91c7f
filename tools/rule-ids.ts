import { readFile } from "node:fs/promises";
import { inRepository } from "./paths.ts";
import { sourceFiles } from "./source-files.ts";
import { type Token, tokens } from "./tokens.ts";

const ruleList = "docs/RULES.md";
/** Says what is not promised, so no test can show it. */
const withoutTest = new Set(["S13"]);

/** What is wrong between the list of rules and the names of the tests, one clause each. */
export async function ruleIdProblems(): Promise<string[]> {
  const listed = listedRuleIds(await readFile(inRepository(ruleList), "utf8"));
  const shown = new Map<string, string>();
  for (const file of await sourceFiles(["test"])) {
    for (const id of ruleIdsInTestNames(await readFile(inRepository(file), "utf8"))) shown.set(id, file);
  }
  return compareRuleIds(listed, shown);
}

/** @param shown for each id in the name of a test, a file where it stands */
export function compareRuleIds(listed: readonly string[], shown: ReadonlyMap<string, string>): string[] {
  const twice = listed.filter((id, index) => listed.indexOf(id) !== index);
  const untested = listed.filter((id) => !withoutTest.has(id) && !shown.has(id));
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

/** The ids that begin the name of a test or suite that runs: `test("[S1] [G4] ...")`. */
export function ruleIdsInTestNames(source: string): string[] {
  const all = tokens(source);
  return all.flatMap((token, index) => (isNameOfRunningTest(all, index) ? leadingRuleIds(token.text) : []));
}

function leadingRuleIds(name: string): string[] {
  const leading = /^(?:\[[A-Z]+\d+\]\s*)+/.exec(name)?.[0] ?? "";
  return [...leading.matchAll(/\[([A-Z]+\d+)\]/g)].map((match) => match[1] ?? "");
}

const testWords = new Set(["test", "it", "describe"]);
const wordsThatDoNotRun = new Set(["skip", "todo", "fails", "skipIf", "runIf"]);

/** A string right after `(`, in a call that begins with `test`, `it` or `describe`, such as `test.each(rows)("...")`. */
function isNameOfRunningTest(all: readonly Token[], index: number): boolean {
  if (all[index]?.kind !== "string" || all[index - 1]?.text !== "(") return false;
  const words = wordsOfCallee(all, index - 2);
  return words.some((text) => testWords.has(text)) && !words.some((text) => wordsThatDoNotRun.has(text));
}

/** The words of the chain `a.b(...).c` that ends at `position`, without what stands in its brackets. */
function wordsOfCallee(all: readonly Token[], end: number): string[] {
  const words: string[] = [];
  for (let position = end; position >= 0; position -= 1) {
    const token = all[position];
    if (token?.kind === "sign" && token.text === ")") position = openingOf(all, position);
    else if (token?.kind === "word" && !isStatementWord(token.text)) words.push(token.text);
    else if (token?.text !== ".") break;
  }
  return words;
}

function isStatementWord(text: string): boolean {
  return text === "await" || text === "return" || text === "void";
}

function openingOf(all: readonly Token[], closing: number): number {
  let depth = 0;
  for (let position = closing; position >= 0; position -= 1) {
    if (all[position]?.kind !== "sign") continue;
    if (")]}".includes(all[position]?.text ?? "")) depth += 1;
    if ("([{".includes(all[position]?.text ?? "")) depth -= 1;
    if (depth === 0) return position;
  }
  return -1;
}
