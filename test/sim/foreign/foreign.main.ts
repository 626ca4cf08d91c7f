/**
 * `npm run mutants`: faults that nobody has chosen, in the sources that decide who leads, and what finds them. A mutant goes
 * through the scripts, random runs and small worlds of the simulator, and what is left through the tests of its room.
 * Ends with exit code 1 where a survivor has no reason in `survivors.ts`.
 */
import { glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { stdout } from "node:process";
import { Worker } from "node:worker_threads";
import { minutes, scriptNamed, wholeNumber } from "../../../tools/arguments.ts";
import { temporaryFolder } from "../../../tools/harness/folder.ts";
import { inRepository, repositoryRoot } from "../../../tools/paths.ts";
import type { Trial } from "./foreign-worker.main.ts";
import { applied, type Mutation, mutationsOf } from "./mutations.ts";
import { reasonFor } from "./survivors.ts";
import { copyRepository, type Tests, testsFail } from "./unit-tests.ts";

const options = scriptNamed("npm run mutants", "Puts faults into the cores by rule, and says which nobody finds.")
  .option("--share <number>", "try one mutant in so many", wholeNumber(1), 20)
  .option("--offset <number>", "which of them", wholeNumber(0), 0)
  .option("--minutes <number>", "begin no mutant after that", minutes, Infinity)
  .option("--only <pattern>", "only files that match this regular expression", "")
  .option("--json <file>", "file for the results", "reports/foreign-mutants.json")
  .parse()
  .opts<{ share: number; offset: number; minutes: number; only: string; json: string }>();

interface Room {
  readonly sources: string;
  /** Whether the simulator runs it. */
  readonly isSimulated: boolean;
  /** From the quickest to the slowest. */
  readonly tests: readonly Tests[];
}

/** They take seconds each, mostly because they try what is random. */
const SLOW = "**/{random,properties,preemption,stored-rows,holes,limits,connection,pace}.test.ts";

/** From the quickest to the slowest. */
const unit = (...files: string[]): Tests[] => [
  { project: "unit", files, without: SLOW },
  { project: "unit", files },
];
const tier = (project: string, ...files: string[]): Tests => ({ project, files });

const ROOMS: readonly Room[] = [
  {
    sources: "worker/group/*.ts",
    isSimulated: true,
    tests: [...unit("test/unit/group", "test/unit/host", "test/unit/testing"), tier("sim", "test/sim/once")],
  },
  {
    sources: "worker/host/*.ts",
    isSimulated: true,
    tests: [...unit("test/unit/host", "test/unit/group"), tier("worker", "test/worker/host")],
  },
  { sources: "shared/holder/*.ts", isSimulated: true, tests: unit("test/unit/client", "test/unit/callers") },
  { sources: "client/session/*.ts", isSimulated: true, tests: unit("test/unit/client") },
  {
    sources: "worker/callers/{core/*,turns}.ts",
    isSimulated: true,
    tests: [...unit("test/unit/callers"), tier("worker", "test/worker/callers")],
  },
  {
    sources: "worker/durable-object/*.ts",
    isSimulated: false,
    tests: [...unit("test/unit/durable-object"), tier("worker", "test/worker")],
  },
];

interface Outcome extends Pick<Mutation, "line" | "kind" | "from" | "to"> {
  readonly file: string;
  /** `null`: nobody has. */
  readonly foundBy: string | null;
  /** Why that is right. */
  readonly reason?: string;
}

/** A mutant that hangs is found: none of these takes as long on the right cores. */
const PATIENCE_MS = 300_000;

/** Tries one after the other in a thread, and starts a new one where a mutant never comes back. */
class Simulator {
  #worker: Worker | null = null;

  trial(trial: Trial): Promise<string | null> {
    this.#worker ??= new Worker(new URL("./foreign-worker.main.ts", import.meta.url));
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => void this.end().then(() => resolve("it hangs")), PATIENCE_MS);
      worker.removeAllListeners();
      worker.once("message", (found: string | null) => {
        clearTimeout(patience);
        resolve(found);
      });
      worker.once("error", (error) => {
        clearTimeout(patience);
        this.#worker = null;
        if ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") resolve("it takes all memory");
        else reject(error);
      });
      worker.postMessage(trial);
    });
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }
}

/** One in so many, spread over each file: every run with the same options tries the same. */
async function sampleOf({ sources }: Room): Promise<{ file: string; source: string; mutation: Mutation }[]> {
  const all: { file: string; source: string; mutation: Mutation }[] = [];
  for await (const file of glob(sources, { cwd: repositoryRoot })) {
    if (!new RegExp(options.only).test(file)) continue;
    const source = await readFile(inRepository(file), "utf8");
    all.push(...mutationsOf(file, source).map((mutation) => ({ file, source, mutation })));
  }
  all.sort((one, other) => (one.file < other.file ? -1 : Number(one.file > other.file)));
  return all.filter((_, index) => index % options.share === options.offset % options.share);
}

await using folder = await temporaryFolder();
await copyRepository(folder.path);
const simulator = new Simulator();
const outcomes: Outcome[] = [];

async function foundBy({ isSimulated, tests }: Room, file: string, text: string): Promise<string | null> {
  const found = isSimulated ? await simulator.trial({ file, text }) : null;
  if (found !== null) return found;
  for (const one of tests) {
    if (await testsFail(folder.path, file, text, one)) return `tests of the tier ${one.project}`;
  }
  return null;
}

/** From all rooms in turn: whenever it is stopped, each has had its share. */
async function* inTurns() {
  const samples = await Promise.all(ROOMS.map(async (room) => ({ room, mutants: await sampleOf(room) })));
  for (let place = 0; samples.some(({ mutants }) => place < mutants.length); place++)
    for (const { room, mutants } of samples) {
      const mutant = mutants[place];
      if (mutant !== undefined) yield { room, ...mutant };
    }
}

const until = Date.now() + options.minutes * 60_000;
for await (const { room, file, source, mutation } of inTurns()) {
  if (Date.now() >= until) break;
  const { line, kind, from, to } = mutation;
  const found = await foundBy(room, file, applied(source, mutation));
  const reason = found === null ? reasonFor(file, mutation) : undefined;
  outcomes.push({ file, line, kind, from, to, foundBy: found, ...(reason !== undefined && { reason }) });
  const told = found ?? (reason === undefined ? "SURVIVES" : `survives: ${reason}`);
  stdout.write(`${told}\t${file}:${line}\t${kind}\t${shortened(from)}\t${shortened(to)}\n`);
}
await simulator.end();
await mkdir(inRepository("reports"), { recursive: true });
await writeFile(options.json, `${JSON.stringify(outcomes, null, 2)}\n`);
const survivors = outcomes.filter(({ foundBy }) => foundBy === null);
const unexplained = survivors.filter(({ reason }) => reason === undefined);
stdout.write(
  `${outcomes.length} mutants: ${outcomes.length - survivors.length} found, ` +
    `${survivors.length - unexplained.length} survive for a reason, ${unexplained.length} without one\n`,
);
process.exitCode = unexplained.length === 0 ? 0 : 1;

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= 90 ? line : `${line.slice(0, 89)}…`;
}
