/** Output of the commands. Colours are used only on a terminal, and not if `NO_COLOR` is set. */

import { allLegible, legibleJson } from "../shared/legible.ts";

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = keyof typeof CODES;
export type Paint = (style: Style, text: string) => string;

interface Output {
  readonly isTTY?: boolean;
}

/** https://no-color.org: any value but the empty one counts. */
export const isColoured = (
  { isTTY = false }: Output,
  environment: Readonly<Record<string, string | undefined>>,
): boolean => isTTY && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";

export const painter =
  (coloured: boolean): Paint =>
  (style, text) =>
    coloured ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;

/** For standard output. */
export const paint: Paint = (style, text) => painter(isColoured(process.stdout, process.env))(style, text);

/**
 * Drops what can't be written to this output: otherwise the process would end when its reader has gone. For outputs that
 * report on the work of a process and are not the work itself.
 */
export const surviveUnread = (output: NodeJS.WriteStream): void => void output.on("error", () => undefined);

/** `text` may hold only what is legible: texts of others go through `printAnswer`. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);
export const printJson = (value: unknown): void => print(legibleJson(value));

/** Prints what a backend has sent: as JSON, or as the text that `textOf` makes of its legible texts. */
export function printAnswer<Answer>(
  answer: Answer,
  json: boolean | undefined,
  textOf: (shown: Answer) => string,
): void {
  if (json) printJson(answer);
  else print(textOf(allLegible(answer)));
}
export const warn = (text: string): void => void process.stderr.write(`edge-election: ${text}\n`);

/** A process by its legible name and its session id, since names need not be unique. */
export const shownProcess = ({ process, sessionId }: ProcessSession): string =>
  process === null ? sessionId : `${process} (${sessionId})`;

interface ProcessSession {
  readonly process: string | null;
  readonly sessionId: string;
}

export const shownTime = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}
