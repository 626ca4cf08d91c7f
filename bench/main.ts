/** `npm run bench -- [--rows PATTERN] [--json FILE]`: one table, and the same as JSON. */
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { dirname } from "node:path";
import { Command } from "commander";
import { floorMedians, sampleFloor } from "./floor.ts";
import { startFloor } from "./floor-server.ts";
import { HEAD, lineOf } from "./report.ts";
import { type Bench, type Result, type Row, Skipped } from "./row.ts";
import { ROWS } from "./rows.ts";
import { boundsText, spreadOf, verdictOf } from "./verdict.ts";

async function measure(row: Row, bench: Bench): Promise<Result> {
  const [load = 0] = loadavg();
  const before = row.reference === undefined ? [] : [await sampleFloor(bench.floor)];
  const measured = await row.measure(bench);
  const reference = row.reference?.(floorMedians([...before, await sampleFloor(bench.floor)])) ?? measured.reference;
  const { id, name, unit, settings, bounds = [] } = row;
  const { note } = measured;
  const summary = spreadOf(measured.samples);
  const ratio = reference === undefined ? null : summary.p50 / reference.value;
  const verdict = verdictOf(bounds, summary, ratio);
  return {
    row: id,
    name,
    unit,
    ...summary,
    ...(settings !== undefined && { settings }),
    ...(note !== undefined && { note }),
    ...(reference !== undefined && ratio !== null && { reference, ratio }),
    ...(verdict !== null && { target: boundsText(bounds), verdict }),
    load,
  };
}

class Run implements Bench {
  readonly results: Result[] = [];
  readonly skipped: Unmeasured[] = [];
  /** The other rows go on. */
  readonly failed: Unmeasured[] = [];
  readonly floor: Bench["floor"];

  constructor(floor: Bench["floor"]) {
    this.floor = floor;
  }

  async take(row: Row): Promise<void> {
    try {
      const result = await measure(row, this);
      this.results.push(result);
      print(lineOf(result));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const wasSkipped = error instanceof Skipped;
      (wasSkipped ? this.skipped : this.failed).push({ row: row.id, why });
      print(`${row.name}: ${wasSkipped ? "skipped" : "FAILED"}, ${why}`);
    }
  }
}

interface Unmeasured {
  readonly row: string;
  readonly why: string;
}

async function main(): Promise<void> {
  const options = new Command("bench")
    .option("--rows <pattern>", "only rows whose id matches this regular expression", "")
    .option("--list", "only say which rows there are")
    .option("--json <file>", "where the results go as JSON", "reports/bench.json")
    .parse()
    .opts<{ rows: string; list?: true; json: string }>();
  const rows = ROWS.filter(({ id }) => new RegExp(options.rows).test(id));
  if (options.list) return print(rows.map(({ id, name }) => `${id.padEnd(28)}${name}`).join("\n"));
  await using floor = await startFloor();
  const run = new Run(floor);
  await sampleFloor(floor); // warms up
  const start = floorMedians([await sampleFloor(floor)]);
  const [echo, relay, upgrade] = [start.echoMs, start.relayMs, start.upgradeMs].map((ms) => ms.toFixed(2));
  print(`floor: F0 echo ${echo} ms, F1 row and relay ${relay} ms, upgrade ${upgrade} ms (and again beside each row)\n`);
  print(HEAD);
  for (const row of rows) await run.take(row);
  await mkdir(dirname(options.json), { recursive: true });
  const { results, skipped, failed } = run;
  await writeFile(options.json, `${JSON.stringify({ floor: start, results, skipped, failed }, null, 2)}\n`);
  const missed = results.filter(({ verdict }) => verdict === "missed").map(({ row }) => row);
  if (failed.length > 0) process.exitCode = 1;
  print(`\n${missed.length === 0 ? "no target is missed" : `targets missed: ${missed.join(", ")}`}`);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

await main();
