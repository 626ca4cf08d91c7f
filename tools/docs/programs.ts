/** The programs in the pages, as files for the compiler, Node and a bundler. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { inRepository } from "../paths.ts";
import { run } from "../run.ts";
import { type Environment, type Kind, kindOf } from "./kinds.ts";
import type { CodeBlock, Page } from "./markdown.ts";

export interface Program {
  readonly page: string;
  readonly block: CodeBlock;
  readonly kind: Extract<Kind, { how: "program" }>;
  /** A path inside the repository, so that the package's own name resolves to `dist/`. */
  readonly file: string;
}

const folder = ".tsbuild/docs";

export function programsOf(pages: readonly Page[]): Program[] {
  return pages.flatMap(({ path, blocks }) =>
    blocks.flatMap((block) => {
      const kind = knownKind(block, path);
      if (kind.how !== "program") return [];
      const extension = `${kind.isTest ? "test." : ""}${block.language.replace(/^js$/, "mjs")}`;
      const name = `${path.replace(/\.md$/, "").replaceAll("/", "-")}-${block.line}.${extension}`;
      return [{ page: path, block, kind, file: `${folder}/${kind.environment}/${name}` }];
    }),
  );
}

function knownKind(block: CodeBlock, path: string): Kind {
  try {
    return kindOf(block, path);
  } catch (cause) {
    throw new Error(`${path}:${block.line} has a block of no kind: npm run check says more`, { cause });
  }
}

/** The text of the file: first the code that the page leaves out. */
const sourceOf = ({ block: { code, preamble } }: Program): string => (preamble ? `${preamble}\n${code}` : code);

/** @param url of the backend that stands in for the one of `npm start` */
export async function writePrograms(programs: readonly Program[], url = "http://127.0.0.1:8787"): Promise<void> {
  for (const program of programs) {
    const source = sourceOf(program).replaceAll("//127.0.0.1:8787", url.replace("http:", ""));
    await writeFile(inRepository(program.file), source);
  }
}

/** Writes all programs, and resolves with the compiler's errors, located in the pages. */
export async function typeProblems(programs: readonly Program[]): Promise<string[]> {
  await rm(inRepository(folder), { recursive: true, force: true });
  const found: string[] = [];
  for (const [environment, own] of Map.groupBy(programs, ({ kind }) => kind.environment)) {
    const directory = `${folder}/${environment}`;
    await mkdir(inRepository(directory), { recursive: true });
    await writeFile(inRepository(`${directory}/tsconfig.json`), configuration(environment));
    if (environment === "test") await writeFile(inRepository(`${directory}/vitest.config.mjs`), testConfiguration);
    await writePrograms(own);
    if (own.some(({ block }) => block.language.startsWith("ts"))) found.push(...(await compile(directory, own)));
  }
  return found;
}

async function compile(directory: string, programs: readonly Program[]): Promise<string[]> {
  const { exitCode, output } = await run("tsc", ["-p", directory, "--pretty", "false"], "keep");
  if (exitCode === 0) return [];
  const problems = output
    .trim()
    .split(/\n(?! )/)
    .map((problem) => inWordsOfThePage(problem, programs));
  return problems.length > 0 ? problems : [`tsc ended with ${exitCode}`];
}

function inWordsOfThePage(problem: string, programs: readonly Program[]): string {
  const [, file = "", line = "", message = ""] = /^(\S+?)\((\d+),\d+\): ([\s\S]*)$/.exec(problem) ?? [];
  const program = programs.find((one) => one.file === file);
  if (!program) return problem;
  const { block, page } = program;
  const before = block.preamble === "" ? 0 : block.preamble.split("\n").length;
  const inPage = Number(line) - before;
  return `${page}:${inPage > 0 ? block.line + inPage : block.line}: ${message}`;
}

/** As docs/TESTING.md tells it. */
const testConfiguration = `export default {
  test: {
    alias: { "cloudflare:workers": "edge-election/testing/cloudflare-workers" },
    server: { deps: { inline: ["edge-election"] } },
  },
};
`;

/** The strictest settings that a user may have, with the module resolution of each environment. */
function configuration(environment: Environment): string {
  const bundled = environment === "browser" || environment === "worker";
  const libraries = environment === "browser" ? ["DOM", "DOM.Iterable"] : [];
  const types = {
    node: ["node"],
    test: ["node", "@cloudflare/workers-types"],
    browser: [],
    worker: ["@cloudflare/workers-types"],
  }[environment];
  return JSON.stringify({
    compilerOptions: {
      target: "es2024",
      lib: ["ES2024", "ESNext.Disposable", ...libraries],
      types,
      module: bundled ? "esnext" : "nodenext",
      moduleResolution: bundled ? "bundler" : "nodenext",
      moduleDetection: "force",
      jsx: "react-jsx",
      noEmit: true,
      strict: true,
      // The types of Node and of Workers contradict each other, and those of vitest bring Node's.
      skipLibCheck: environment === "test",
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      noImplicitOverride: true,
      noImplicitReturns: true,
      noFallthroughCasesInSwitch: true,
      noUncheckedSideEffectImports: true,
      allowUnreachableCode: false,
      verbatimModuleSyntax: true,
      isolatedModules: true,
      erasableSyntaxOnly: !bundled,
    },
    include: ["*.ts", "*.mts", "*.tsx"],
  });
}
