import type { Command } from "commander";
import { attentionTo, byAttention } from "../../shared/attention.ts";
import type { GroupSummary, GroupsStatus } from "../../shared/protocol/status.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { groupsOf } from "../admin.ts";
import { type ConnectionOptions, withConnection, withJson } from "../options.ts";
import { paint, printAnswer, shownProcess, shownTime, table } from "../terminal.ts";

interface GroupsOptions extends ConnectionOptions {
  readonly filter?: string;
  readonly json?: boolean;
}

export function addGroups(program: Command): void {
  const description = "lists all groups and who leads them; those without a leader come first";
  withJson(withConnection(program.command("groups").description(description)))
    .option("--filter <text>", "only groups whose names contain it")
    .addHelpText(
      "after",
      `
The backend needs an index of its groups (docs/DEPLOYMENT.md); a local backend has one.

Examples:
  edge-election groups
  edge-election groups --filter checkout
  edge-election groups --json | jq '.groups[] | select(.summary.leaderless > 0) | .group'`,
    )
    .action(async (options: GroupsOptions) => {
      printAnswer(await groupsOf(options, options.filter), options.json, groupsText);
    });
}

function groupsText({ groups, full }: GroupsStatus): string {
  const rows = byAttention(groups).map(({ group, summary }) => [
    group,
    stateOf(summary),
    summary === null ? "" : leadersOf(summary),
    summary === null ? "" : String(summary.sessions),
  ]);
  const listed = rows.length === 0 ? "no groups yet" : table([["GROUP", "STATE", "LEADER", "SESSIONS"], ...rows]);
  return full ? `${listed}\n${paint("yellow", "the index is full: it lists no further groups")}` : listed;
}

function stateOf(summary: GroupSummary | null): string {
  const attention = attentionTo(summary);
  switch (attention.type) {
    case "unknown":
      return "does not answer";
    case "leaderless":
      return attention.elections === 1 ? "no leader" : `no leader in ${attention.elections}`;
    case "holding-off":
      return `holds off for ${shownTime(attention.ms)}`;
    case "paused":
    case "led":
    case "idle":
      return attention.type;
    default:
      return unreachable(attention);
  }
}

function leadersOf({ leaders, led }: GroupSummary): string {
  const [first] = leaders;
  if (first === undefined) return "";
  return led === 1 ? shownProcess(first) : `${shownProcess(first)} and ${led - 1} more`;
}
