#!/usr/bin/env node
/**
 * The command line `edge-election`; docs/CLI.md describes it.
 *
 * Entry of the room `cli`: the program, and what its commands share. The other rooms of `cli/`, `tools/harness`,
 * `bench/` and `examples/` may import its files. All of `cli/` may import everything but tests, and never looks into a
 * core.
 */
import { Command, CommanderError } from "commander";
import { EXIT, failureJson, failureOf, failureText, usageFailure } from "./failure.ts";
import { packageVersion } from "./package-version.ts";
import { exitCodeOf } from "./run/signals.ts";
import { surviveUnread } from "./terminal.ts";

const [, , ...words] = process.argv;
const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
const isJson = own.includes("--json");

/**
 * In the order of the help. A command that is named is loaded alone: others bring the client or a library along, which
 * take longer to load than most commands take to run.
 */
const COMMANDS = new Map<string, (program: Command) => Promise<void>>([
  ["dev", async (program) => (await import("./commands/dev.ts")).addDev(program)],
  ["run", async (program) => (await import("./commands/run.ts")).addRun(program)],
  ["watch", async (program) => (await import("./commands/watch.ts")).addWatch(program)],
  ["status", async (program) => (await import("./commands/status.ts")).addStatus(program)],
  ["groups", async (program) => (await import("./commands/groups.ts")).addGroups(program)],
  ["history", async (program) => (await import("./commands/history.ts")).addHistory(program)],
  ["revoke", async (program) => (await import("./commands/revoke.ts")).addRevoke(program)],
  ["pause", async (program) => (await import("./commands/pause.ts")).addPause(program)],
  ["resume", async (program) => (await import("./commands/pause.ts")).addResume(program)],
  ["forget-job", async (program) => (await import("./commands/forget-job.ts")).addForgetJob(program)],
  ["check", async (program) => (await import("./commands/check.ts")).addCheck(program)],
  ["bench-connection", async (program) => (await import("./commands/bench-connection.ts")).addBenchConnection(program)],
  ["token", async (program) => (await import("./commands/token.ts")).addToken(program)],
  ["init", async (program) => (await import("./commands/init.ts")).addInit(program)],
]);

async function createProgram(): Promise<Command> {
  const program = new Command("edge-election")
    .description("Leader election for browser tabs, edge workers and Node processes.")
    .version(packageVersion(), "-V, --version", "the version of this package")
    .exitOverride()
    .showSuggestionAfterError()
    .helpCommand("help [command]", "show what a command does, with examples")
    .addHelpText("after", "\nEvery command has examples: edge-election help run")
    .configureOutput({ outputError: (text, write) => (isJson ? undefined : write(text)) });
  const named = COMMANDS.get(own[0] ?? "");
  for (const add of named === undefined ? COMMANDS.values() : [named]) await add(program);
  return program;
}

function fail(error: unknown): void {
  const isUsage = error instanceof CommanderError;
  if (isUsage && error.exitCode === 0) return; // a request for help
  const failure = isUsage ? usageFailure(error.message.replace(/^error: /, "")) : failureOf(error);
  if (isJson) process.stderr.write(failureJson(failure));
  else if (!isUsage) process.stderr.write(failureText(failure));
  const isUsageOfRun = own[0] === "run" && failure.exitCode === EXIT.usage;
  process.exitCode = isUsageOfRun ? EXIT.runFailed : failure.exitCode;
}

/** A reader may stop early, as `head` does; any other reason, such as a full disk, is a failure. */
function endUnwritten(cause: NodeJS.ErrnoException): never {
  if (cause.code === "EPIPE") process.exit(exitCodeOf("SIGPIPE"));
  fail(new Error(`the output can't be written: ${cause.message}`, { cause }));
  process.exit();
}

surviveUnread(process.stderr);
if (own[0] === "dev") surviveUnread(process.stdout);
else process.stdout.on("error", endUnwritten);
await (await createProgram()).parseAsync().catch(fail);
