import { mkdir, readFile, writeFile } from "node:fs/promises";
import { inRepository } from "./paths.ts";

export const vitestReport = inRepository("reports/tests.json");
export const checkReport = inRepository("reports/check.json");
export const installReport = inRepository("reports/install.json");

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Writes the same fields as the report of the tests, so that both are counted alike. */
export async function writeReport(path: string, { passed, failed }: Counts): Promise<void> {
  await mkdir(inRepository("reports"), { recursive: true });
  await writeFile(path, `${JSON.stringify({ numPassedTests: passed, numFailedTests: failed })}\n`);
}

/** Adds up the reports of the tests, the checks and the installed package. A missing or unreadable report is one failure. */
export async function countReports(): Promise<Counts> {
  const all = await Promise.all([vitestReport, checkReport, installReport].map(countReport));
  return all.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed }));
}

async function countReport(path: string): Promise<Counts> {
  try {
    return countsOf(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** A test file that could not be loaded has a failed suite and no failed test: it counts as one failure. */
export function countsOf(report: unknown): Counts {
  const passed = numberIn(report, "numPassedTests");
  const failed = numberIn(report, "numFailedTests");
  if (passed === undefined || failed === undefined) throw new TypeError("The report has no numbers of tests.");
  const failedAnyhow = isRecord(report) && report["success"] === false ? 1 : 0;
  return { passed, failed: Math.max(failed, failedAnyhow) };
}

function numberIn(report: unknown, field: string): number | undefined {
  const value = isRecord(report) ? report[field] : undefined;
  return typeof value === "number" ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
