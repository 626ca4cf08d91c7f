import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { fileOf } from "./docs/links.ts";
import { readPages } from "./docs/pages.ts";
import { engineProblems } from "./engines.ts";
import { inRepository } from "./paths.ts";
import { run } from "./run.ts";

/** The files that the published package may contain. */
const allowed = [
  /^(package\.json|LICENSE)$/,
  /^([A-Z]+|docs\/.+)\.md$/,
  /^docs\/demo-(light|dark)\.png$/,
  /^examples\/.+\.(md|ts|tsx|py|toml|json)$/,
  /^dist\/(shared|worker|client|testing|cli)\/.+\.(js|d\.ts|d\.ts\.map)$/,
  /^dist\/src\/(shared|worker|client|testing|cli)\/.+\.tsx?$/,
  /^dist\/(worker\.bundle\.js|wrangler(\.index)?\.toml)$/,
  /^dist\/assets\/.+\.(html|css|js|svg)$/,
];

/** Problems of the package that `npm publish` would make from `dist/`, one clause each. */
export async function packageProblems(): Promise<string[]> {
  const files = await packedFiles();
  const exported = await exportedFiles();
  const unexpected = files.filter((file) => !allowed.some((pattern) => pattern.test(file)));
  const missing = exported.filter((file) => !files.includes(file));
  const problems = [
    ...(await jsrProblems()),
    ...(await engineProblems()),
    ...(await linkProblems(files)),
    ...(await mapProblems(files)),
    ...unexpected.map((file) => `${file} would be published`),
    ...missing.map((file) => `${file} is exported and not in the package`),
  ];
  return missing.length > 0 ? problems : [...problems, ...(await toolProblems())];
}

/** Differences between `jsr.json` and `package.json`: the version, and the entry points that both have. */
async function jsrProblems(): Promise<string[]> {
  const [jsr, manifest] = await Promise.all(["jsr.json", "package.json"].map(readExports));
  if (!jsr || !manifest) return ["jsr.json or package.json cannot be read"];
  const sources = Object.entries(jsr.exports).flatMap(([path, source]) => {
    const built = stringsIn(manifest.exports[path]).at(-1) ?? "";
    const expected = built.replace("./dist/", "./").replace(/\.js$/, ".ts");
    return source === expected
      ? []
      : [`jsr.json exports ${path} as ${String(source)}, and package.json has ${expected}`];
  });
  return jsr.version === manifest.version ? sources : [...sources, "jsr.json and package.json differ in their version"];
}

interface Exports {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

async function readExports(file: string): Promise<Exports> {
  return JSON.parse(await readFile(inRepository(file), "utf8")) as Exports;
}

/** Links of packed pages to files that are not packed: who has installed the package could not follow them. */
async function linkProblems(files: readonly string[]): Promise<string[]> {
  const packed = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));
  const pages = (await readPages()).filter(({ path }) => packed.has(path));
  return pages.flatMap((page) =>
    page.links.flatMap(({ target, line }) =>
      isElsewhere(target) || packed.has(fileOf(page, target))
        ? []
        : [`${page.path}:${line} links to ${target}, which the package has not`],
    ),
  );
}

const isElsewhere = (target: string): boolean => /^\w+:/.test(target);

const foldersOf = (file: string): string[] =>
  file.split("/").flatMap((_, depth, parts) => (depth === 0 ? [] : [parts.slice(0, depth).join("/")]));

/** Each declaration leads to its source: editors show that for "go to definition". */
async function mapProblems(files: readonly string[]): Promise<string[]> {
  const packed = new Set(files);
  const problems: string[] = [];
  for (const file of files.filter((name) => name.endsWith(".d.ts"))) {
    const map = `${file}.map`;
    const { sources = [] } = packed.has(map)
      ? (JSON.parse(await readFile(inRepository(map), "utf8")) as { readonly sources?: readonly string[] })
      : {};
    const source = posix.join(posix.dirname(file), sources[0] ?? "");
    if (!packed.has(source)) problems.push(`${file} leads to no source`);
  }
  return problems;
}

async function packedFiles(): Promise<string[]> {
  const packed = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"], "keep");
  const [report]: { files: { path: string }[] }[] = JSON.parse(packed.output.slice(packed.output.indexOf("[")));
  return (report?.files ?? []).map((file) => file.path);
}

async function exportedFiles(): Promise<string[]> {
  const manifest: unknown = JSON.parse(await readFile(inRepository("package.json"), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("exports" in manifest)) return [];
  return stringsIn(manifest.exports).map((path) => path.replace(/^\.\//, ""));
}

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

async function toolProblems(): Promise<string[]> {
  const publint = await run("publint", ["--strict"], "keep");
  const types = await run("attw", ["--pack", ".", "--profile", "esm-only", "--no-emoji"], "keep");
  return [
    ...(publint.exitCode === 0 ? [] : [`publint reports:\n${publint.output}`]),
    ...(types.exitCode === 0 ? [] : [`attw reports:\n${types.output}`]),
  ];
}
