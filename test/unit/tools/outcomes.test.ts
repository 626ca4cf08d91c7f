import { expect, test } from "vitest";
import { listOf, notAlwaysPassed, type TestReport } from "../../../tools/outcomes.ts";

const ROOT = "/here/";

/** A run with one file, whose tests ended like this. */
function run(tests: Readonly<Record<string, string | null>>): TestReport {
  const assertionResults = Object.entries(tests).map(([fullName, problem]) =>
    problem === null ? { fullName, status: "passed" } : { fullName, status: "failed", failureMessages: [problem] },
  );
  const status = assertionResults.some((one) => one.status === "failed") ? "failed" : "passed";
  return { testResults: [{ name: `${ROOT}a.test.ts`, status, assertionResults }] };
}

test("repeated runs: a test that passed every time is not listed", () => {
  expect(notAlwaysPassed([run({ one: null, two: null }), run({ one: null, two: null })], ROOT)).toEqual([]);
  expect(listOf([], 2)).toBe("All tests passed in each of 2 runs.");
});

test("repeated runs: a test that failed once is listed with its runs, and each of its messages once", () => {
  const outcomes = notAlwaysPassed(
    [run({ one: null, two: null }), run({ one: "4429", two: null }), run({ one: "4429", two: null })],
    ROOT,
  );
  expect(outcomes).toEqual([{ test: "a.test.ts > one", each: ["passed", "failed", "failed"], messages: ["4429"] }]);
  expect(listOf(outcomes, 3)).toBe(
    "1 tests did not pass in each of 3 runs:\n\na.test.ts > one\n  passed 1, failed 2 (run 2, 3)\n    4429",
  );
});

test("repeated runs: a test that failed every time is listed, too", () => {
  expect(notAlwaysPassed([run({ one: "no" }), run({ one: "no\nnever" })], ROOT)).toEqual([
    { test: "a.test.ts > one", each: ["failed", "failed"], messages: ["no", "no\nnever"] },
  ]);
});

test("repeated runs: a test that was not run, a file that could not be, and a run without a report are seen", () => {
  const broken: TestReport = {
    testResults: [{ name: `${ROOT}a.test.ts`, status: "failed", message: "no such module", assertionResults: [] }],
  };
  expect(notAlwaysPassed([run({ one: null }), broken], ROOT)).toEqual([
    { test: "a.test.ts", each: ["missing", "failed"], messages: ["no such module"] },
    { test: "a.test.ts > one", each: ["passed", "missing"], messages: [] },
  ]);
  expect(notAlwaysPassed([run({ one: null }), null], ROOT)).toEqual([
    { test: "a.test.ts > one", each: ["passed", "missing"], messages: [] },
  ]);
});
