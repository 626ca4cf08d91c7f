/**
 * Numbers that the pages quote: `<!-- measured: size client/index.ts -->3.9 kB<!-- / -->`. `npm run docs` writes them from
 * the same measurements that the checks make, and from the committed result of a bench.
 */
import { readFile } from "node:fs/promises";
import { DASHBOARD_LIMIT_BYTES } from "../page-size.ts";
import { inRepository } from "../paths.ts";
import { listedRuleIds } from "../rule-ids.ts";
import { bundleClients } from "../size.ts";
import { benchTables } from "./bench-tables.ts";
import { besideIn, besideResults } from "./beside-table.ts";
import { foreignResults } from "./foreign-table.ts";
import { leagueResults } from "./league-table.ts";

/** The values that pages can quote, by the words after `measured:`. */
export type Measured = ReadonlyMap<string, string>;

const benchResult = "bench/results/latest.json";
/** Of `npm run beside`: at the present commit, and at the one before what it attacks was mended. */
const besideResult = "bench/results/beside.json";
const besideBefore = "bench/results/beside-before.json";
/** Of `npm run league`. */
const leagueResult = "bench/results/league.json";
/** Of `npm run mutants`. */
const foreignResult = "test/sim/foreign/results.json";

export async function measurements(): Promise<Measured> {
  const rules = listedRuleIds(await readFile(inRepository("docs/RULES.md"), "utf8"));
  const rows = rowsOf(await committed(benchResult));
  return new Map([
    ["rules", String(rules.length)],
    ...(await sizes()),
    ["limit dashboard", kilobytes(DASHBOARD_LIMIT_BYTES)],
    ...benchRows(rows),
    ...benchTables(rows),
    ...besideResults("beside", besideIn(await committed(besideResult))),
    ...besideResults("beside before", besideIn(await committed(besideBefore))),
    ...leagueResults(await committed(leagueResult)),
    ...foreignResults(await committed(foreignResult)),
  ]);
}

async function sizes(): Promise<[string, string][]> {
  return (await bundleClients()).flatMap(({ entry, gzippedBytes }) => [
    [`size ${entry.file}`, kilobytes(gzippedBytes)],
    [`limit ${entry.file}`, kilobytes(entry.limitBytes)],
  ]);
}

/** Rounded up: a quoted size is never less than the measured one. */
const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 100) / 10} kB`;

async function committed(result: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(inRepository(result), "utf8"));
  } catch {
    return undefined;
  }
}

const rowsOf = (result: unknown): readonly unknown[] =>
  isRecord(result) && Array.isArray(result["results"]) ? result["results"] : [];

/** All numbers of each row, as `bench ROW p50`, and its note. New rows and numbers can be quoted at once. */
export function benchRows(results: readonly unknown[]): [string, string][] {
  return results.filter(isRecord).flatMap((row) =>
    Object.entries(row).flatMap(([name, value]): [string, string][] => {
      const key = `bench ${row["row"]} ${name}`;
      if (typeof value === "number") return [[key, quoted(name, value, String(row["unit"] ?? "ms"))]];
      return name === "note" ? [[key, String(value)]] : [];
    }),
  );
}

function quoted(name: string, value: number, unit: string): string {
  if (name === "n") return String(value);
  if (name === "ratio") return `${value.toFixed(2)} times`;
  if (unit === "ms" && value >= 1_000) return `${(value / 1_000).toFixed(2)} s`;
  const digits = value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
  return unit.startsWith("$") ? `${value.toFixed(2)} ${unit}` : `${digits} ${unit}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** `<!-- measured: WHAT, as "the median is %" -->` uses these words; without them the number stands alone. */
const marker = /<!-- measured: ([\w ,./:-]+?)(?:, as "([^"]*)")? -->([\s\S]*?)<!-- \/ -->/g;

/** A page may name a row whose result has not been committed yet, as long as it quotes nothing. */
const isYetToCome = (what: string, text: string): boolean =>
  /^(bench|beside|league|foreign) /.test(what) && text === "";

const inWords = (value: string, words: string | undefined): string => words?.replace("%", value) ?? value;

/** The page with every quoted number as it was measured. Unknown measurements stay unchanged. */
export function withMeasured(markdown: string, measured: Measured): string {
  return markdown.replace(marker, (whole: string, what: string, words: string | undefined, text: string) => {
    const value = measured.get(what);
    const opening = whole.slice(0, whole.length - text.length - "<!-- / -->".length);
    return value === undefined ? whole : `${opening}${inWords(value, words)}<!-- / -->`;
  });
}

/** Numbers that differ from the measurement, or name an unknown one; one clause each. */
export function measuredProblems(path: string, markdown: string, measured: Measured): string[] {
  return [...markdown.matchAll(marker)].flatMap(([, what = "", words, text = ""]) => {
    const value = measured.get(what);
    if (value === undefined) return isYetToCome(what, text) ? [] : [`${path} quotes "${what}", which nothing measures`];
    const expected = inWords(value, words);
    if (text !== expected && value.includes("\n")) return [`${path} has an old ${what}: npm run docs`];
    return text === expected ? [] : [`${path} says "${text}" of ${what}, and it is "${expected}": npm run docs`];
  });
}

/** Sizes and times in the text of a page that are no quotations of a measurement, one clause each. */
export function unmeasuredProblems(path: string, markdown: string): string[] {
  const text = markdown.replace(marker, "").replace(/```[\s\S]*?```|`[^`\n]*`/g, "");
  return [...text.matchAll(/\d[\d.,]*\s(?:kB|ms)\b/g)].map(
    ([number]) => `${path} quotes ${number} without a measurement`,
  );
}
