/**
 * `npm run soak`: random runs of the simulator, then rounds of random faults on real processes and a real backend, then as
 * many rounds of kills on five `edge-election run`, then random frames into the codec and as many into a live group, random
 * requests, and every kind of abuse. It ends by itself, with exit code 1 when anything was violated. Each finding stands beside the line
 * that replays it. With `--exhaustive` it leaves nothing to chance instead: it explores every small world completely. With `--moves` it
 * shows that each part of the simulated world finds what nothing else in it does.
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { minutes, scriptNamed, wholeNumber } from "../../tools/arguments.ts";
import { build } from "../../tools/build.ts";
import { soakAbuse } from "../support/abuse-soak.ts";
import { runCommandRounds } from "../support/command-rounds.ts";
import { runRounds } from "../support/rounds.ts";

const SIMULATOR = fileURLToPath(new URL("../sim/soak.ts", import.meta.url));
const EXHAUSTIVE = fileURLToPath(new URL("../sim/exhaustive/exhaustive.main.ts", import.meta.url));
const MOVES = fileURLToPath(new URL("../sim/mutants/shown-by.main.ts", import.meta.url));
const EXHAUSTIVE_HEAP_MB = 3_500;
const SEEDS = 2 ** 31;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const options = scriptNamed(
  "npm run soak",
  "Searches for violations by chance: random worlds, faults, kills, frames, abuse.",
)
  .option("--minutes <number>", "time in the simulator", minutes, 1)
  .option("--rounds <number>", "rounds of faults, and of kills, on real processes", wholeNumber(0), 50)
  .option("--frames <number>", "random frames, and abuse of every kind after them", wholeNumber(0), 1_000_000)
  .option("--requests <number>", "random requests beside the frames", wholeNumber(1), 100_000)
  .option("--no-abuse", "only random frames and requests, no other abuse")
  .option("--seed <number>", "a fresh one unless given", wholeNumber(0))
  .option("--moves", "nothing but the mutant of each part of the simulated world, with it and without it")
  .option(
    "--exhaustive",
    "nothing by chance: every small world completely, in half an hour or more and below 4 GB of memory",
  )
  .parse()
  .opts<{
    minutes: number;
    rounds: number;
    frames: number;
    requests: number;
    abuse: boolean;
    seed?: number;
    moves?: boolean;
    exhaustive?: boolean;
  }>();
const { rounds, frames, requests, abuse: heavy, seed = randomInt(SEEDS) } = options;

let failed = false;
if (options.moves === true) process.exit(spawnSync(process.execPath, [MOVES], { stdio: "inherit" }).status ?? 1);
if (options.exhaustive === true) {
  const run = spawnSync(process.execPath, [`--max-old-space-size=${EXHAUSTIVE_HEAP_MB}`, EXHAUSTIVE], {
    stdio: "inherit",
  });
  process.exit(run.status ?? 1);
}
if (options.minutes > 0) {
  const parameters = ["--minutes", String(options.minutes), "--seed", String(seed)];
  failed = spawnSync(process.execPath, [SIMULATOR, ...parameters], { stdio: "inherit" }).status !== 0;
}
if (rounds > 0) {
  await build();
  print(
    `rounds, seed ${seed}: again with \`npm run soak -- --minutes 0 --frames 0 --rounds ${rounds} --seed ${seed}\``,
  );
  const report = await runRounds(rounds, seed, print);
  print(`${report.terms} terms, longest gap ${Math.round(report.longestGapMs)} ms, ${report.faults.length} faults`);
  for (const fault of report.faults) print(fault);
  failed ||= report.faults.length > 0;
  print(`${rounds} rounds of kills on edge-election run, seed ${seed}`);
  const commands = await runCommandRounds(rounds, seed, print);
  print(
    `${commands.terms} terms, longest gap ${Math.round(commands.longestGapMs)} ms, ${commands.faults.length} overlaps`,
  );
  for (const fault of commands.faults) print(fault);
  failed ||= commands.faults.length > 0;
}
if (frames > 0) {
  const faults = await soakAbuse({ frames, requests, heavy }, seed, print);
  for (const fault of faults) print(fault);
  failed ||= faults.length > 0;
}
process.exitCode = failed ? 1 : 0;
