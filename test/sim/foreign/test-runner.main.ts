/** A process that keeps vitest between mutants. It runs files of tests in the order that it is told, up to the first that fails. */
import { relative } from "node:path";
import process from "node:process";
import { BaseSequencer, createVitest, type TestCase, type TestModule, type TestSpecification } from "vitest/node";

/** Runs files of one tier. */
export interface Order {
  readonly project: string;
  /** From the repository's root; the first one is run first. */
  readonly files: readonly string[];
  /** The source that is a mutant, or was one. */
  readonly changed: string;
}

/** A file of tests begins, or all is over: `failed` is the test, or what else went wrong. */
export type Report = { readonly begins: string } | { readonly failed: string | null };

const report = (message: Report): void => void process.send?.(message);
const root = process.cwd();
const fileOf = ({ moduleId }: { readonly moduleId: string }): string => relative(root, moduleId);

let files: readonly string[] = [];
/** Of the order before: the source reads as it did before that, by now. */
let changedBefore: string | null = null;
/** Of this run: what vitest returns in the end includes what earlier runs have left. */
let failedFirst: string | null = null;

class AsOrdered extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return specifications.toSorted((one, other) => files.indexOf(fileOf(one)) - files.indexOf(fileOf(other)));
  }
}

const vitest = await createVitest({
  root,
  watch: false,
  bail: 1,
  // What fails only now and then finds nothing.
  retry: 1,
  maxWorkers: 1,
  project: process.argv.slice(2),
  reporters: [
    {
      onTestModuleStart: (module: TestModule) => report({ begins: fileOf(module) }),
      onTestCaseResult(test: TestCase) {
        if (test.result().state === "failed") failedFirst ??= `${fileOf(test.module)}: ${test.name}`;
      },
      onTestModuleEnd(module: TestModule) {
        if (module.state() === "failed") failedFirst ??= fileOf(module);
      },
    },
  ],
  sequence: { sequencer: AsOrdered },
});
await vitest.standalone();
const all = await vitest.globTestSpecifications();

async function carryOut(order: Order): Promise<string | null> {
  files = order.files;
  for (const changed of [changedBefore ?? order.changed, order.changed]) vitest.invalidateFile(`${root}/${changed}`);
  changedBefore = order.changed;
  const chosen = all.filter((one) => one.project.name === order.project && files.includes(fileOf(one)));
  failedFirst = null;
  const { unhandledErrors } = await vitest.runTestSpecifications(chosen);
  return failedFirst ?? (unhandledErrors.length === 0 ? null : String(unhandledErrors[0]));
}

process.on("message", async (order: Order) => report({ failed: await carryOut(order) }));
report({ failed: null });
process.on("disconnect", () => process.exit());
