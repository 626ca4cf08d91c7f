import { type Command, InvalidArgumentError } from "commander";
import { bashScript, fishScript, type Outline, zshScript } from "../completion-scripts.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

type Shell = keyof typeof SCRIPTS;

const isShell = (value: string): value is Shell => Object.hasOwn(SCRIPTS, value);

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("a script that completes commands and options in a shell")
    .argument("<shell>", "bash, zsh or fish", shellNamed)
    .addHelpText(
      "after",
      `
Examples:
  source <(edge-election completion bash)
  edge-election completion zsh > "\${fpath[1]}/_edge-election"
  edge-election completion fish > ~/.config/fish/completions/edge-election.fish`,
    )
    .action((shell: Shell) => void process.stdout.write(SCRIPTS[shell](outlineOf(program))));
}

function shellNamed(value: string): Shell {
  if (isShell(value)) return value;
  throw new InvalidArgumentError("It has to be bash, zsh or fish.");
}

/** The commands as they are: nothing is listed twice. */
function outlineOf(program: Command): Outline {
  return {
    name: program.name(),
    commands: [...program.commands, ...program.createHelp().visibleCommands(program)]
      .filter((command, index, all) => all.findIndex((other) => other.name() === command.name()) === index)
      .map((command) => ({
        name: command.name(),
        description: command.description(),
        options: command
          .createHelp()
          .visibleOptions(command)
          .map(({ short, long, description, argChoices }) => ({
            names: [short, long].filter((flag) => flag !== undefined),
            description,
            values: argChoices ?? [],
          })),
      })),
  };
}
