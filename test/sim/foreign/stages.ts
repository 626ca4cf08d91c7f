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
import { noTally, type Search, search, type Tally } from "../run.ts";

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

/** How often each script has found a mutant of a file. */
const finds = new Map<string, number>();
const findsOf = (script: Script, file: string): number => finds.get(`${script.name} ${file}`) ?? 0;

/** What has found most mutants of this file is tried first. */
const inOrder = (file: string): Script[] =>
  [...scripts].sort((one, other) => findsOf(other, file) - findsOf(one, file));

const SEED = 20_261_122;
type Searches = readonly Omit<Search, "seed" | "shrink">[];
const SEARCHES: Readonly<Record<Depth, Searches>> = {
  quick: [
    { size: "shallow", numRuns: 60, kind: "plain" },
    { size: "deep", numRuns: 20, kind: "callers" },
  ],
  whole: [
    { size: "shallow", numRuns: 60, kind: "callers" },
    { size: "deep", numRuns: 60, kind: "faults" },
    { size: "deep", numRuns: 150, kind: "plain" },
    { size: "deep", numRuns: 100, kind: "callers" },
  ],
};
/** Of each small world. */
const MAX_STATES = 4_000;

/** `quick`: the scripts, and a few random runs. `whole`: more of them, and the small worlds. */
export type Depth = "quick" | "whole";

/** What has found it; `null`: it has survived. Calls `step` after each script, random run and small world. */
export async function whatKills(
  file: string,
  text: string,
  depth: Depth,
  step = (): void => {},
): Promise<string | null> {
  let cores: Cores;
  try {
    cores = await loadCoresWith(file, text);
  } catch {
    return "it does not load";
  }
  if (depth === "quick") return byScripts(cores, file, step) ?? bySearches(cores, SEARCHES.quick, step);
  return bySearches(cores, SEARCHES.whole, step) ?? byWorlds(cores, step);
}

function byScripts(cores: Cores, file: string, step: () => void): string | null {
  for (const script of inOrder(file)) {
    if (throws(() => script(cores))) {
      finds.set(`${script.name} ${file}`, findsOf(script, file) + 1);
      return `script ${script.name}`;
    }
    step();
  }
  return null;
}

function bySearches(cores: Cores, searches: Searches, step: () => void): string | null {
  for (const one of searches) {
    const failure = search(cores, { seed: SEED, shrink: false, ...one }, tallyWith(step));
    if (failure !== null) return `${failure.runs} random runs`;
  }
  return null;
}

function byWorlds(cores: Cores, step: () => void): string | null {
  for (const { name, setup, inTests } of worlds) {
    if (!inTests) continue;
    if (throws(() => assertSound(cores, setup))) return `every interleaving of ${name}`;
    step();
  }
  return null;
}

/** Tells of each run that begins. */
function tallyWith(step: () => void): Tally {
  let runs = 0;
  return {
    ...noTally(),
    get runs() {
      return runs;
    },
    set runs(now) {
      runs = now;
      step();
    },
  };
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
