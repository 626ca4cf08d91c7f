/**
 * `npm run once`: real processes with the same cron, clocks that differ, and a part of the runs ended by SIGKILL. Prints what
 * the group's record and the processes' own log say; ends with exit code 1 if a promise was broken.
 */
import { scriptNamed, wholeNumber } from "../../tools/arguments.ts";
import { problemsOf, runRounds } from "../support/once-rounds.ts";

const { processes, occurrences } = scriptNamed(
  "npm run once",
  "Runs two jobs in many processes, with retry and without, in some minutes of real time.",
)
  .option("--processes <number>", "processes that have the same cron", wholeNumber(1), 20)
  .option("--occurrences <number>", "occurrences of each job", wholeNumber(1), 1_000)
  .parse()
  .opts<{ processes: number; occurrences: number }>();

const results = await runRounds({
  ...{ processes, occurrences, tickMs: 700, skewMs: 5_000, killed: 0.1, leaseMs: 2_000 },
});
for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
const problems = results.flatMap(problemsOf);
for (const problem of problems) process.stdout.write(`FAIL ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
