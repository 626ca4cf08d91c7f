/**
 * `npm run league`: peers and this project under the same faults. Prints a table for each fault, and writes the same as JSON;
 * ends with exit code 1 where a cell failed, or two members of ours led at once, or a fenced update of ours was lost.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { scriptNamed, wholeNumber } from "../../tools/arguments.ts";
import { type League, type LeagueResult, leagueTable } from "../../tools/docs/league-table.ts";
import { Skipped } from "../row.ts";
import { exitOnSignals } from "../signals.ts";
import { elapsedSince } from "../sockets.ts";
import { runCell } from "./cell.ts";
import { COMPETITORS, type Competitor } from "./competitors.ts";
import { FAULTS, type FaultName } from "./faults.ts";

const options = scriptNamed("npm run league", "Puts peers and this project under the same faults, and prints tables.")
  .option("--products <pattern>", "only products whose id matches this regular expression", "")
  .option("--only <pattern>", "only faults whose id matches this regular expression", "")
  .option("--elections <number>", "elections in which every member stands", wholeNumber(1), 50)
  .option("--faults <number>", "leaders to strike in each cell", wholeNumber(1), 100)
  .option("--lease <number>", "time-out of the lead, in seconds", wholeNumber(2), 4)
  .option("--minutes <number>", "begin no cell after so many minutes", wholeNumber(1), 25)
  .option("--judged", "record what clients of this project send, and judge it", false)
  .option("--json <file>", "file for the results as JSON", "reports/league.json")
  .parse()
  .opts<{
    products: string;
    only: string;
    elections: number;
    faults: number;
    lease: number;
    minutes: number;
    judged: boolean;
    json: string;
  }>();

const MS_PER_SECOND = 1_000;
const MS_PER_MINUTE = 60_000;
const startedAt = performance.now();
const leaseMs = options.lease * MS_PER_SECOND;
const results: LeagueResult[] = [];
const omitted: { product: string; fault: string; why: string }[] = [];
const failed: string[] = [];

async function take(competitor: Competitor, fault: FaultName): Promise<void> {
  const { name: product } = competitor;
  const why = competitor.excused?.[fault] ?? (isLate() ? `not begun within ${options.minutes} minutes` : undefined);
  if (why !== undefined) return void omitted.push({ product, fault, why });
  try {
    const setting = { leaseMs, elections: options.elections, isJudged: options.judged };
    const cell = await competitor.on(setting, (stage) => runCell(stage, FAULTS[fault], { leaseMs, ...options }));
    results.push({ product, fault, ...cell });
    print(`${fault}, ${product}: ${JSON.stringify(cell)}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    omitted.push({ product, fault, why: reason });
    if (!(error instanceof Skipped)) failed.push(`${fault}, ${product}: ${reason}`);
    print(`${fault}, ${product}: ${reason}`);
  }
}

const isLate = (): boolean => elapsedSince(startedAt) > options.minutes * MS_PER_MINUTE;

async function save(): Promise<void> {
  const seconds = Math.round(elapsedSince(startedAt) / MS_PER_SECOND);
  const league: League = { leaseMs, seconds, results, omitted };
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(options.json, `${JSON.stringify(league, null, 2)}\n`);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

exitOnSignals();
const competitors = COMPETITORS.filter(({ id }) => new RegExp(options.products).test(id));
const faults = Object.keys(FAULTS).filter((id): id is FaultName => new RegExp(options.only).test(id));
for (const fault of faults) {
  for (const competitor of competitors) {
    await take(competitor, fault);
    await save();
  }
  print(leagueTable(results.filter((result) => result.fault === fault)));
}
for (const { id, name } of competitors.filter(({ isOurs }) => isOurs)) {
  for (const { product, fault, overlaps, lostFenced } of results) {
    if (product !== name) continue;
    if (overlaps.count > 0) failed.push(`${fault}, ${id}: two leaders at once`);
    if ((lostFenced?.updates ?? 0) > 0) failed.push(`${fault}, ${id}: updates lost behind a fence`);
  }
}
for (const failure of failed) print(`FAIL ${failure}`);
process.exit(failed.length === 0 ? 0 : 1); // a client of a peer may keep the process
