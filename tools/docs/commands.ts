/** Checks the commands in the pages: each must exist, and so must the options of this project's own commands. */
import { readFile } from "node:fs/promises";
import { inRepository } from "../paths.ts";
import { run } from "../run.ts";
import type { CodeBlock } from "./markdown.ts";

/** Tools that a page may use. Their options are not checked. */
const knownTools = new Set(
  "bash cat cd cp curl docker export git jq kill mkdir node openssl ps psql sleep source systemctl true workerd".split(
    " ",
  ),
);
const npmCommands = new Set("ci init install pack publish start test view".split(" "));
const npxTools = new Set(["wrangler", "workerd", "deno", "bun", "jsr", "esbuild"]);

export interface KnownCommands {
  readonly scripts: ReadonlySet<string>;
  /** The options of each command of the command line. */
  readonly commandLine: ReadonlyMap<string, string>;
}

export async function knownCommands(): Promise<KnownCommands> {
  const manifest = JSON.parse(await readFile(inRepository("package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
    readonly bin?: Readonly<Record<string, string>>;
  };
  const main = manifest.bin?.["edge-election"];
  return {
    scripts: new Set(Object.keys(manifest.scripts)),
    commandLine: main === undefined ? new Map() : await commandLineHelp(main),
  };
}

async function commandLineHelp(main: string): Promise<Map<string, string>> {
  const { output } = await run("node", [main, "--help"], "keep");
  const commands = /\nCommands:\n([\s\S]*)$/.exec(output)?.[1] ?? "";
  const names = [...commands.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name ?? "");
  const helps = await Promise.all(names.map((name) => run("node", [main, name, "--help"], "keep")));
  return new Map(names.map((name, index) => [name, helps[index]?.output ?? ""]));
}

/** Problems of the commands of a block, one clause each. */
export function commandProblems({ code }: CodeBlock, known: KnownCommands): string[] {
  const lines = code.replace(/\\\n\s*/g, " ").split("\n");
  return lines.flatMap((line) => simpleCommands(withoutComment(line)).flatMap((words) => problemsOf(words, known)));
}

const withoutComment = (line: string): string => line.replace(/(^|\s)#.*$/, "");

/** The words of each simple command of a line, which end at `&&`, `||`, `;`, `|` and `&`; settings of variables are left out. */
function simpleCommands(line: string): string[][] {
  const unquoted = line.replace(/'[^']*'|"[^"]*"/g, (quoted) => quoted.replace(/[|&;\s]/g, "_"));
  return unquoted
    .split(/&&|\|\||[;|&]/)
    .map((command) => command.trim().split(/\s+/).filter(Boolean))
    .map((words) => words.slice(words.findIndex((word) => !/^\w+=/.test(word))))
    .filter((words) => words.length > 0 && !/^\w+=/.test(words[0] ?? ""));
}

function problemsOf([name = "", ...rest]: readonly string[], known: KnownCommands): string[] {
  if (name === "npm") return npmProblems(rest, known);
  if (name === "npx") return npxProblems(rest, known);
  if (name === "edge-election") return commandLineProblems(rest, known);
  if (name.startsWith("./") || name.startsWith(".ci/")) return [];
  return knownTools.has(name) ? [] : [`unknown command ${name}`];
}

function npmProblems([command = "", script = ""]: readonly string[], { scripts }: KnownCommands): string[] {
  if (command === "run") return scripts.has(script) ? [] : [`package.json has no script ${script}`];
  return npmCommands.has(command) ? [] : [`unknown command npm ${command}`];
}

function npxProblems(words: readonly string[], known: KnownCommands): string[] {
  const [tool = "", ...rest] = words.filter((word, index) => index > 0 || word !== "-y");
  if (tool === "edge-election") return commandLineProblems(rest, known);
  return npxTools.has(tool.replace(/@.*/, "")) ? [] : [`unknown command npx ${tool}`];
}

function commandLineProblems([command = "", ...rest]: readonly string[], { commandLine }: KnownCommands): string[] {
  if (["help", "--help", "--version"].includes(command)) return [];
  const help = commandLine.get(command);
  if (help === undefined) return [`edge-election has no command ${command}`];
  const end = rest.indexOf("--");
  const options = rest.slice(0, end < 0 ? rest.length : end).flatMap((word) => /^--[\w-]+/.exec(word)?.[0] ?? []);
  return options
    .filter((option) => !help.includes(option))
    .map((option) => `edge-election ${command} has no option ${option}`);
}
