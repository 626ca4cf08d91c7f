import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, the longest first. Each tier begins with its own, so that it does not end with one of them
 * on one processor while the others have nothing left to do. A fresh clone knows no durations of earlier runs.
 */
const LONGEST = [
  "test/sim/random.test.ts",
  "test/sim/mutants/group-mutants.test.ts",
  "test/sim/exhaustive/exhaustive.test.ts",
  "test/sim/mutants/client-mutants.test.ts",
  "test/unit/group/spread.test.ts",
  "test/unit/group/random.test.ts",
  "test/unit/client/pace.test.ts",
  "test/worker/callers/conformance.test.ts",
  "test/worker/client/conformance.test.ts",
  "test/worker/callers/contender.test.ts",
  "test/e2e/cli-run.test.ts",
  "test/e2e/abuse.test.ts",
  "test/e2e/cli-commands.test.ts",
  "test/e2e/examples.test.ts",
  "test/e2e/fail-over.test.ts",
  "test/e2e/documentation.test.ts",
  "test/e2e/cli-hostile.test.ts",
  "test/e2e/deploying.test.ts",
  "test/e2e/faults.test.ts",
  "test/browser/dashboard.test.ts",
  "test/browser/dashboard-views.test.ts",
  "test/browser/hidden.test.ts",
  "test/browser/enduring.test.ts",
  "test/browser/dashboard-names.test.ts",
  "test/browser/demo.test.ts",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
      return index < 0 ? LONGEST.length : index;
    };
    const orderOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    return sorted.toSorted((one, other) => orderOf(one) - orderOf(other) || rank(one) - rank(other));
  }
}
