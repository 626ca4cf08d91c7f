/** The API reference: a page for each entry point, from the doc comments. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import GithubSlugger from "github-slugger";
import { run } from "../run.ts";
import { type EntryPoint, type ExportedSymbol, entryPoints, type Member } from "./declarations.ts";

const folder = "docs/api";

/** Every page of the reference, by its path in the repository. */
export async function referencePages(): Promise<Map<string, string>> {
  const all = await entryPoints();
  const pages = new Map([[`${folder}/README.md`, indexPage(all)]]);
  const told = new Map<string, string>();
  for (const entry of all) {
    pages.set(`${folder}/${fileOf(entry)}`, entryPage(entry, told));
    for (const symbol of entry.symbols) if (!told.has(identity(symbol))) told.set(identity(symbol), fileOf(entry));
  }
  return formatted(pages);
}

/** Formats the pages like every other page: the compiler writes a declaration in one line. */
async function formatted(pages: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const place = await mkdtemp(join(tmpdir(), "edge-election-reference-"));
  const copyOf = (path: string): string => join(place, basename(path));
  try {
    for (const [path, text] of pages) await writeFile(copyOf(path), text);
    const { exitCode, output } = await run("biome", ["format", "--write", "--vcs-enabled=false", place], "keep");
    if (exitCode !== 0) throw new Error(`the reference cannot be formatted:\n${output}`);
    const all = [...pages.keys()].map(async (path) => [path, await readFile(copyOf(path), "utf8")] as const);
    return new Map(await Promise.all(all));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Exports without a doc comment, and those that an entry point lacks, one clause each. */
export async function exportProblems(): Promise<string[]> {
  const all = await entryPoints();
  return [...undocumentedIn(all), ...missingForNode(all)];
}

export function undocumentedIn(all: readonly EntryPoint[]): string[] {
  const silent = all.filter(({ summary }) => summary === "");
  const undocumented = all.flatMap(({ symbols }) => symbols.filter(({ documentation }) => documentation === ""));
  return [
    ...silent.map(({ specifier }) => `${specifier} does not say what it is for: begin its module with a doc comment`),
    ...new Set(undocumented.map(({ name, file }) => `${name} has no doc comment (${file.replace(".d.ts", ".ts")})`)),
  ];
}

/** Exports of the main entry point that the one for Node lacks, one clause each: a program needs only one of the two. */
export function missingForNode(all: readonly EntryPoint[]): string[] {
  const exportsOf = (specifier: string): string[] =>
    all.filter((entry) => entry.specifier === specifier).flatMap(({ symbols }) => symbols.map(({ name }) => name));
  const forNode = exportsOf("edge-election/node");
  return exportsOf("edge-election")
    .filter((name) => !forNode.includes(name))
    .map((name) => `edge-election/node lacks ${name}, which edge-election exports: export it there, too`);
}

const fileOf = ({ specifier }: EntryPoint): string => `${specifier.replaceAll("/", "-")}.md`;

const identity = ({ file, name }: ExportedSymbol): string => `${file} ${name}`;

const generated = "<!-- Made by `npm run docs` out of the doc comments: change those. -->";

function indexPage(all: readonly EntryPoint[]): string {
  const rows = all.map((entry) => `- [\`${entry.specifier}\`](${fileOf(entry)}): ${summaryOf(entry)}`);
  return `${generated}\n\n# API reference\n\n${rows.join("\n")}\n`;
}

/** The module's comment begins with the name of the entry point, and a colon. Its paragraph about the room is not for users. */
function summaryOf({ summary }: EntryPoint): string {
  const paragraphs = summary.split("\n\n").filter((paragraph) => !paragraph.startsWith("Entry of the room"));
  const text = paragraphs
    .join(" ")
    .replace(/^(The entry point )?`[^`]+`: /, "")
    .replaceAll("\n", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function entryPage(entry: EntryPoint, told: ReadonlyMap<string, string>): string {
  const own = entry.symbols.filter((symbol) => !told.has(identity(symbol)));
  const others = entry.symbols.filter((symbol) => told.has(identity(symbol)));
  const slugger = new GithubSlugger();
  const parts = [
    generated,
    `# ${entry.specifier}`,
    summaryOf(entry),
    own.map(({ name, kind }) => `- [\`${name}\`](#${slugger.slug(name)}) (${kind})`).join("\n"),
    ...own.map(symbolPart),
    ...(others.length > 0 ? [othersPart(others, told)] : []),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function symbolPart({ name, documentation, declaration, inherited }: ExportedSymbol): string {
  const members = inherited.length > 0 ? `\n\nFrom what it extends:\n\n${inherited.map(memberLine).join("\n")}` : "";
  return `## ${name}\n\n${documentation}\n\n\`\`\`ts api\n${declaration}\n\`\`\`${members}`;
}

const memberLine = ({ declaration, documentation }: Member): string =>
  `- \`${declaration}\`${documentation ? `: ${documentation.replaceAll("\n", " ")}` : ""}`;

function othersPart(others: readonly ExportedSymbol[], told: ReadonlyMap<string, string>): string {
  const links = others.map(
    (symbol) => `[\`${symbol.name}\`](${told.get(identity(symbol))}#${symbol.name.toLowerCase()})`,
  );
  return `## Exported as well\n\nThe same as in another entry point: ${links.join(", ")}.`;
}
