/**
 * `npm run soak -- [--minutes N] [--rounds N] [--frames N] [--seed N]`: random runs of the simulator for N minutes, then rounds of
 * random faults on real processes and a real backend, then as many rounds of kills on five `edge-election run`, then that
 * many random frames into the codec and as many into a live group, and every kind of abuse. Stops by itself; exits with 1
 * when anything was violated. Seeds are fresh ones unless one is given; what is found stands beside the line that repeats it.
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "../../tools/build.ts";
import { soakAbuse } from "../support/abuse-soak.ts";
import { runCommandRounds } from "../support/command-rounds.ts";
import { runRounds } from "../support/rounds.ts";

const SIMULATOR = fileURLToPath(new URL("../sim/soak.ts", import.meta.url));
const SEEDS = 2 ** 31;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    rounds: { type: "string", default: "50" },
    frames: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(randomInt(SEEDS)) },
  },
});
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds >= 0))
  throw new RangeError(`--rounds is ${values.rounds}: set it to 0 or more`);

const frames = Number(values.frames);
if (!(Number.isInteger(frames) && frames >= 0))
  throw new RangeError(`--frames is ${values.frames}: set it to 0 or more`);

const seed = Number(values.seed);
if (!Number.isInteger(seed)) throw new RangeError(`--seed is ${values.seed}: set it to a whole number`);

let failed = false;
if (Number(values.minutes) > 0) {
  const parameters = ["--minutes", values.minutes, "--seed", values.seed];
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
  const faults = await soakAbuse(frames, seed, print);
  for (const fault of faults) print(fault);
  failed ||= faults.length > 0;
}
process.exitCode = failed ? 1 : 0;
