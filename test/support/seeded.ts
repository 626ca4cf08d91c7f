/** Before each file of tests: everything random follows from one seed, so that each run does the same. */
import fc from "fast-check";
import { inject } from "vitest";
import { seededRandom } from "../../testing/random.ts";

declare module "vitest" {
  export interface ProvidedContext {
    readonly seed: number;
    /** `standing`: they move when something arrives, not while code runs, and a timer's callback shows when it was due. */
    readonly clocks: "running" | "standing";
  }
}

/** The seed of everything random in the tests; `npm run soak` takes fresh ones. */
export const seed = inject("seed");
/** Whether clocks stand still while code runs, as in Workers (the tiers `clocks` and `clocks-worker`). */
export const clocksStandStill = inject("clocks") === "standing";
fc.configureGlobal({ seed });
Math.random = seededRandom(seed);
