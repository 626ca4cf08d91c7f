/**
 * Entry of the room `cli/commands`: each file adds one command to the program. `cli/main.ts` imports them; they may
 * import what all of `cli/` may. A command never ends the process: it returns or throws.
 */
import type { Command } from "commander";
import type { JobSummary } from "../../shared/protocol/runs.ts";
import type { CandidateStatus, ElectionStatus, GroupStatus } from "../../shared/protocol/status.ts";
import { statusOf } from "../admin.ts";
import { type GroupOptions, withConnection, withGroup, withJson } from "../options.ts";
import { paint, printAnswer, shownProcess, shownTime } from "../terminal.ts";

export function addStatus(program: Command): void {
  withJson(
    withConnection(
      withGroup(program.command("status").description("shows the leader and the candidates of every election")),
    ),
  )
    .addHelpText(
      "after",
      `
Examples:
  edge-election status --group checkout
  edge-election status --group checkout --json | jq '.elections[].leader.process'`,
    )
    .action(async (options: GroupOptions) => {
      printAnswer(await statusOf(options, options.group), options.json, statusText);
    });
}

function statusText({ group, deployment, epoch, sessions, paused, holdOffMs, elections, jobs }: GroupStatus): string {
  const head = `group ${paint("bold", group)}, epoch ${epoch}, ${sessions} ${sessions === 1 ? "session" : "sessions"}`;
  const note = whyNothingIsGranted(paused, holdOffMs);
  const body = elections.length === 0 ? ["  no elections: nobody has contended yet"] : elections.flatMap(electionLines);
  return [
    note === null ? head : `${head}, ${paint("yellow", note)}`,
    paint("dim", `  deployment ${deployment}`),
    ...body,
    ...jobs.map(jobLine),
  ].join("\n");
}

function whyNothingIsGranted(paused: boolean, holdOffMs: number): string | null {
  if (paused) return "paused: no leadership is granted";
  return holdOffMs > 0 ? `holds off for ${shownTime(holdOffMs)}: leases that it no longer knows may run` : null;
}

function electionLines(status: ElectionStatus): string[] {
  const { election, state, leader, remainingMs, vacantMs, waiting, candidates } = status;
  const colour = state === "leading" ? "green" : "yellow";
  const left = remainingMs === null ? "" : `, ${shownTime(remainingMs)} left`;
  const since = vacantMs === null ? "" : ` for ${shownTime(vacantMs)} now`;
  const who = leader ? `${shownProcess(leader)}, epoch ${leader.epoch}${left}` : `nobody leads${since}`;
  const queue = candidates.map((candidate, index) => `    ${index + 1}. ${candidateText(candidate)}`);
  const more = waiting - candidates.length;
  const rest = more > 0 ? [paint("dim", `    and ${more} more`)] : [];
  return [`  ${election}: ${paint(colour, state)}, ${who}`, ...queue, ...rest];
}

function jobLine({ job, run, last }: JobSummary): string {
  const now = run === null ? "" : `, ${run.occurrence} runs by ${run.by}`;
  const before = last === null ? "" : `, ${last.occurrence} ${last.end} by ${last.by}`;
  return `  job ${job}${now}${before}`;
}

function candidateText(candidate: CandidateStatus): string {
  const priority = candidate.priority === 0 ? "" : `, priority ${candidate.priority}`;
  return `${shownProcess(candidate)}${priority}${candidate.ready ? "" : paint("dim", `, ${whyAside(candidate)}`)}`;
}

const whyAside = ({ aside }: CandidateStatus): string => (aside === "silent" || aside === "lost" ? aside : "not ready");
