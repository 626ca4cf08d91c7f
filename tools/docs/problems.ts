/** The checks of the documentation in `npm run check`. `test/e2e/documentation.test.ts` runs its programs. */
import { readdir, readFile } from "node:fs/promises";
import { inRepository } from "../paths.ts";
import { commandProblems, type KnownCommands, knownCommands } from "./commands.ts";
import { guaranteeProblems } from "./guarantees.ts";
import { kindOf } from "./kinds.ts";
import { linkProblems } from "./links.ts";
import type { CodeBlock, Page } from "./markdown.ts";
import { measuredProblems, measurements, unmeasuredProblems } from "./measured.ts";
import { readPages } from "./pages.ts";
import { parseProblems } from "./parse-blocks.ts";
import { exportProblems, referencePages } from "./reference.ts";
import { securityProblems } from "./security.ts";

/** The page whose sizes and times must all be quoted from measurements. */
const strictPage = "README.md";

/** All problems, one clause each. Reads `dist/`, which must have been built. */
export async function documentationProblems(): Promise<string[]> {
  const pages = await readPages();
  return [
    ...linkProblems(pages),
    ...(await blockProblems(pages)),
    ...(await exportProblems()),
    ...(await referenceProblems()),
    ...(await numberProblems(pages)),
    ...guaranteeProblems(await text("GUARANTEES.md"), await text("docs/RULES.md")),
    ...securityProblems(await text("SECURITY.md"), await text("docs/RULES.md"), await testPaths()),
  ];
}

/** Relative to the repository. */
const testPaths = async (): Promise<string[]> =>
  (await readdir(inRepository("test"), { recursive: true })).map((path) => `test/${path}`);

const text = (path: string): Promise<string> => readFile(inRepository(path), "utf8");

/** Blocks of no kind, unknown commands, and settings and pictures that cannot be parsed. */
async function blockProblems(pages: readonly Page[]): Promise<string[]> {
  const known = await knownCommands();
  const found: string[] = [];
  for (const page of pages) {
    for (const block of page.blocks) {
      const problems = await problemsOfBlock(page, block, known);
      found.push(...problems.map((problem) => `${page.path}:${block.line}: ${problem}`));
    }
  }
  return found;
}

async function problemsOfBlock(page: Page, block: CodeBlock, known: KnownCommands): Promise<string[]> {
  try {
    const kind = kindOf(block, page.path);
    if (kind.how === "commands") return commandProblems(block, known);
    return kind.how === "parsed" ? await parseProblems(block, kind.as) : [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function referenceProblems(): Promise<string[]> {
  const fresh = await referencePages();
  const committed = (await readdir(inRepository("docs/api")).catch(() => [])).map((name) => `docs/api/${name}`);
  const stale: string[] = [];
  for (const [path, content] of fresh) if ((await text(path).catch(() => "")) !== content) stale.push(path);
  return [
    ...stale.map((path) => `${path} is not what the doc comments say: npm run docs`),
    ...committed.filter((path) => !fresh.has(path)).map((path) => `${path} belongs to no entry point: remove it`),
  ];
}

async function numberProblems(pages: readonly Page[]): Promise<string[]> {
  const measured = await measurements();
  const found = await Promise.all(pages.map(async ({ path }) => measuredProblems(path, await text(path), measured)));
  return [...found.flat(), ...unmeasuredProblems(strictPage, await text(strictPage))];
}
