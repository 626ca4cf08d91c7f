/** The rows of the table of jobs. */
import { legible } from "../../../../shared/legible.ts";
import type { JobSummary } from "../../../../shared/protocol/runs.ts";

export interface JobView {
  readonly job: string;
  /** Which occurrence runs now, and by whom; empty: none. */
  readonly running: string;
  /** The latest occurrence that is over; empty: none is remembered. */
  readonly last: string;
  readonly end: string;
  readonly by: string;
  readonly endedAt: number | null;
}

export const jobViews = (jobs: readonly JobSummary[]): JobView[] =>
  jobs.map(({ job, run, last }) => ({
    job,
    running: run === null ? "" : `${legible(run.occurrence)} by ${legible(run.by)}`,
    last: last === null ? "" : legible(last.occurrence),
    end: last?.end ?? "",
    by: last === null ? "" : legible(last.by),
    endedAt: last?.endedAt ?? null,
  }));
