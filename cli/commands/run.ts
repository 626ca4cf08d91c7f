import { hostname } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { PRIORITY_MAX, PROCESS_NAME_LENGTH } from "../../shared/protocol/limits.ts";
import { electionOf } from "../../shared/protocol/names.ts";
import { isOccurrence, OCCURRENCE_RULE } from "../../shared/protocol/runs.ts";
import { electionStatusOf, firstStatusOf } from "../admin.ts";
import { CommandFailure, EXIT, failureOf, usageFailure } from "../failure.ts";
import { npmGone, npmGoneFailure } from "../npm-gone.ts";
import { type GroupOptions, name, tokenSource, wholeNumber, withConnection, withGroup, withJson } from "../options.ts";
import { CommandRunner, type RunSettings } from "../run/command-runner.ts";
import { OccurrenceRunner } from "../run/occurrence-runner.ts";
import { followQueue } from "../run/progress.ts";
import { createReporter, type Reporter } from "../run/reports.ts";

const DEFAULT_GRACE_MS = 5_000;
const LONGEST_GRACE_MS = 86_400_000;
const LONGEST_STAY_OUT_MS = 86_400_000;

interface RunOptions extends GroupOptions {
  readonly component: string;
  readonly dedicated?: boolean;
  readonly priority: number;
  readonly name: string;
  readonly address?: string;
  readonly graceMs: number;
  readonly restart?: boolean;
  readonly stayOut?: number;
  readonly once?: string;
  readonly retry: boolean;
  readonly try?: boolean;
  readonly quiet?: boolean;
}

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .description("contends for leadership, and runs a command while it leads")
    .argument("<command...>", "the command and its arguments, after --");
  withJson(withConnection(withGroup(command)), "events as JSON lines on standard error")
    .addOption(
      new Option("-c, --component <component>", "the component to contend for").argParser(name).makeOptionMandatory(),
    )
    .option("--dedicated", "contend in an election of its own, not in that of the process")
    .option("--priority <number>", "candidates with a higher priority are asked first", priority, 0)
    .option("--name <name>", "name of this process, shown to others", processName, ownName())
    .option("--address <address>", "address to publish while the command runs")
    .option(
      "--grace-ms <ms>",
      "longest time between SIGTERM and SIGKILL",
      wholeNumber(0, LONGEST_GRACE_MS),
      DEFAULT_GRACE_MS,
    )
    .addOption(
      new Option("--once <occurrence>", "run in one of all processes that name this occurrence, and end")
        .conflicts(["restart", "stayOut", "dedicated", "address", "try"])
        .argParser(occurrence),
    )
    .option("--no-retry", "with --once: do not run it again if a run of it has failed or died")
    .option("--try", "run the command only if nobody leads now; do not wait")
    .option("--restart", "run the command again whenever it ends, while this process leads")
    .addOption(
      new Option("--stay-out <ms>", "whenever the command ends, hand over, and do not lead again for so long")
        .conflicts("restart")
        .argParser(wholeNumber(1, LONGEST_STAY_OUT_MS)),
    )
    .option("-q, --quiet", "write warnings only")
    .addHelpText(
      "after",
      `
The command's environment has EDGE_ELECTION_EPOCH, EDGE_ELECTION_SESSION and EDGE_ELECTION_FENCE (the value of the
header Edge-Election-Fence). When leadership ends, the command's process group gets SIGTERM, and SIGKILL before the
lease is over.

The exit code is that of the command (128 + n if signal n ended it), 124 if --try found the election taken, 125 if run
itself failed, 126 if the command can't be executed, 127 if it was not found.

Examples:
  edge-election run --group checkout --component sync -- ./sync.sh --all
  edge-election run -g checkout -c cleanup --try -- ./cleanup.sh
  edge-election run -g checkout -c worker --restart --grace-ms 2000 -- node worker.js
  edge-election run -g checkout -c worker --stay-out 60000 -- node worker.js
  edge-election run -g checkout -c nightly --once "$(date +%F)" -- ./report.sh
  edge-election run -g checkout -c report -- sh -c 'curl -H "Edge-Election-Fence: $EDGE_ELECTION_FENCE" ...'`,
    )
    .action(async ([file = "", ...parameters]: string[], options: RunOptions) => {
      const reporter = createReporter(process.stderr, { json: options.json === true, quiet: options.quiet === true });
      const settings = settingsOf(options, file, parameters);
      const { once, retry } = options;
      process.exit(
        await (once === undefined ? run(settings, options, reporter) : runAt(once, retry, settings, reporter)),
      );
    });
}

function settingsOf(options: RunOptions, command: string, parameters: readonly string[]): RunSettings {
  const { url, group, component, priority, graceMs, address, stayOut: stayOutMs } = options;
  if (process.platform === "win32") {
    throw usageFailure("run needs process groups, which this system does not have", "Run it on a POSIX system.");
  }
  const token = tokenSource(options);
  return {
    url,
    group,
    component,
    election: options.dedicated ? "dedicated" : "process",
    priority,
    process: { name: options.name, ...(address !== undefined && { address }) },
    ...(token && { token }),
    graceMs,
    restarts: options.restart === true,
    ...(stayOutMs !== undefined && { stayOutMs }),
    tries: options.try === true,
    command,
    parameters,
  };
}

async function run(settings: RunSettings, options: RunOptions, reporter: Reporter): Promise<number> {
  const gone = npmGone(process.env);
  const warning = await tryFirst(options);
  const runner = new CommandRunner(settings, reporter);
  void gone.then(() => runner.wasToldToEnd || runner.fail(npmGoneFailure()));
  if (process.stderr.isTTY && !options.json && !options.quiet) {
    const { component, election } = settings;
    const show = (text: string): void => reporter.progress(text);
    const place = { group: options.group, election: electionOf(component, election) };
    const look = () => electionStatusOf(options, place);
    void followQueue(runner.client, { component, isWaiting: () => runner.isWaiting, look, show });
  }
  const ending = runner.run();
  if (warning !== undefined) reporter.report({ event: "warning", message: warning });
  return ending;
}

/** The component is the job. */
function runAt(occurrence: string, retry: boolean, settings: RunSettings, reporter: Reporter): Promise<number> {
  const { component: job, process: info, ...others } = settings;
  const by = info.name ?? ownName();
  return new OccurrenceRunner({ ...others, job, by, occurrence, retry }, reporter).run(npmGone(process.env));
}

function occurrence(value: string): string {
  if (isOccurrence(value)) return value;
  throw new InvalidArgumentError(`It must be ${OCCURRENCE_RULE}.`);
}

/** Wrong settings fail at once. A backend that is down may come up later: that is only a warning, unless it is tried once. */
async function tryFirst(options: RunOptions): Promise<string | undefined> {
  try {
    await firstStatusOf(options, options.group);
    return undefined;
  } catch (error) {
    const { exitCode, code, message, remedy } = failureOf(error);
    if (exitCode !== EXIT.unreachable || options.try === true) {
      throw new CommandFailure(message, {
        exitCode: EXIT.runFailed,
        code,
        cause: error,
        ...(remedy !== undefined && { remedy }),
      });
    }
    return `${message}: trying again until it answers`;
  }
}

function priority(value: string): number {
  const parsed = Number(value);
  if (value.trim() !== "" && Math.abs(parsed) <= PRIORITY_MAX) return parsed;
  throw new InvalidArgumentError(`It must be a number from -${PRIORITY_MAX} to ${PRIORITY_MAX}.`);
}

function processName(value: string): string {
  if (value.length <= PROCESS_NAME_LENGTH) return value;
  throw new InvalidArgumentError(`It must have at most ${PROCESS_NAME_LENGTH} characters.`);
}

const ownName = (): string => `${hostname()}-${process.pid}`.slice(-PROCESS_NAME_LENGTH);
