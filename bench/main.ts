/** `npm run bench -- [--rows TEXT] [--json FILE]`: one table, and the same as JSON. Times in milliseconds. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command } from "commander";
import { type Summary, summarize } from "../cli/statistics.ts";
import { type Floor, measureFloor } from "./floor.ts";
import { ROWS, type Row } from "./rows.ts";

interface Result extends Summary {
  readonly row: string;
  readonly reference: string;
  readonly referenceMs: number;
  /** Of the median. */
  readonly ratio: number;
}

const COLUMNS = [42, 6, 10, 10, 10, 10, 28] as const;

const line = (cells: readonly string[]): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(COLUMNS[0]) : cell.padStart(COLUMNS[index] ?? 0))).join("");

const shown = (ms: number): string => ms.toFixed(ms < 10 ? 2 : 0);

async function measure({ name, reference, samples }: Row, floor: Floor): Promise<Result> {
  const summary = summarize(await samples());
  const { name: referenceName, ms } = reference(floor);
  return { row: name, ...summary, reference: referenceName, referenceMs: ms, ratio: summary.p50 / ms };
}

async function main(): Promise<void> {
  const options = new Command("bench")
    .option("--rows <text>", "only rows whose name contains this", "")
    .option("--json <file>", "where the results go as JSON", "reports/bench.json")
    .parse()
    .opts<{ rows: string; json: string }>();
  const floor = await measureFloor();
  const { echoMs, relayMs, upgradeMs } = floor;
  print(`floor: F0 echo ${shown(echoMs)} ms, F1 row and relay ${shown(relayMs)} ms, upgrade ${shown(upgradeMs)} ms\n`);
  print(line(["row", "n", "p50", "p95", "p99", "max", "p50 against"]));
  const results: Result[] = [];
  for (const row of ROWS.filter(({ name }) => name.includes(options.rows))) {
    const result = await measure(row, floor);
    const { n, p50, p95, p99, max, reference, ratio } = result;
    print(line([result.row, String(n), ...[p50, p95, p99, max].map(shown), `${ratio.toFixed(2)} x ${reference}`]));
    results.push(result);
  }
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(options.json, `${JSON.stringify({ floor, results }, null, 2)}\n`);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

await main();
