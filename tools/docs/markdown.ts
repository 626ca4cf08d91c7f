/** What the checks need of a Markdown page: its headings, its links and its blocks of code. */
import { GithubSlugs } from "./slugs.ts";

/** A block of code between fences. */
export interface CodeBlock {
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** The first word after the fence; empty where there is none. */
  readonly language: string;
  /** What follows it: `run until="text"` has a word and an attribute. */
  readonly words: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
  readonly code: string;
  /** What the page leaves out and the code needs: the text of a comment `<!-- with: ... -->` right above the fence. */
  readonly preamble: string;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
  readonly blocks: readonly CodeBlock[];
}

interface Line {
  readonly number: number;
  readonly text: string;
}

export function parsePage(path: string, markdown: string): Page {
  const lines = markdown.split("\n").map((text, index) => ({ number: index + 1, text }));
  const { blocks, prose } = split(lines);
  const visible = withoutComments(prose);
  return { path, anchors: anchorsOf(visible), links: visible.flatMap(linksOf), blocks };
}

const opening = /^(?<indent> *)(?<fence>`{3,}|~{3,})(?<info>[^`]*)$/;

/** Takes the blocks of code out. */
function split(lines: readonly Line[]): { blocks: CodeBlock[]; prose: Line[] } {
  const blocks: CodeBlock[] = [];
  const prose: Line[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    if (line === undefined) break;
    const { fence, info, indent } = opening.exec(line.text)?.groups ?? {};
    if (fence === undefined) {
      prose.push(line);
      continue;
    }
    const end = lines.findIndex(({ text }, at) => at > index && text.trim() === fence);
    if (end < 0) throw new Error(`the block of code that begins in line ${line.number} has no end`);
    const inside = lines.slice(index + 1, end).map(({ text }) => text.slice(indent?.length));
    blocks.push({ line: line.number, ...parseInfo(info ?? ""), code: inside.join("\n"), preamble: preambleOf(prose) });
    prose.push({ number: line.number, text: "" });
    index = end;
  }
  return { blocks, prose };
}

function parseInfo(info: string): Pick<CodeBlock, "language" | "words" | "attributes"> {
  const attributes = new Map<string, string>();
  const rest = info.replace(/(\w+)="([^"]*)"/g, (_, name: string, value: string) => {
    attributes.set(name, value);
    return "";
  });
  const [language = "", ...words] = rest.trim().split(/\s+/);
  return { language, words, attributes };
}

/** The comment that the lines so far end with, if it begins with `with:`. */
function preambleOf(prose: readonly Line[]): string {
  const before = prose
    .map(({ text }) => text)
    .join("\n")
    .trimEnd();
  return /<!-- with:((?:(?!-->)[\s\S])*)-->$/.exec(before)?.[1]?.trim() ?? "";
}

function withoutComments(prose: readonly Line[]): Line[] {
  let inside = false;
  return prose.map(({ number, text }) => {
    let visible = "";
    for (const part of text.replace(/`[^`]*<!--[^`]*`/g, "").split(/(<!--|-->)/)) {
      if (part === "<!--") inside = true;
      else if (part === "-->") inside = false;
      else if (!inside) visible += part;
    }
    return { number, text: visible };
  });
}

function anchorsOf(prose: readonly Line[]): Set<string> {
  const slugs = new GithubSlugs();
  const headings = prose.flatMap(({ text }) => /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1] ?? []);
  const explicit = prose.flatMap(({ text }) =>
    [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id]) => id ?? ""),
  );
  return new Set([...headings.map((heading) => slugs.of(heading)), ...explicit]);
}

const inlineLink = /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const definedLink = /^\s*\[[^\]]+\]:\s+(\S+)/g;

function linksOf({ number, text }: Line): Link[] {
  const prose = text.replace(/`[^`]*`/g, "");
  return [...prose.matchAll(inlineLink), ...prose.matchAll(definedLink)].map(([, target]) => ({
    line: number,
    target: target ?? "",
  }));
}
