import { hostname } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { PRIORITY_MAX, PROCESS_NAME_LENGTH } from "../../shared/protocol/limits.ts";
import { statusOf } from "../admin.ts";
import { CommandFailure, EXIT, failureOf, usageFailure } from "../failure.ts";
import { npmGone, npmGoneFailure } from "../npm-gone.ts";
import { type GroupOptions, name, tokenSource, wholeNumber, withConnection, withGroup, withJson } from "../options.ts";
import { CommandRunner, type RunSettings } from "../run/command-runner.ts";
import { followQueue } from "../run/progress.ts";
import { createReporter, type Reporter } from "../run/reports.ts";

const DEFAULT_GRACE_MS = 5_000;
const LONGEST_GRACE_MS = 86_400_000;

interface RunOptions extends GroupOptions {
  readonly component: string;
  readonly dedicated?: boolean;
  readonly priority: number;
  readonly name: string;
  readonly address?: string;
  readonly graceMs: number;
  readonly restart?: boolean;
  readonly once?: boolean;
  readonly quiet?: boolean;
}

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .description("waits until it leads, and runs a command for as long as it does")
    .argument("<command...>", "after --: the command and its arguments");
  withJson(withConnection(withGroup(command)), "events as JSON lines on standard error")
    .addOption(new Option("-c, --component <component>", "what to contend for").argParser(name).makeOptionMandatory())
    .option("--dedicated", "in an election of its own, instead of the one of the process")
    .option("--priority <number>", "higher is asked first", priority, 0)
    .option("--name <name>", "of this process, for others to see", processName, ownName())
    .option("--address <address>", "published while the command runs")
    .option(
      "--grace-ms <ms>",
      "between SIGTERM and SIGKILL, at most",
      wholeNumber(0, LONGEST_GRACE_MS),
      DEFAULT_GRACE_MS,
    )
    .addOption(new Option("--once", "end with the command's first end of its own (default)").conflicts("restart"))
    .option("--restart", "run it again, as long as it leads")
    .option("-q, --quiet", "tell warnings only")
    .addHelpText(
      "after",
      `
The command gets EDGE_ELECTION_EPOCH, EDGE_ELECTION_SESSION and EDGE_ELECTION_FENCE, a value for the header
Edge-Election-Fence. When leadership ends, its process group gets SIGTERM and then SIGKILL before the lease is over.
The exit code is the command's (128 + n where signal n has ended it); 125: run itself has failed; 126, 127: the
command can't be run, is not there.

Examples:
  edge-election run --group checkout --component sync -- ./sync.sh --all
  edge-election run -g checkout -c worker --restart --grace-ms 2000 -- node worker.js
  edge-election run -g checkout -c report -- sh -c 'curl -H "Edge-Election-Fence: $EDGE_ELECTION_FENCE" ...'`,
    )
    .action(async ([file = "", ...parameters]: string[], options: RunOptions) => {
      const reporter = createReporter(process.stderr, { json: options.json === true, quiet: options.quiet === true });
      process.exit(await run(settingsOf(options, file, parameters), options, reporter));
    });
}

function settingsOf(options: RunOptions, command: string, parameters: readonly string[]): RunSettings {
  const { url, group, component, priority, graceMs, address } = options;
  if (process.platform === "win32") {
    throw usageFailure("run needs process groups, which this system does not have", "Use it in a POSIX system.");
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
    void followQueue(runner.client, { component, election, isWaiting: () => runner.isWaiting, show });
  }
  const ending = runner.run();
  if (warning !== undefined) reporter.report({ event: "warning", message: warning });
  return ending;
}

/** What is wrong with the settings shows at once; a backend that is down may come up later, and is worth a warning. */
async function tryFirst(options: RunOptions): Promise<string | undefined> {
  try {
    await statusOf(options, options.group);
    return undefined;
  } catch (error) {
    const { exitCode, code, message, remedy } = failureOf(error);
    if (exitCode !== EXIT.unreachable) {
      throw new CommandFailure(message, {
        exitCode: EXIT.runFailed,
        code,
        cause: error,
        ...(remedy !== undefined && { remedy }),
      });
    }
    return `${message}: trying again until it can`;
  }
}

function priority(value: string): number {
  const parsed = Number(value);
  if (value.trim() !== "" && Math.abs(parsed) <= PRIORITY_MAX) return parsed;
  throw new InvalidArgumentError(`It has to be a number from -${PRIORITY_MAX} to ${PRIORITY_MAX}.`);
}

function processName(value: string): string {
  if (value.length <= PROCESS_NAME_LENGTH) return value;
  throw new InvalidArgumentError(`It has at most ${PROCESS_NAME_LENGTH} characters.`);
}

const ownName = (): string => `${hostname()}-${process.pid}`.slice(-PROCESS_NAME_LENGTH);
