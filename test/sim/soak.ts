/** `npm run soak -- --minutes N`: random runs of the shipped cores with fresh seeds, on both cores of the machine. */
import { randomInt } from "node:crypto";
import { stdout } from "node:process";
import { Worker } from "node:worker_threads";
import { minutes, scriptNamed, wholeNumber } from "../../tools/arguments.ts";
import { addCoverage, coverageText } from "./coverage.ts";
import { noTally, type Tally } from "./run.ts";
import type { SoakOrder, SoakReport } from "./soak-worker.main.ts";

const THREADS = 2;
const TELL_EVERY_MS = 30_000;
const SEEDS = 2 ** 40;

const options = scriptNamed("node test/sim/soak.ts", "Runs the cores in random worlds.")
  .option("--minutes <number>", "how long", minutes, 1)
  .option("--seed <number>", "the first seed; a fresh one unless given", wholeNumber(0))
  .parse()
  .opts<{ minutes: number; seed?: number }>();

const startedAt = Date.now();
const until = startedAt + options.minutes * 60_000;
const total = noTally();
const failures: string[] = [];

const print = (line: string): void => {
  stdout.write(`${line}\n`);
};

function add({ runs, moves, happenings, terms, grants, slowest, coverage }: Tally): void {
  addCoverage(total.coverage, coverage);
  total.runs += runs;
  total.moves += moves;
  total.happenings += happenings;
  total.terms += terms;
  total.grants += grants;
  if (slowest.tookMs > total.slowest.tookMs) total.slowest = slowest;
}

function tell(): void {
  const seconds = (Date.now() - startedAt) / 1_000;
  const { runs, moves, happenings, terms, slowest } = total;
  print(
    `${Math.round(seconds)} s: ${runs} runs (${Math.round(runs / seconds)}/s), ${moves} moves, ${happenings} events, ${terms} terms, ` +
      `slowest recovery ${slowest.tookMs} ms; ${failures.length} violations`,
  );
}

function soak(seed: number): Promise<void> {
  const workerData: SoakOrder = { seed, until };
  const worker = new Worker(new URL("./soak-worker.main.ts", import.meta.url), { workerData });
  worker.on("message", ({ tally, failure }: SoakReport) => {
    add(tally);
    if (failure !== null) {
      failures.push(failure);
      print(failure);
    }
  });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}

const telling = setInterval(tell, TELL_EVERY_MS);
const { seed: first = randomInt(SEEDS) } = options;
print(
  `seeds from ${first}: again with \`npm run soak -- --rounds 0 --frames 0 --minutes ${options.minutes} --seed ${first}\``,
);
await Promise.all(Array.from({ length: THREADS }, (_, thread) => soak(first + thread * 1_000_000)));
clearInterval(telling);
tell();
print(coverageText(total.coverage));
process.exitCode = failures.length === 0 ? 0 : 1;
