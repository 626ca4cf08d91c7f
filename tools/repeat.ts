import { type ChildProcess, spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { scriptNamed, wholeNumber } from "./arguments.ts";
import { build } from "./build.ts";
import { listOf, notAlwaysPassed, type TestReport } from "./outcomes.ts";
import { inRepository, repositoryRoot } from "./paths.ts";
import { countsOf } from "./reports.ts";
import { run } from "./run.ts";

async function main(): Promise<number> {
  const command = scriptNamed(
    "npm run test:repeat",
    "Runs the tests several times, and lists those that did not pass each time.",
  )
    .argument("[words...]", "arguments of vitest, after a second --")
    .option("--runs <number>", "how often", wholeNumber(1), 5)
    .option("--load <number>", "busy processes beside the tests", wholeNumber(0), 0)
    .parse();
  const { runs, load } = command.opts<{ runs: number; load: number }>();
  await build();
  const busy = startLoad(load);
  const taken: Taken[] = [];
  try {
    for (let index = 1; index <= runs; index += 1) taken.push(await runOnce(index, command.args));
  } finally {
    for (const child of busy) child.kill("SIGKILL");
  }
  const reports = taken.map(({ report }) => report);
  const outcomes = notAlwaysPassed(reports, repositoryRoot);
  print(`\n${listOf(outcomes, runs)}`);
  return outcomes.length === 0 && taken.every(({ isGreen }) => isGreen) ? 0 : 1;
}

/** One run. It is not green if all tests passed and an unhandled error occurred. */
interface Taken {
  readonly report: TestReport | null;
  readonly isGreen: boolean;
}

async function runOnce(index: number, parameters: readonly string[]): Promise<Taken> {
  const file = inRepository(`reports/repeat-${index}.json`);
  await rm(file, { force: true });
  const startedAt = performance.now();
  const { exitCode, output } = await run(
    "vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...parameters],
    "keep",
  );
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  try {
    const report = JSON.parse(await readFile(file, "utf8")) as TestReport;
    const { passed, failed } = countsOf(report);
    print(`run ${index}: ${passed} passed, ${failed} failed, exit code ${exitCode}, ${seconds} s`);
    if (exitCode !== 0 && failed === 0) print(output.slice(-5_000));
    return { report, isGreen: exitCode === 0 };
  } catch (error) {
    print(`run ${index}: no report after ${seconds} s: ${error instanceof Error ? error.message : String(error)}`);
    return { report: null, isGreen: false };
  }
}

/** Starts processes that keep the processors busy. They end with this process, however it ends. */
function startLoad(count: number): ChildProcess[] {
  const parent = process.pid;
  const program = `setInterval(() => { try { process.kill(${parent}, 0) } catch { process.exit() }
    const until = performance.now() + 200; while (performance.now() < until); }, 0)`;
  return Array.from({ length: count }, () => spawn(process.execPath, ["--eval", program], { stdio: "ignore" }));
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
