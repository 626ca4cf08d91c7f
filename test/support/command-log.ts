/** Reads what the commands of `edge-election run` have written about themselves; see logged-command.main.ts. */
import { closeSync, openSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";

const PROGRAM = fileURLToPath(new URL("logged-command.main.ts", import.meta.url));
const LOOK_EVERY_MS = 20;
const CHUNK_BYTES = 65_536;

export interface LogLine {
  readonly epoch: number;
  readonly pid: number;
  readonly parent: number;
  readonly event: string;
  readonly at: number;
}

export const loggedCommand = (log: string, ...words: readonly string[]): string[] => [
  process.execPath,
  PROGRAM,
  log,
  ...words,
];

/** Follows a log that others append to. */
export class CommandLog {
  readonly lines: LogLine[] = [];
  readonly #file: number;
  #rest = "";

  constructor(path: string) {
    this.#file = openSync(path, "a+");
  }

  /** Takes in what is new. */
  read(): readonly LogLine[] {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let size = readSync(this.#file, chunk); size > 0; size = readSync(this.#file, chunk)) {
      const parts = (this.#rest + chunk.toString("utf8", 0, size)).split("\n");
      this.#rest = parts.pop() ?? "";
      for (const part of parts) this.lines.push(JSON.parse(part));
    }
    return this.lines;
  }

  /** Resolves with the first line, from the beginning of the log, that is wanted. */
  async until(what: string, wanted: (line: LogLine) => boolean): Promise<LogLine> {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      const found = this.read().find(wanted);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw new Error(`waited in vain for ${what}; last lines: ${JSON.stringify(this.lines.slice(-5))}`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Terms whose commands have overlapped: of a term nobody may write after a command of another term has begun. */
export function overlaps(lines: readonly LogLine[]): string[] {
  const over = new Set<number>();
  let current: LogLine | undefined;
  const faults = new Set<string>();
  for (const line of lines) {
    if (current !== undefined && line.epoch !== current.epoch) over.add(current.epoch);
    if (over.has(line.epoch))
      faults.add(`epoch ${line.epoch} (${line.pid}) wrote after epoch ${current?.epoch} had begun`);
    if (current !== undefined && line.epoch < current.epoch)
      faults.add(`epoch ${line.epoch} came after ${current.epoch}`);
    current = line;
  }
  return [...faults];
}

/** The longest time between the last line of a term and the first one of the next. */
export function longestGapMs(lines: readonly LogLine[]): number {
  const gaps = lines.map((line, index) => {
    const before = lines[index - 1];
    return before === undefined || before.epoch === line.epoch ? 0 : line.at - before.at;
  });
  return Math.max(0, ...gaps);
}
