/** The results of a run, as JSON and as a table, which gets a line as soon as a row is measured. */
import type { FloorMedians } from "./floor.ts";
import type { Result } from "./row.ts";

export interface Unmeasured {
  readonly row: string;
  readonly why: string;
}

/** The content of the JSON file. */
export interface Report {
  /** Measured right before the first row. */
  readonly floor: FloorMedians | null;
  readonly seconds: number;
  readonly results: readonly Result[];
  readonly skipped: readonly Unmeasured[];
  readonly failed: readonly Unmeasured[];
}

const WIDTHS = [50, 6, 10, 10, 10, 10, 9, 30, 24, 8, 6, 7] as const;

const line = (cells: readonly string[]): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0]) : ` ${cell}`.padStart(WIDTHS[index] ?? 0))).join("");

export const HEAD = line(["row", "n", "p50", "p95", "p99", "max", "unit", "p50 against", "target", "", "load", "s"]);

export function lineOf(result: Result): string {
  const { name, n, p50, p95, p99, max, unit, ratio, reference, target = "", verdict = "", load, seconds } = result;
  const against = reference === undefined || ratio === undefined ? "" : `${shown(ratio)} x ${reference.name}`;
  const beside = [result.settings, result.note].filter((text) => text !== undefined);
  const numbers = [p50, p95, p99, max].map(shown);
  return [
    line([name, String(n), ...numbers, unit, against, target, verdict, load.toFixed(1), seconds.toFixed(0)]),
    ...beside.map((text) => `    ${text}`),
  ].join("\n");
}

/** Missed targets, and rows that failed or were skipped. A row that was not measured meets no target. */
export function conclusionOf({ results, failed, skipped }: Pick<Report, "results" | "failed" | "skipped">): string {
  const missed = results.filter(({ verdict }) => verdict === "missed");
  const parts = [listed("targets missed", missed), listed("failed", failed), listed("skipped", skipped)].flat();
  return missed.length > 0 ? parts.join("; ") : ["no measured target is missed", ...parts].join("; ");
}

const listed = (what: string, rows: readonly { readonly row: string }[]): string[] =>
  rows.length === 0 ? [] : [`${what}: ${[...new Set(rows.map(({ row }) => row))].join(", ")}`];

function shown(value: number): string {
  if (Number.isInteger(value)) return String(value);
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
