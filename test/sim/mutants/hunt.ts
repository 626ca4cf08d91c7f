/** Looks for a run that tells a mutant from the right cores, and keeps a table of how long that took. */
import { mkdir, writeFile } from "node:fs/promises";
import { stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { noTally, search } from "../run.ts";
import { loadCores, type Mutant } from "./mutant.ts";

const SEED = 20_261_122;
/** Short runs find the shallow ones soonest; deep ones need long runs. */
const ATTEMPTS = [
  { size: "shallow", numRuns: 60 },
  { size: "deep", numRuns: 4_000 },
] as const;

interface Catch {
  readonly mutant: Mutant;
  /** What it took: a number of random runs, or the name of a script. */
  readonly took: string;
  readonly violation: string;
}

/** A test for each mutant. The table is printed in the end, and kept as `reports/mutants-<name>.txt`. */
export function expectCaught(name: string, mutants: readonly Mutant[]): void {
  const catches: Catch[] = [];
  describe(`every mutant of the ${name} is caught`, () => {
    test.each(mutants)("$rule: $name", async (mutant) => {
      const caught = await hunt(mutant);
      expect(caught, "it has survived").not.toBeNull();
      if (caught !== null) catches.push(caught);
    });
  });
  afterAll(async () => {
    stdout.write(await report(`mutants-${name}`, catches));
  });
}

/** `null`: it has survived. */
async function hunt(mutant: Mutant): Promise<Catch | null> {
  const cores = await loadCores(mutant.edits);
  if (mutant.trace !== undefined) {
    try {
      mutant.trace(cores);
      return null;
    } catch (error) {
      return { mutant, took: `script ${mutant.trace.name}`, violation: messageOf(error) };
    }
  }
  const kind = mutant.kind ?? (mutant.callers === true ? "callers" : "plain");
  let runs = 0;
  for (const attempt of ATTEMPTS) {
    const failure = search(cores, { seed: SEED, shrink: false, kind, ...attempt }, noTally());
    runs += failure?.runs ?? attempt.numRuns;
    if (failure !== null) return { mutant, took: `${runs} runs`, violation: messageOf(failure.error) };
  }
  return null;
}

const messageOf = (error: unknown): string => String(error instanceof Error ? error.message : error).slice(0, 100);

const reports = fileURLToPath(new URL("../../../reports/", import.meta.url));

/** The table, which is also kept. */
async function report(name: string, catches: readonly Catch[]): Promise<string> {
  const lines = catches.map(
    ({ mutant, took, violation }) =>
      `${mutant.rule.padEnd(4)} ${mutant.name.padEnd(74)} ${took.padEnd(30)} ${violation}`,
  );
  const table = `${lines.join("\n")}\n`;
  await mkdir(reports, { recursive: true });
  await writeFile(`${reports}${name}.txt`, table);
  return table;
}
