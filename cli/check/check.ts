/** A trace as text: each line is read, and judged by what the lines before it have shown. */
import { InvalidField } from "../../shared/protocol/fields.ts";
import { TraceJudge } from "./judge.ts";
import { entryOf, headerOf } from "./trace.ts";
import type { Finding } from "./violations.ts";

export interface Verdict {
  readonly frames: number;
  readonly connections: number;
  readonly findings: readonly Finding[];
}

/** A line that is no part of a trace. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

/** Throws `TraceError`. */
export async function checkTrace(lines: AsyncIterable<string> | Iterable<string>): Promise<Verdict> {
  const findings: Finding[] = [];
  let judge: TraceJudge | null = null;
  let [line, frames, connections] = [0, 0, 0];
  for await (const text of lines) {
    line += 1;
    if (judge === null) {
      judge = new TraceJudge(read(line, () => headerOf(text)).seen);
      continue;
    }
    if (text === "") continue;
    const entry = read(line, () => entryOf(text));
    if (entry.kind === "open") connections += 1;
    else if (entry.kind === "up" || entry.kind === "down") frames += 1;
    findings.push(...judge.take(entry, line));
  }
  if (judge === null) throw new TraceError('the trace is empty: its first line is {"kind": "trace", ...}');
  return { frames, connections, findings };
}

function read<T>(line: number, from: () => T): T {
  try {
    return from();
  } catch (error) {
    if (error instanceof InvalidField) throw new TraceError(`line ${line}: ${error.message}`);
    throw error;
  }
}
