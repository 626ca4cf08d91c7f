/** Before each file of tests: everything random follows from one seed, so that each run does the same. */
import fc from "fast-check";
import { inject } from "vitest";
import { seededRandom } from "../../testing/random.ts";

declare module "vitest" {
  export interface ProvidedContext {
    readonly seed: number;
  }
}

/** The seed of everything random in the tests; `npm run soak` takes fresh ones. */
export const seed = inject("seed");
fc.configureGlobal({ seed });
Math.random = seededRandom(seed);
