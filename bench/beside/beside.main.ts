/**
 * `npm run beside`: each abuse at its full rate for a minute beside two leaders, and what it costs whom. Ends with exit code
 * 1 where a leader has lost its term. `--json bench/results/beside.json` writes the results that SECURITY.md quotes.
 */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { scriptNamed, wholeNumber } from "../../tools/arguments.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { checkOut } from "../../tools/harness/versions.ts";
import { inRepository } from "../../tools/paths.ts";
import { bundle, bundleWorkerOf } from "../bundle.ts";
import { exitOnSignals } from "../signals.ts";
import { abuseIds } from "./abuses.ts";
import { type Circumstances, type Figures, measureBeside } from "./measure.ts";

const options = scriptNamed(
  "npm run beside",
  "Abuses a group at full rate, and watches leaders of it and of another one.",
)
  .option("--seconds <number>", "how long each abuse lasts", wholeNumber(1), 60)
  .option("--only <pattern>", "measure only abuses whose id matches this regular expression", "")
  .option("--before <commit>", "measure the Worker of this commit in place of the present one")
  .option("--json <file>", "file for the results as JSON", "reports/beside.json")
  .parse()
  .opts<{ seconds: number; only: string; before?: string; json: string }>();
const { seconds, only, before, json } = options;

/** The sources of this commit, with the present settings of the two groups. */
async function earlierBundle(commit: string, folder: string): Promise<string> {
  await checkOut(commit, folder);
  const entry = "bench/beside-worker/index.ts";
  await mkdir(join(folder, dirname(entry)), { recursive: true });
  await cp(inRepository(entry), join(folder, entry));
  const file = join(folder, "earlier-worker.js");
  await bundleWorkerOf(join(folder, entry), file);
  return file;
}

async function measureAll(circumstances: Circumstances): Promise<Figures[]> {
  const results: Figures[] = [];
  await mkdir(dirname(json), { recursive: true });
  for (const abuse of abuseIds.filter((id) => new RegExp(only).test(id))) {
    const figures = await measureBeside(abuse, circumstances);
    results.push(figures);
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    const report = { ...(before !== undefined && { commit: before }), results };
    await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return results;
}

exitOnSignals();
await using folder = await temporaryFolder();
await using present = await bundle("beside-worker");
const workerBundle = before === undefined ? present.file : await earlierBundle(before, folder.path);
const results = await measureAll({ seconds, workerBundle });
const lost = results.flatMap(({ abuse, leaders }) =>
  Object.entries(leaders).flatMap(([group, figures]) =>
    figures.lost > 0 ? [`${abuse}: the leader of ${group} has lost ${figures.lost} terms`] : [],
  ),
);
process.stdout.write(lost.length === 0 ? "no leader has lost its term\n" : `${lost.join("\n")}\n`);
process.exitCode = lost.length === 0 ? 0 : 1;
