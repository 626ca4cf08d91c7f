/**
 * `npm run bench`: prints one table, and writes the same as JSON.
 *
 * Entry of the room `bench`. Nothing but tests imports it. It may import everything but tests, never looks into a core,
 * and is never published.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { scriptNamed, wholeNumber } from "../tools/arguments.ts";
import { startFloor } from "./floor-server.ts";
import { conclusionOf, type Report } from "./report.ts";
import { ROWS } from "./rows.ts";
import { Run } from "./run.ts";
import { exitOnSignals } from "./signals.ts";

async function main(): Promise<void> {
  const options = scriptNamed(
    "npm run bench",
    "Measures this product, and beside it a bare object on the same machine.",
  )
    .option("--rows <pattern>", "measure only rows whose id matches this regular expression", "")
    .option("--before <commit>", "commit of this repository that the rows before-... are compared with")
    .option("--rounds <number>", "rounds of the rows return-..., 3 if not given", wholeNumber(1))
    .option("--list", "list the rows, and measure nothing")
    .option("--json <file>", "file for the results as JSON", "reports/bench.json")
    .parse()
    .opts<{ rows: string; before?: string; rounds?: number; list?: true; json: string }>();
  const rows = ROWS.filter(({ id }) => new RegExp(options.rows).test(id));
  if (rows.length === 0) throw new Error(`no row has an id that matches ${options.rows}: --list shows them`);
  if (options.list) return print(rows.map(({ id, name }) => `${id.padEnd(28)}${name}`).join("\n"));
  const run = await measured(rows, options);
  const report = run.report();
  print(`\n${conclusionOf(report)}; ${report.seconds} s`);
  if (report.failed.length > 0) process.exit(1); // what a failed row has left behind would keep the process
}

async function measured(
  rows: typeof ROWS,
  { json, before, rounds }: { json: string; before?: string; rounds?: number },
): Promise<Run> {
  await mkdir(dirname(json), { recursive: true });
  const save = (report: Report): Promise<void> => writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  await using floor = await startFloor();
  const run = new Run({ floor, before, rounds }, { print, save });
  const note = (error: unknown): void => run.stray(error);
  process.on("unhandledRejection", note).on("uncaughtException", note);
  await run.measureFloor();
  await run.takeAll(rows);
  return run;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

exitOnSignals();
await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1); // the handlers of stray errors would hide it
});
