/** Scripts that complete the words of a command line, written from an outline of the commands. */

export interface Outline {
  readonly name: string;
  readonly commands: readonly {
    readonly name: string;
    readonly description: string;
    readonly options: readonly OptionOutline[];
  }[];
}

interface OptionOutline {
  readonly names: readonly string[];
  readonly description: string;
  /** What it can be; empty where it can be anything, or nothing. */
  readonly values: readonly string[];
}

const namesOf = (options: readonly OptionOutline[]): string => options.flatMap(({ names }) => names).join(" ");

/** After `--` the words are those of another command. */
export function bashScript({ name, commands }: Outline): string {
  const own = commands.map((command) => `    ${command.name}) words="${namesOf(command.options)}" ;;`);
  const values = commands.flatMap((command) =>
    command.options.flatMap((option) =>
      option.values.length === 0
        ? []
        : [
            `    ${option.names.map((flag) => `${command.name}:${flag}`).join("|")}) words="${option.values.join(" ")}" ;;`,
          ],
    ),
  );
  return `_edge_election() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [ "\${COMP_WORDS[index]}" = -- ]; then
      COMPREPLY=($(compgen -c -- "$word"))
      return
    fi
  done
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(" ")}" -- "$word"))
    return
  fi
  case "$command" in
${own.join("\n")}
  esac
  case "$command:$previous" in
${values.join("\n")}
    completion:*) words="bash zsh fish" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _edge_election ${name}
`;
}

const quoted = (text: string): string => text.replaceAll("'", "'\\''");
/** In a specification of zsh, brackets and colons mean something. */
const specified = (text: string): string => quoted(text.replace(/[[\]:\\]/g, "\\$&"));

export function zshScript({ name, commands }: Outline): string {
  const listed = commands.map((command) => `    '${specified(command.name)}:${specified(command.description)}'`);
  const cases = commands.map((command) => {
    const options = command.options.flatMap(({ names, description, values }) => {
      const value = values.length === 0 ? "" : `: :(${values.join(" ")})`;
      return names.map((flag) => ` '${flag}[${specified(description)}]${value}'`);
    });
    return `    ${command.name}) _arguments${options.join("")}${command.name === "completion" ? " ':shell:(bash zsh fish)'" : ""} '*:: :_default' ;;`;
  });
  return `#compdef ${name}
_edge_election() {
  local -a commands
  commands=(
${listed.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
if [ "\${funcstack[1]}" = "_edge_election" ] || [ "\${funcstack[1]}" = "_edge-election" ]; then _edge_election "$@"; else compdef _edge_election ${name}; fi
`;
}

export function fishScript({ name, commands }: Outline): string {
  const lines = commands.flatMap((command) => [
    `complete -c ${name} -n __fish_use_subcommand -f -a ${command.name} -d '${quoted(command.description)}'`,
    ...command.options.map(({ names, description, values }) => {
      const flags = names.map((flag) => (flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`));
      const value = values.length === 0 ? "" : ` -x -a '${values.join(" ")}'`;
      return `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}'${flags.join("")}${value} -d '${quoted(description)}'`;
    }),
  ]);
  const shells = `complete -c ${name} -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'`;
  return `${[...lines, shells].join("\n")}\n`;
}
