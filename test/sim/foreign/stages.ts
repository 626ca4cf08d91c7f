/** What is tried on a foreign mutant of the cores: every script, then random runs, then every interleaving of small worlds. */
import type { Cores } from "../cores.ts";
import { explore } from "../exhaustive/explore.ts";
import { worlds } from "../exhaustive/worlds.ts";
import { callerMutants } from "../mutants/caller-mutants.ts";
import { clientMutants } from "../mutants/client-mutants.ts";
import { contenderMutants } from "../mutants/contender-mutants.ts";
import { groupSessionMutants } from "../mutants/group-session-mutants.ts";
import { groupTermMutants } from "../mutants/group-term-mutants.ts";
import { hostMutants } from "../mutants/host-mutants.ts";
import { loadCoresWith } from "../mutants/mutant.ts";
import { readinessMutants } from "../mutants/readiness-mutants.ts";
import { noTally, type Search, search } from "../run.ts";

type Script = (cores: Cores) => void;

const known = [
  ...groupTermMutants,
  ...groupSessionMutants,
  ...readinessMutants,
  ...callerMutants,
  ...hostMutants,
  ...contenderMutants,
  ...clientMutants,
];
const scripts = new Set(known.flatMap(({ trace }): Script[] => (trace === undefined ? [] : [trace])));

const SEED = 20_261_122;
const SEARCHES: readonly Omit<Search, "seed" | "shrink">[] = [
  { size: "shallow", numRuns: 60, kind: "plain" },
  { size: "shallow", numRuns: 60, kind: "callers" },
  { size: "deep", numRuns: 60, kind: "faults" },
  { size: "deep", numRuns: 150, kind: "plain" },
  { size: "deep", numRuns: 100, kind: "callers" },
];
/** Of each small world. */
const MAX_STATES = 4_000;

/** What has found it; `null`: it has survived. */
export async function whatKills(file: string, text: string): Promise<string | null> {
  let cores: Cores;
  try {
    cores = await loadCoresWith(file, text);
  } catch {
    return "it does not load";
  }
  for (const script of scripts) {
    if (throws(() => script(cores))) return `script ${script.name}`;
  }
  for (const one of SEARCHES) {
    const failure = search(cores, { seed: SEED, shrink: false, ...one }, noTally());
    if (failure !== null) return `${failure.runs} random runs`;
  }
  for (const { name, setup, inTests } of worlds) {
    if (!inTests) continue;
    if (throws(() => assertSound(cores, setup))) return `every interleaving of ${name}`;
  }
  return null;
}

function assertSound(cores: Cores, setup: (typeof worlds)[number]["setup"]): void {
  const { violation } = explore(cores, setup, { maxStates: MAX_STATES });
  if (violation !== null) throw violation.error;
}

function throws(work: () => void): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}
