/** `npm run bench -- [--rows PATTERN] [--json FILE]`: one table, and the same as JSON. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command } from "commander";
import { startFloor } from "./floor-server.ts";
import { conclusionOf, type Report } from "./report.ts";
import { ROWS } from "./rows.ts";
import { Run } from "./run.ts";
import { exitOnSignals } from "./signals.ts";

async function main(): Promise<void> {
  const options = new Command("bench")
    .option("--rows <pattern>", "only rows whose id matches this regular expression", "")
    .option("--list", "only say which rows there are")
    .option("--json <file>", "where the results go as JSON", "reports/bench.json")
    .parse()
    .opts<{ rows: string; list?: true; json: string }>();
  const rows = ROWS.filter(({ id }) => new RegExp(options.rows).test(id));
  if (rows.length === 0) throw new Error(`no row has an id that matches ${options.rows}: --list says which there are`);
  if (options.list) return print(rows.map(({ id, name }) => `${id.padEnd(28)}${name}`).join("\n"));
  const run = await measured(rows, options.json);
  const report = run.report();
  print(`\n${conclusionOf(report)}; ${report.seconds} s`);
  if (report.failed.length > 0) process.exit(1); // what a failed row has left behind would keep the process
}

async function measured(rows: typeof ROWS, json: string): Promise<Run> {
  await mkdir(dirname(json), { recursive: true });
  const save = (report: Report): Promise<void> => writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  await using floor = await startFloor();
  const run = new Run({ floor }, { print, save });
  const hear = (error: unknown): void => run.stray(error);
  process.on("unhandledRejection", hear).on("uncaughtException", hear);
  await run.measureFloor();
  await run.takeAll(rows);
  return run;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

exitOnSignals();
await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1); // strays are heard, and would hide it
});
