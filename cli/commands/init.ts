import { type Command, InvalidArgumentError, Option } from "commander";
import { runtimeSettings } from "../backend/worker-bundle.ts";
import { configurations, type Format } from "../backend/wrangler-config.ts";

interface InitOptions {
  readonly format: Format;
  readonly name: string;
  readonly main: string;
}

export function addInit(program: Command): void {
  program
    .command("init")
    .description("prints a configuration of wrangler for a Worker that mounts the elections")
    .addOption(new Option("--format <format>", "its language").choices(Object.keys(configurations)).default("jsonc"))
    .option("--name <name>", "name of the Worker; another name has other groups", workerName, "my-application")
    .option("--main <path>", "main module of the Worker", modulePath, "src/index.ts")
    .addHelpText(
      "after",
      `
It prints and writes nothing: copy what a configuration that you have lacks.

Examples:
  edge-election init > wrangler.jsonc
  edge-election init --format toml --name shop --main src/worker.ts > wrangler.toml`,
    )
    .action(async ({ format, name, main }: InitOptions) => {
      process.stdout.write(configurations[format]({ ...(await runtimeSettings()), name, main }));
    });
}

/** As the platform has it, so that it needs no quoting. */
function workerName(value: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) return value;
  throw new InvalidArgumentError("A Worker's name is 1 to 63 small letters, digits and inner dashes.");
}

function modulePath(value: string): string {
  if (/^[^"\\\p{Cc}]+$/u.test(value)) return value;
  throw new InvalidArgumentError("It must be a path without quotes, backslashes and control characters.");
}
