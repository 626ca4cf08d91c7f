/** One thread that tries mutants. It may never come back from one: whoever started it has the patience. */
import { parentPort } from "node:worker_threads";
import { whatKills } from "./stages.ts";

export interface Trial {
  readonly file: string;
  readonly text: string;
}

parentPort?.on("message", async ({ file, text }: Trial) => {
  parentPort?.postMessage(await whatKills(file, text));
});
