/** For each file of the tiers `e2e` and `browser`: what has passed between clients and groups is judged after each test. */
import { relative } from "node:path";
import { afterAll, afterEach, beforeAll, type RunnerTestFile, type RunnerTestSuite } from "vitest";
import { expectRulesKept } from "../../tools/harness/recorder.ts";
import { repositoryRoot } from "../../tools/paths.ts";
import { unrecorded } from "./unrecorded.ts";

let file: RunnerTestFile | undefined;
/** By the files before, in the same process. */
let earlier = 0;

beforeAll(async () => {
  earlier = await expectRulesKept();
});

afterEach(async ({ task }) => {
  ({ file } = task);
  await expectRulesKept();
});

afterAll(async () => {
  const sessions = (await expectRulesKept()) - earlier;
  if (file === undefined || !hasPassed(file)) return;
  const name = relative(repositoryRoot, file.filepath);
  const isLeftOut = unrecorded.has(name);
  const LIST = "test/support/unrecorded.ts";
  if (sessions === 0 && !isLeftOut)
    throw new Error(
      `no session was recorded: give clients a recordedPath (tools/harness), or ${name} a reason in ${LIST}`,
    );
  if (sessions > 0 && isLeftOut) throw new Error(`${sessions} sessions were recorded: take ${name} off ${LIST}`);
});

/** All of it: a filter leaves tests out, and one that has failed may not have come to its sessions. */
const hasPassed = ({ tasks }: Readonly<RunnerTestSuite>): boolean =>
  tasks.every((task) => (task.type === "suite" ? hasPassed(task) : task.result?.state === "pass"));
