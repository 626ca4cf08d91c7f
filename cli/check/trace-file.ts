/** A trace as a file. Each line is there as soon as it is told, whatever becomes of this process. */
import { openSync, writeSync } from "node:fs";
import { usageFailure } from "../failure.ts";
import type { Entry, Header } from "./trace.ts";

/** Replaces the file. */
export function traceFile(file: string): (entry: Entry) => void {
  const descriptor = opened(file);
  const write = (line: Header | Entry): void => void writeSync(descriptor, `${JSON.stringify(line)}\n`);
  write({ kind: "trace", version: 1, seen: "path" });
  return write;
}

function opened(file: string): number {
  try {
    return openSync(file, "w");
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw usageFailure(`--trace: ${problem}`, "Name a file that you may write.");
  }
}
