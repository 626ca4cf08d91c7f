import { expect, test } from "vitest";
import { jobViews } from "../../../worker/pages/dashboard/view/jobs.ts";

test("a job is shown with what runs and what has run last, hostile names made legible", () => {
  const run = { occurrence: "2", by: "node\u202e1", startedAt: 5, epoch: 7, remainingMs: 100 };
  const last = { occurrence: "1", end: "completed", by: "node-2", startedAt: 1, endedAt: 2 } as const;
  expect(
    jobViews([
      { job: "nightly", run, last },
      { job: "fresh", run: null, last: null },
    ]),
  ).toEqual([
    { job: "nightly", running: "2 by node‹U+202E›1", last: "1", end: "completed", by: "node-2", endedAt: 2 },
    { job: "fresh", running: "", last: "", end: "", by: "", endedAt: null },
  ]);
});
