/**
 * `npm run check`: all that can be checked without running the product.
 *
 * Entry of the room `tools`: builds, checks and tests this repository. The other rooms of `tools/`, `bench/`, `examples/`
 * and `test/` may import it, and `cli/backend` in a checkout. It imports `tools/docs` and `shared/`, and nothing else of the
 * product; it is never published.
 */
import { build } from "./build.ts";
import { documentationProblems } from "./docs/problems.ts";
import { packageProblems } from "./package-check.ts";
import { dashboardBytes, dashboardSizeProblems } from "./page-size.ts";
import { checkReport, writeReport } from "./reports.ts";
import { roomProblems, rooms, roomsText } from "./rooms.ts";
import { ruleIdProblems } from "./rule-ids.ts";
import { run } from "./run.ts";
import { bundleClients, clientBundleProblems } from "./size.ts";

interface Check {
  readonly name: string;
  /** Resolves with the problems, one clause each. May reject. */
  readonly problems: () => Promise<readonly string[]>;
}

/** They run in this order, since later ones use the build. All run, even if an earlier one fails. */
const checks: readonly Check[] = [
  {
    name: "format and lint",
    problems: () => command("biome", ["check", "--error-on-warnings", "--max-diagnostics=50", "."]),
  },
  { name: "build", problems: () => build().then(() => []) },
  { name: "types", problems: () => command("tsc", ["-b", "--pretty", "false"]) },
  { name: "rooms", problems: roomSizes },
  { name: "unused code", problems: () => command("knip", ["--no-progress"]) },
  { name: "rule ids", problems: ruleIdProblems },
  { name: "client size", problems: clientSize },
  { name: "dashboard size", problems: dashboardSize },
  { name: "package", problems: packageProblems },
  { name: "documentation", problems: documentationProblems },
];

async function command(name: string, parameters: readonly string[]): Promise<string[]> {
  const finished = await run(name, parameters, "keep");
  return finished.exitCode === 0 ? [] : [`${name} ${parameters[0] ?? ""} found problems\n${finished.output.trim()}`];
}

async function roomSizes(): Promise<string[]> {
  const all = await rooms();
  process.stdout.write(`     lines of each room: ${roomsText(all)}\n`);
  return roomProblems(all);
}

async function clientSize(): Promise<string[]> {
  const clients = await bundleClients();
  for (const { entry, gzippedBytes } of clients) {
    process.stdout.write(`     ${entry.file} is ${gzippedBytes} bytes, minified and gzipped\n`);
  }
  return clients.flatMap(clientBundleProblems);
}

async function dashboardSize(): Promise<string[]> {
  const bytes = await dashboardBytes();
  process.stdout.write(`     the dashboard is ${bytes} bytes with all that it loads, gzipped\n`);
  return dashboardSizeProblems(bytes);
}

async function passes(check: Check): Promise<boolean> {
  const problems = await check
    .problems()
    .catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
  if (problems.length === 0) process.stdout.write(`ok   ${check.name}\n`);
  for (const problem of problems) process.stdout.write(`FAIL ${check.name}: ${problem}\n`);
  return problems.length === 0;
}

const failed: string[] = [];
for (const check of checks) {
  if (!(await passes(check))) failed.push(check.name);
}
await writeReport(checkReport, { passed: checks.length - failed.length, failed: failed.length });
const verdict = failed.length === 0 ? "" : `, ${failed.length} failed: ${failed.join(", ")}`;
process.stdout.write(`\n${checks.length - failed.length} checks passed${verdict}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
