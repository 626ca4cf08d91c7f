/** A thread that tries mutants. It may never come back from one: whoever has started it counts its steps. */
import { threadCpuUsage } from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { type Depth, whatKills } from "./stages.ts";

export interface Trial {
  readonly file: string;
  readonly text: string;
  readonly depth: Depth;
}

export interface Tried {
  readonly foundBy: string | null;
  /** The most processor time that went by between two steps. */
  readonly longestMs: number;
}

const steps: Int32Array = workerData;

function usedMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1_000;
}

parentPort?.on("message", async ({ file, text, depth }: Trial) => {
  let longestMs = 0;
  let lastMs = usedMs();
  const foundBy = await whatKills(file, text, depth, () => {
    Atomics.add(steps, 0, 1);
    const now = usedMs();
    longestMs = Math.max(longestMs, now - lastMs);
    lastMs = now;
  });
  parentPort?.postMessage({ foundBy, longestMs } satisfies Tried);
});
