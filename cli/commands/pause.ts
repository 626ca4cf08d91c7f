import type { Command } from "commander";
import { namesInPath } from "../../shared/protocol/paths.ts";
import { answerOf, groupRoutes } from "../admin.ts";
import { type GroupOptions, withConnection, withGroup, withJson } from "../options.ts";
import { printAnswer } from "../terminal.ts";

export const addPause = (program: Command): void =>
  add(program, "pause", "stops granting leadership in a group; present leaders go on");

export const addResume = (program: Command): void =>
  add(program, "resume", "grants leadership in a paused group again");

function add(program: Command, order: "pause" | "resume", description: string): void {
  withJson(withConnection(withGroup(program.command(order).description(description))))
    .addHelpText(
      "after",
      `
This command needs the role admin.

Examples:
  edge-election ${order} --group checkout
  edge-election ${order} --group checkout --json`,
    )
    .action(async (options: GroupOptions) => {
      const { group } = options;
      const { paused } = await answerOf(options, groupRoutes(options)[order].$post({ param: namesInPath({ group }) }));
      printAnswer(
        { paused },
        options.json,
        () => `${group} ${paused ? "is paused: no leadership is granted" : "is open"}`,
      );
    });
}
