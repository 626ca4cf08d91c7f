#!/usr/bin/env node
/**
 * The command line `edge-election`; docs/CLI.md describes it.
 *
 * Entry of the room `cli`: the program, and what its commands share. The other rooms of `cli/`, `tools/harness`,
 * `bench/` and `examples/` may import its files. All of `cli/` may import everything but tests, and never looks into a
 * core.
 */
import { Command, CommanderError } from "commander";
import { addBenchConnection } from "./commands/bench-connection.ts";
import { addDev } from "./commands/dev.ts";
import { addHistory } from "./commands/history.ts";
import { addInit } from "./commands/init.ts";
import { addPauseAndResume } from "./commands/pause.ts";
import { addRevoke } from "./commands/revoke.ts";
import { addRun } from "./commands/run.ts";
import { addStatus } from "./commands/status.ts";
import { addToken } from "./commands/token.ts";
import { addWatch } from "./commands/watch.ts";
import { EXIT, failureJson, failureOf, failureText, usageFailure } from "./failure.ts";
import { packageVersion } from "./package-version.ts";
import { exitCodeOf } from "./run/signals.ts";
import { surviveUnread } from "./terminal.ts";

const [, , ...words] = process.argv;
const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
const isJson = own.includes("--json");

function createProgram(): Command {
  const program = new Command("edge-election")
    .description("Leader election for browser tabs, edge workers and Node processes.")
    .version(packageVersion(), "-V, --version", "the version of this package")
    .exitOverride()
    .showSuggestionAfterError()
    .helpCommand("help [command]", "show what a command does, with examples")
    .addHelpText("after", "\nEvery command has examples: edge-election help run")
    .configureOutput({ outputError: (text, write) => (isJson ? undefined : write(text)) });
  addDev(program);
  addRun(program);
  addWatch(program);
  addStatus(program);
  addHistory(program);
  addRevoke(program);
  addPauseAndResume(program);
  addBenchConnection(program);
  addToken(program);
  addInit(program);
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
await createProgram().parseAsync().catch(fail);
