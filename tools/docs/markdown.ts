/** Reads a Markdown page for the checks: its headings, its links and its blocks of code. */
import GithubSlugger from "github-slugger";
import { fromMarkdown } from "mdast-util-from-markdown";

/** A block of code between fences. */
export interface CodeBlock {
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** The first word after the fence; empty where there is none. */
  readonly language: string;
  /** The words after the language: `run until="text"` has a word and an attribute. */
  readonly words: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
  readonly code: string;
  /** Code that the program needs and the page leaves out: the text of a comment `<!-- with: ... -->` right above the fence. */
  readonly preamble: string;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface Page {
  /** The path in the repository. */
  readonly path: string;
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
  readonly blocks: readonly CodeBlock[];
}

type Node = ReturnType<typeof fromMarkdown> | ReturnType<typeof fromMarkdown>["children"][number];
type Code = Extract<Node, { type: "code" }>;

export function parsePage(path: string, markdown: string): Page {
  const nodes = [...withinOf(fromMarkdown(markdown))];
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const links: Link[] = [];
  const blocks: CodeBlock[] = [];
  for (const [index, node] of nodes.entries()) {
    const line = node.position?.start.line ?? 0;
    if (node.type === "heading") anchors.add(slugger.slug(textOf(node)));
    if (node.type === "html") for (const id of explicitAnchors(node.value)) anchors.add(id);
    if (node.type === "link" || node.type === "image" || node.type === "definition") {
      links.push({ line, target: node.url });
    }
    if (node.type === "code") blocks.push(blockOf(node, line, nodes[index - 1]));
  }
  return { path, anchors, links, blocks };
}

/** The node and all that is in it, in the order of the page. */
function* withinOf(node: Node): Generator<Node> {
  yield node;
  if ("children" in node) for (const child of node.children) yield* withinOf(child);
}

/** The text as a reader sees it, without marks and images. */
function textOf(node: Node): string {
  if (node.type === "text" || node.type === "inlineCode") return node.value;
  return "children" in node ? node.children.map(textOf).join("") : "";
}

const explicitAnchors = (html: string): string[] =>
  [...html.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = ""]) => id);

function blockOf({ lang, meta, value }: Code, line: number, before: Node | undefined): CodeBlock {
  const preamble = before?.type === "html" ? /^<!-- with:([\s\S]*)-->$/.exec(before.value)?.[1]?.trim() : undefined;
  return { line, language: lang ?? "", ...parseMeta(meta ?? ""), code: value, preamble: preamble ?? "" };
}

function parseMeta(meta: string): Pick<CodeBlock, "words" | "attributes"> {
  const attributes = new Map<string, string>();
  const rest = meta.replace(/(\w+)="([^"]*)"/g, (_, name: string, value: string) => {
    attributes.set(name, value);
    return "";
  });
  return { words: rest.split(/\s+/).filter(Boolean), attributes };
}
