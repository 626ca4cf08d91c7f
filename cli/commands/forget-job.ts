import { type Command, InvalidArgumentError } from "commander";
import { isName, NAME_RULE } from "../../shared/protocol/names.ts";
import { namesInPath } from "../../shared/protocol/paths.ts";
import type { ForgottenJob } from "../../shared/protocol/runs.ts";
import { answerOf, groupRoutes } from "../admin.ts";
import { type GroupOptions, withConnection, withGroup, withJson } from "../options.ts";
import { printAnswer, shownTime } from "../terminal.ts";

interface Flags extends GroupOptions {
  readonly job: string;
}

export function addForgetJob(program: Command): void {
  withJson(withConnection(withGroup(program.command("forget-job").description("mends one job that runs once"))))
    .requiredOption("-j, --job <job>", "the name of the job", jobName)
    .addHelpText(
      "after",
      `
Gives up the run of the job, and forgets its occurrences: all that have begun are too old from now on, and none runs
again. It needs the role admin.

Examples:
  edge-election forget-job --group reports --job nightly
  edge-election forget-job -g reports -j nightly --json`,
    )
    .action(async (options: Flags) => {
      const { group, job } = options;
      const request = groupRoutes(options).jobs[":job"].$delete({ param: namesInPath({ group, job }) });
      printAnswer(await answerOf(options, request), options.json, forgottenText);
    });
}

function forgottenText({ job, occurrences, forgotten, run }: ForgottenJob): string {
  const past = occurrences === 1 ? "1 occurrence is" : `${occurrences} occurrences are`;
  const until = forgotten === null ? "none has ever begun" : `all up to ${forgotten} are too old`;
  const given =
    run === null
      ? ""
      : `; the run of ${run.occurrence} by ${run.by} is given up, and the job waits ${shownTime(run.remainingMs)} for it`;
  return `${job}: ${past} forgotten, ${until}${given}`;
}

function jobName(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError(`It must be ${NAME_RULE}.`);
}
