/**
 * Faults that this product once had, put back one by one: `node test/sim/mutants/past-faults.main.ts [RUNS]` prints which script
 * finds each, and after how many random runs of each kind it is found without one.
 */
import { argv, stdout } from "node:process";
import { type Kind, noTally, search } from "../run.ts";
import { clientMutants } from "./client-mutants.ts";
import { groupTermMutants } from "./group-term-mutants.ts";
import { hostMutants } from "./host-mutants.ts";
import { loadCores, type Mutant } from "./mutant.ts";

/** As the mutants of `npm test` call them. */
const FAULTS: readonly (readonly [fault: string, mutant: string])[] = [
  ["two leaders by a list", "what was refused is named no more, though it drains"],
  ["a swallowed alarm", "an alarm that lay in the past when the object woke is waited for"],
  ["a lost bye", "bye keeps to the pace"],
  ["a deaf observer", "who only observes shows no sign of life"],
  ["a flapping rival", "who did not take what it has preempted preempts again"],
];
const KINDS: readonly Kind[] = ["plain", "callers", "faults"];
const SEED = 20_261_122;

const all: readonly Mutant[] = [...clientMutants, ...groupTermMutants, ...hostMutants];
const numRuns = Number(argv[2] ?? 1_000);

for (const [fault, name] of FAULTS) {
  const mutant = all.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
  const cores = await loadCores(mutant.edits);
  const found = KINDS.map((kind) => {
    const failure = search(cores, { seed: SEED, numRuns, shrink: false, kind }, noTally());
    return failure === null
      ? `${kind}: not in ${numRuns}`
      : `${kind}: ${failure.runs} runs, ${failure.error.message.slice(0, 80)}`;
  });
  stdout.write(`${fault} [${mutant.rule}] script ${mutant.trace?.name ?? "none"}; ${found.join("; ")}\n`);
}
