import type { Command } from "commander";
import { namesInPath } from "../../shared/protocol/paths.ts";
import type { TermStatus } from "../../worker/index.ts";
import { answerOf, groupRoutes } from "../admin.ts";
import { type GroupOptions, wholeNumber, withConnection, withGroup, withJson } from "../options.ts";
import { printAnswer, shownTime, table } from "../terminal.ts";

const DEFAULT_LIMIT = 20;
const LARGEST_LIMIT = 1_000_000;

interface HistoryOptions extends GroupOptions {
  readonly limit: number;
}

export function addHistory(program: Command): void {
  withJson(withConnection(withGroup(program.command("history").description("lists the terms so far, newest first"))))
    .option("-n, --limit <number>", "largest number of terms", wholeNumber(1, LARGEST_LIMIT), DEFAULT_LIMIT)
    .addHelpText(
      "after",
      `
Examples:
  edge-election history --group checkout
  edge-election history -g checkout --limit 5 --json | jq '.terms[] | {epoch, reason, gapMs}'`,
    )
    .action(async (options: HistoryOptions) => {
      const { group, limit } = options;
      const request = groupRoutes(options).history.$get({
        param: namesInPath({ group }),
        query: { limit: String(limit) },
      });
      const { terms } = await answerOf(options, request);
      printAnswer({ terms }, options.json, historyText);
    });
}

const historyText = ({ terms }: { readonly terms: readonly TermStatus[] }): string =>
  terms.length === 0 ? "nobody has led yet" : table([HEAD, ...terms.map(row)]);

const HEAD = ["EPOCH", "ELECTION", "PROCESS", "FROM", "FOR", "GAP BEFORE", "ENDED"];

function row(term: TermStatus): string[] {
  const { epoch, election, process, sessionId, acceptedAt, endedAt, gapMs, reason, note } = term;
  return [
    String(epoch),
    election,
    process ?? sessionId,
    new Date(acceptedAt).toISOString(),
    endedAt === null ? "runs" : shownTime(endedAt - acceptedAt),
    gapMs === null ? "" : shownTime(gapMs),
    note === null ? (reason ?? "") : `${reason ?? ""} (${note})`,
  ];
}
