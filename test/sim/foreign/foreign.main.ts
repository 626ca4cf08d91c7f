/**
 * `npm run mutants`: faults that nobody has chosen, in the sources that decide who leads, and what finds them. A mutant goes
 * through the scripts, random runs and small worlds of the simulator, and what is left through the tests of its room.
 * Ends with exit code 1 where a survivor has no reason in `survivors.ts`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { stdout } from "node:process";
import { minutes, scriptNamed, wholeNumber } from "../../../tools/arguments.ts";
import { temporaryFolder } from "../../../tools/harness/folder.ts";
import { applied } from "./mutations.ts";
import { Results, type Stage } from "./results.ts";
import { type Mutant, mutantsOf, PASSES, type Pass, ROOMS } from "./rooms.ts";
import { Simulator } from "./simulator.ts";
import { survivorFor } from "./survivors.ts";
import { copyRepository, KeptTests } from "./tests.ts";

const options = scriptNamed("npm run mutants", "Puts faults into the cores by rule, and says which nobody finds.")
  .option("--each <number>", "so many mutants of each room", wholeNumber(1), 10)
  .option("--seed <number>", "another choice of them", wholeNumber(0), 1)
  .option("--minutes <number>", "begin no mutant after that", minutes, Infinity)
  .option("--only <pattern>", "only files that match this regular expression", "")
  .option("--again", "try once more what has survived before", false)
  .option(
    "--results <file>",
    "what it finds is added here, and what is there is not tried again",
    "reports/foreign-mutants.jsonl",
  )
  .option("--summary <file>", "all that is known of them, with the reasons of survivors: the pages quote it", "")
  .parse()
  .opts<{
    each: number;
    seed: number;
    minutes: number;
    only: string;
    again: boolean;
    summary: string;
    results: string;
  }>();

await using folder = await temporaryFolder();
await copyRepository(folder.path);
await mkdir(dirname(options.results), { recursive: true });
const results = await Results.in(options.results);
const simulator = new Simulator();
const tests = new KeptTests(folder.path, ["unit", "sim", "worker"]);

interface Found {
  readonly stage: Stage | null;
  readonly foundBy: string | null;
}

async function tried({ room, file, source, mutation }: Mutant, pass: Pass): Promise<Found> {
  const text = applied(source, mutation);
  if (room.isSimulated && pass !== "second") {
    const foundBy = await simulator.trial({ file, text, depth: pass === "first" ? "quick" : "whole" });
    if (foundBy !== null) return { stage: stageOf(foundBy), foundBy };
  }
  for (const one of room.tests.filter((some) => some.pass === pass)) {
    const failed = await tests.whatFails({ file, text }, one);
    if (failed !== null) return { stage: one.project, foundBy: failed };
  }
  return { stage: null, foundBy: null };
}

function stageOf(foundBy: string): Stage {
  if (foundBy === "it does not load") return "loading";
  if (foundBy.startsWith("script")) return "scripts";
  if (foundBy.endsWith("random runs")) return "random runs";
  return foundBy.startsWith("every") ? "small worlds" : "loops";
}

/**
 * From all rooms in turn: whenever it is stopped, each has had its share. Those that were chosen before belong to them, with
 * whatever seed.
 */
async function inTurns(): Promise<Mutant[]> {
  const only = new RegExp(options.only);
  const samples = (await Promise.all(ROOMS.map((room) => mutantsOf(room, options.seed)))).map((all) =>
    all.filter((mutant, place) => place < options.each || results.of(mutant) !== undefined),
  );
  const places = Array.from({ length: Math.max(...samples.map(({ length }) => length)) }, (_, place) => place);
  return places
    .flatMap((place) => samples.flatMap((sample) => sample[place] ?? []))
    .filter(({ file }) => only.test(file));
}

const until = Date.now() + options.minutes * 60_000;
const chosen = await inTurns();

async function goThrough(pass: Pass, mutants: readonly Mutant[]): Promise<void> {
  for (const mutant of mutants) {
    if (nextFor(mutant) !== pass) continue;
    if (Date.now() >= until) return;
    const begunAt = Date.now();
    const found = await tried(mutant, pass);
    const { file, room, mutation } = mutant;
    const { line, within, kind, from, to } = mutation;
    const next = found.stage === null ? PASSES[PASSES.indexOf(pass) + 1] : undefined;
    await results.add({ room: room.name, file, line, within, kind, from, to, ...found, ...(next && { next }) });
    const survives = survivorFor(file, mutation) === undefined ? "SURVIVES" : "survives for a reason";
    const told = found.foundBy ?? (next === undefined ? survives : `survives the ${pass} pass`);
    const seconds = ((Date.now() - begunAt) / 1_000).toFixed(1);
    stdout.write(`${seconds} s\t${file}:${line}\t${kind}\t${shortened(from)}\t${shortened(to)}\t${told}\n`);
  }
}

function nextFor(mutant: Mutant): Pass | undefined {
  const known = results.of(mutant);
  if (known === undefined || (options.again && known.stage === null && known.next === undefined)) return "first";
  return known.next;
}

/** So many of them go through what is quick before the next do; all have been through that before any goes through the rest. */
const AT_ONCE = 60;
for (let next = 0; next < chosen.length; next += AT_ONCE) {
  for (const pass of ["first", "second"] as const) await goThrough(pass, chosen.slice(next, next + AT_ONCE));
}
await goThrough("third", chosen);
tests.end();
await simulator.end();
const known = chosen.flatMap((mutant) => {
  const outcome = results.of(mutant);
  if (outcome === undefined) return [];
  const { changes, reason } = (outcome.stage === null && survivorFor(mutant.file, mutant.mutation)) || {};
  return { ...outcome, changes, reason };
});
const survivors = known.filter(({ stage }) => stage === null);
const unexplained = survivors.filter(({ reason }) => reason === undefined);
stdout.write(
  `${known.length} mutants: ${known.length - survivors.length} found, ` +
    `${survivors.length - unexplained.length} survive for a reason, ${unexplained.length} without one\n`,
);
if (options.summary !== "") await writeFile(options.summary, await summary());
process.exitCode = unexplained.length === 0 ? 0 : 1;

/** A line for each mutant. */
async function summary(): Promise<string> {
  const all = await Promise.all(ROOMS.map(async (room) => [room.name, (await mutantsOf(room, options.seed)).length]));
  const mutants = known.map((one) => `    ${JSON.stringify(one)}`);
  const head = `  "seed": ${options.seed},\n  "all": ${JSON.stringify(Object.fromEntries(all))},`;
  return `{\n${head}\n  "mutants": [\n${mutants.join(",\n")}\n  ]\n}\n`;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= 90 ? line : `${line.slice(0, 89)}…`;
}
