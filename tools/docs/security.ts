/** Checks that what SECURITY.md claims is shown: each claim names a test that there is, or a rule that tests name. */
import { listedRuleIds } from "../rule-ids.ts";

/** The sections that claim something. */
const CLAIMS = [
  "What is defended",
  "Attacks, before and now",
  "What is not defended",
  "Checklist for a deployment",
  "An identity system of your own",
];
const TIERS = "unit|worker|e2e|browser|sim|conformance|local|install";

/** @param markdown the text of SECURITY.md @param rules the text of docs/RULES.md @param tests paths of all files below test/ */
export function securityProblems(markdown: string, rules: string, tests: readonly string[]): string[] {
  const listed = new Set(listedRuleIds(rules));
  const isThere = (name: string): boolean =>
    tests.some((path) => path === `test/${name}.test.ts` || path.startsWith(`test/${name}/`));
  const claims = claimsIn(markdown);
  const silent = CLAIMS.filter((title) => !claims.some(({ section }) => section === title));
  return [
    ...silent.map((title) => `SECURITY.md has no claim below "${title}": the section was not found`),
    ...claims.flatMap(({ line, parts }) => {
      const text = parts.join(" ");
      const named = [...text.matchAll(new RegExp(`\`((?:${TIERS})(?:/[\\w-]+)+)\``, "g"))].map(([, name = ""]) => name);
      const ids = [...text.matchAll(/\[([A-Z]+\d+(?:, [A-Z]+\d+)*)\]/g)].flatMap(([, list = ""]) => list.split(", "));
      const unknown = [...named.filter((name) => !isThere(name)), ...ids.filter((id) => !listed.has(id))];
      if (unknown.length > 0) return [`SECURITY.md:${line} names what there is not: ${unknown.join(" ")}`];
      return named.length + ids.length === 0
        ? [`SECURITY.md:${line} names no test and no rule: ${text.slice(0, 60)}`]
        : [];
    }),
  ];
}

interface Claim {
  readonly section: string;
  readonly line: number;
  readonly parts: readonly string[];
}

/** Rows of tables, list items and paragraphs. Blocks of code, headings, and tables that a measurement writes are none. */
function claimsIn(markdown: string): Claim[] {
  const claims: Claim[] = [];
  let section = "";
  let open: string[] | undefined;
  const lines = withoutBlocks(markdown).split("\n");
  for (const [index, text] of lines.entries()) {
    if (text.startsWith("## ")) section = text.slice(3);
    const isHead = /^\| -/.test(lines[index + 1] ?? "");
    if (/^(#|\| -|$)/.test(text) || isHead) open = undefined;
    else if (open !== undefined && !/^(\||- |\d+\. )/.test(text)) open.push(text.trim());
    else {
      open = [text];
      claims.push({ section, line: index + 1, parts: open });
    }
  }
  return claims.filter((claim) => CLAIMS.includes(claim.section));
}

/** Their lines stay, empty. */
const withoutBlocks = (markdown: string): string =>
  markdown.replace(/^```[\s\S]*?^```|^<!-- measured: .* -->\n[\s\S]*?^<!-- \/ -->$/gm, (block) =>
    block.replace(/[^\n]+/g, ""),
  );
