/** One thread of the soak: random runs with fresh seeds until its time is over, whatever goes wrong. */
import { parentPort, workerData } from "node:worker_threads";
import { shippedCores } from "./cores.ts";
import { type Kind, noTally, replayLine, search, type Tally } from "./run.ts";

export interface SoakOrder {
  readonly seed: number;
  /** When to stop, in milliseconds since 1970. */
  readonly until: number;
}

export interface SoakReport {
  readonly tally: Tally;
  /** What went wrong, with the line that replays it. */
  readonly failure: string | null;
}

const KINDS: readonly Kind[] = ["callers", "plain", "faults", "choice", "choosy callers", "tenants"];
/** Between two looks at the clock. */
const RUNS_AT_ONCE = 100;

const order: SoakOrder = workerData;
for (let seed = order.seed; Date.now() < order.until; seed += 1) {
  const tally = noTally();
  const size = seed % 4 === 0 ? "shallow" : "deep";
  const kind = KINDS[seed % KINDS.length] ?? "plain";
  const found = search(shippedCores, { seed, numRuns: RUNS_AT_ONCE, size, kind }, tally);
  const failure = found === null ? null : `${found.error.message}\n${replayLine(found.run)}`;
  parentPort?.postMessage({ tally, failure } satisfies SoakReport);
}
