/** The kinds of code blocks, and how each is checked. */
import type { CodeBlock } from "./markdown.ts";

/** The environment whose globals a program may use. `test`: Node, with the code of Workers under test. */
export type Environment = "node" | "test" | "browser" | "worker";

export type Kind =
  /** Type-checked against the built package in the strictest mode (but `js`); then run, or bundled for its environment. */
  | {
      readonly how: "program";
      readonly environment: Environment;
      /** `ends`: the program must end by itself, without an error. `until`: it must write this text, and is stopped then. */
      readonly run: { readonly ends: true } | { readonly until: string } | null;
      /** The program runs under vitest. */
      readonly isTest: boolean;
      /** The path of a Worker that must answer with 200. */
      readonly get: string | null;
      /** A setting of the backend beside the program: its name and value. */
      readonly binding: readonly [string, string] | null;
    }
  /** Each command must belong to this project or to a known tool. `run`: none may fail, beside a backend. */
  | { readonly how: "commands"; readonly run: boolean }
  | { readonly how: "parsed"; readonly as: Parsed }
  /** `npm run docs` writes it from the declarations. */
  | { readonly how: "generated" }
  /** A configuration of workerd: it is served, and its health is checked. */
  | { readonly how: "served" }
  /** A whole page without a bundler: Chromium opens it until it shows the text. */
  | { readonly how: "opened"; readonly until: string }
  /** No program, but messages or output. */
  | { readonly how: "text" };

const parsed = ["json", "toml", "yaml", "ini", "sql", "mermaid"] as const;
type Parsed = (typeof parsed)[number];

const remedy =
  'give it one of: ts run, ts run until="...", ts test, ts node, ts browser, ts worker, ts worker get="..." (or tsx, js, cjs; with binding="NAME=value"), html until="...", sh, sh run, json, toml, yaml, ini, capnp, sql, mermaid, text';

/** Throws if a block is of no kind. */
export function kindOf(block: CodeBlock, path: string): Kind {
  const kind = plainKind(block) ?? programKind(block) ?? pageKind(block) ?? referenceKind(block, path);
  if (kind) return kind;
  throw new Error(`nothing checks a block of "${[block.language, ...block.words].join(" ")}": ${remedy}`);
}

function plainKind({ language, words }: CodeBlock): Kind | undefined {
  if (language === "sh" && (words.length === 0 || words.join(" ") === "run"))
    return { how: "commands", run: words.length > 0 };
  if (words.length > 0) return undefined;
  if (language === "text") return { how: "text" };
  if (language === "capnp") return { how: "served" };
  return isParsed(language) ? { how: "parsed", as: language } : undefined;
}

function pageKind({ language, words, attributes }: CodeBlock): Kind | undefined {
  const until = attributes.get("until");
  return language === "html" && words.length === 0 && until ? { how: "opened", until } : undefined;
}

function referenceKind({ language, words }: CodeBlock, path: string): Kind | undefined {
  const isReference = language === "ts" && words.join(" ") === "api" && path.startsWith("docs/api/");
  return isReference ? { how: "generated" } : undefined;
}

function programKind({ language, words, attributes }: CodeBlock): Kind | undefined {
  const [word] = words;
  if (!["ts", "tsx", "js", "cjs"].includes(language) || words.length !== 1) return undefined;
  const until = attributes.get("until");
  const [, name, value] = /^(\w+)=(.*)$/.exec(attributes.get("binding") ?? "") ?? [];
  const told = {
    how: "program",
    isTest: word === "test",
    get: attributes.get("get") ?? null,
    binding: name === undefined || value === undefined ? null : ([name, value] as const),
  } as const;
  if (word === "test") return { ...told, environment: "test", run: { ends: true } };
  if (word === "run") return { ...told, environment: "node", run: until ? { until } : { ends: true } };
  if (word !== "node" && word !== "browser" && word !== "worker") return undefined;
  return { ...told, environment: word, run: until ? { until } : null };
}

const isParsed = (language: string): language is Parsed => parsed.some((one) => one === language);
