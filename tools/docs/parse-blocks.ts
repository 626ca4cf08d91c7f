/** Parses blocks that are no programs: settings, queries, pictures. */
import { mkdir, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { unstable_readConfig } from "wrangler";
import { parse } from "yaml";
import { inRepository } from "../paths.ts";
import type { CodeBlock } from "./markdown.ts";

/** Problems of the block, in the words of its parser. */
export async function parseProblems(block: CodeBlock, as: keyof typeof parsers): Promise<string[]> {
  try {
    await parsers[as](block);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

const parsers = {
  json: async ({ code }: CodeBlock) => JSON.parse(code) as unknown,
  toml: readWranglerToml,
  yaml: async ({ code }: CodeBlock) => parse(code) as unknown,
  ini: async ({ code }: CodeBlock) => checkUnit(code),
  sql: async (block: CodeBlock) => prepare(block),
  mermaid: async ({ code }: CodeBlock) => checkPicture(code),
} as const;

async function readWranglerToml({ code, line }: CodeBlock): Promise<void> {
  const folder = inRepository(".tsbuild/docs/toml");
  await mkdir(folder, { recursive: true });
  const config = `${folder}/wrangler-${line}.toml`;
  await writeFile(config, code);
  unstable_readConfig({ config });
}

/** SQLite, as in a Durable Object and in D1, prepares each statement. The comment above the block creates its tables. */
function prepare({ code, preamble }: CodeBlock): void {
  const database = new DatabaseSync(":memory:");
  if (preamble !== "") database.exec(preamble);
  const statements = code.replace(/--.*$/gm, "").split(";");
  for (const statement of statements) if (statement.trim() !== "") database.prepare(statement);
  database.close();
}

/** A unit of systemd: sections, settings, and what a service needs. `npm run check:install` has systemd read it, where there is one. */
function checkUnit(code: string): void {
  const wrong = code.split("\n").find((line) => !/^(\[(Unit|Service|Install)\]|[A-Z]\w+=.+|#.*|)$/.test(line));
  if (wrong !== undefined) throw new Error(`neither a section nor a setting: ${wrong}`);
  for (const needed of ["[Service]\n", "\nExecStart=/", "\nWantedBy="]) {
    if (!code.includes(needed)) throw new Error(`the unit lacks ${needed.trim()}`);
  }
}

const pictures = /^(flowchart|sequenceDiagram|stateDiagram-v2|classDiagram|gantt|timeline)\b/;

/** Checks that the kind is known, and that every bracket, string and block of the picture is closed. */
function checkPicture(code: string): void {
  if (!pictures.test(code)) throw new Error(`not a kind of picture that is used here: ${code.split("\n")[0]}`);
  const text = code.replace(/"[^"\n]*"/g, "");
  if (text.includes('"')) throw new Error("a string is not closed");
  const opened = text.match(/^\s*(subgraph|loop|alt|opt|par|rect|critical|break)\b/gm)?.length ?? 0;
  const ended = text.match(/^\s*end\s*$/gm)?.length ?? 0;
  if (opened !== ended) throw new Error(`${opened} blocks begin and ${ended} end`);
}
