import { type Command, InvalidArgumentError, Option } from "commander";
import { allLegible, legible } from "../../shared/legible.ts";
import { NOTE_LENGTH } from "../../shared/protocol/limits.ts";
import { type ElectionName, isElectionName } from "../../shared/protocol/names.ts";
import { namesInPath } from "../../shared/protocol/paths.ts";
import type { CandidateStatus, ElectionStatus, RevokeResult } from "../../shared/protocol/status.ts";
import { answerOf, electionStatusOf, groupRoutes, wholeElectionOf } from "../admin.ts";
import { CommandFailure, EXIT } from "../failure.ts";
import { type GroupOptions, withConnection, withGroup, withJson } from "../options.ts";
import { printAnswer, shownProcess, shownTime } from "../terminal.ts";

interface Flags extends GroupOptions {
  readonly election: ElectionName;
  readonly to?: string;
  readonly reason?: string;
}

export function addRevoke(program: Command): void {
  const command = program.command("revoke").description("ends a leadership, and waits for the next leader");
  withJson(withConnection(withGroup(command)))
    .option("-e, --election <election>", "process, or component:NAME for a dedicated election", electionName, "process")
    .option("--to <process>", "the candidate to ask first: its process name or session id")
    .addOption(new Option("--reason <text>", "a note for the history").argParser(note))
    .addHelpText(
      "after",
      `
The leader drains and steps down, the next candidate takes over, and then this command ends. It needs the role admin.

Examples:
  edge-election revoke --group checkout
  edge-election revoke -g checkout --to node-2 --reason "node-1 is being updated"
  edge-election revoke -g checkout --election component:audit --json`,
    )
    .action(revoke);
}

async function revoke(options: Flags): Promise<void> {
  const { group, election, to, reason } = options;
  const status = await (to === undefined ? electionStatusOf : wholeElectionOf)(options, { group, election });
  const successor = to === undefined ? undefined : sessionNamed(to, status.candidates);
  const answer = await answerOf(
    options,
    groupRoutes(options).elections[":election"].revoke.$post({
      param: namesInPath({ group, election }),
      json: { ...(successor !== undefined && { successor }), ...(reason !== undefined && { reason }) },
    }),
  );
  printAnswer(answer, options.json, (shown) => revokedText(shown, allLegible(status)));
}

/** `status` is from before the revoke: it names the processes of that time. Both are legible. */
function revokedText({ from, to, epoch, durationMs, passedOver }: RevokeResult, status: ElectionStatus): string {
  const known = [...(status.leader ? [status.leader] : []), ...status.candidates];
  const nameOf = (id: string): string => {
    const session = known.find(({ sessionId }) => sessionId === id);
    return session ? shownProcess(session) : id;
  };
  const next = to === null ? "nobody has taken over yet" : `${nameOf(to)} leads`;
  const outcome = `${nameOf(from)} has stepped down; ${next}, epoch ${epoch}, after ${shownTime(durationMs)}`;
  if (passedOver === undefined) return outcome;
  return `${outcome}\n${nameOf(passedOver)} was passed over: it did not take over in time`;
}

function sessionNamed(wanted: string, candidates: readonly CandidateStatus[]): string {
  const found = candidates.filter(({ sessionId, process }) => sessionId === wanted || process === wanted);
  const [only, ...others] = found;
  if (only === undefined)
    throw noSuccessor("unknown_successor", `no process named "${legible(wanted)}" waits`, candidates);
  if (others.length > 0)
    throw noSuccessor("ambiguous_successor", `several processes are named "${legible(wanted)}"`, found);
  return only.sessionId;
}

function noSuccessor(code: string, message: string, choices: readonly CandidateStatus[]): CommandFailure {
  const named = allLegible(choices).map(shownProcess);
  const remedy =
    named.length === 0 ? "There is no candidate: start another process first." : `Candidates: ${named.join(", ")}.`;
  return new CommandFailure(message, { exitCode: EXIT.conflict, code, remedy });
}

function electionName(value: string): ElectionName {
  if (isElectionName(value)) return value;
  throw new InvalidArgumentError('It must be "process", or "component:" and a name.');
}

function note(value: string): string {
  if (value.length <= NOTE_LENGTH) return value;
  throw new InvalidArgumentError(`It must have at most ${NOTE_LENGTH} characters.`);
}
