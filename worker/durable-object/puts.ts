/** The rows of a commit as they are written, and the statements that write them. */
import type { RowChange } from "../group/rows.ts";

/** One row as it is written. */
export interface Put {
  readonly key: string;
  readonly sequence: number | null;
  /** As JSON. */
  readonly row: string;
}

/** Rows for one statement: the platform takes 100 values. */
export const PUTS_AT_ONCE = 33;

/** Statements by the number of their rows. */
const statements: string[] = [];

/** The statement that puts so many rows. The same text each time: the platform finds what it has prepared by it. */
export function putting(rows: number): string {
  const places = (): string => Array(rows).fill("(?, ?, ?)").join(", ");
  statements[rows] ??= `INSERT OR REPLACE INTO stored (key, sequence, row) VALUES ${places()}`;
  return statements[rows];
}

export const plain = (key: string, row: object): Put => ({ key, sequence: null, row: JSON.stringify(row) });

/**
 * Adds a change to what is put, or to the keys that are removed. The group's row is put by itself, with the counters, and
 * an ended term where another gives way.
 */
export function addChange(change: RowChange, puts: Put[], removed: string[]): void {
  if (!("key" in change)) return;
  const key = `${change.table}/${change.key}`;
  if (change.row === null) removed.push(key);
  else puts.push(plain(key, change.row));
}
