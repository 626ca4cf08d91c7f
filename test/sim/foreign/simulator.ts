/**
 * The simulator in a thread that is kept from mutant to mutant. A mutant loops if one step of it (a script, a random run, a
 * small world) takes far more processor time than the longest step of the right cores: that is the same on a busy machine.
 */
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { inRepository } from "../../../tools/paths.ts";
import type { Trial, Tried } from "./simulator-worker.main.ts";

const TIMES_LONGEST = 10;
const SMALLEST_MS = 10_000;
const LOOK_EVERY_MS = 1_000;

export class Simulator {
  readonly #steps = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | null = null;
  /** `null`: the right cores have not been tried yet. */
  #limitMs: number | null = null;

  /** What finds the mutant; `null`: nothing. */
  async trial(trial: Trial): Promise<string | null> {
    this.#limitMs ??= await this.#measure(trial);
    return (await this.#try(trial)).foundBy;
  }

  /** The right cores go through everything first, and nothing may find a fault in them. */
  async #measure({ file, depth }: Trial): Promise<number> {
    const { foundBy, longestMs } = await this.#try({ file, depth, text: await readFile(inRepository(file), "utf8") });
    if (foundBy !== null) throw new Error(`${foundBy} fails without a mutant`);
    return Math.max(SMALLEST_MS, TIMES_LONGEST * longestMs);
  }

  #try(trial: Trial): Promise<Tried> {
    this.#worker ??= new Worker(new URL("./simulator-worker.main.ts", import.meta.url), { workerData: this.#steps });
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const found = (foundBy: string): void => resolve({ foundBy, longestMs: 0 });
      const stopLooking = this.#watch(worker, () => void this.end().then(() => found("it loops")));
      worker.removeAllListeners();
      worker.once("message", (tried: Tried) => {
        stopLooking();
        resolve(tried);
      });
      worker.once("error", (error) => {
        stopLooking();
        this.#worker = null;
        if ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") found("it takes all memory");
        else reject(error);
      });
      worker.postMessage(trial);
    });
  }

  /** Calls once where a step has taken too much. Returns how to stop. */
  #watch(worker: Worker, loops: () => void): () => void {
    let step = -1;
    let sinceMs = 0;
    const timer = setInterval(async () => {
      const used = await worker.cpuUsage().catch(() => null);
      if (used === null) return;
      const usedMs = (used.user + used.system) / 1_000;
      const now = Atomics.load(this.#steps, 0);
      if (now !== step) {
        step = now;
        sinceMs = usedMs;
      } else if (this.#limitMs !== null && usedMs - sinceMs > this.#limitMs) {
        clearInterval(timer);
        loops();
      }
    }, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }
}
