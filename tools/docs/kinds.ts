/** The closed set of kinds of code blocks, and what is done with each so that none can rot. */
import type { CodeBlock } from "./markdown.ts";

/** Whose globals a program may use. */
export type Environment = "node" | "browser" | "worker";

export type Kind =
  /** Type-checked against the built package in the strictest mode (but `js`); then run, or bundled for its environment. */
  | {
      readonly how: "program";
      readonly environment: Environment;
      /** `ends`: it must end by itself, without an error. Otherwise: the text that it must write, after which it is stopped. */
      readonly run: { readonly ends: true } | { readonly until: string } | null;
      /** For vitest, as most users have it. */
      readonly isTest: boolean;
      /** Of a Worker: the path that must answer with 200 when it is served. */
      readonly get: string | null;
      /** A setting of the backend beside it: its name and value. */
      readonly binding: readonly [string, string] | null;
    }
  /** Each command must be one of this project's or of a known tool. */
  | { readonly how: "commands" }
  | { readonly how: "parsed"; readonly as: "json" | "toml" | "sql" | "mermaid" }
  /** Made by `npm run docs` out of the declarations. */
  | { readonly how: "generated" }
  /** A configuration of workerd: it is served, and asked whether it is well. */
  | { readonly how: "served" }
  /** Not a program: messages, output. */
  | { readonly how: "text" };

const remedy =
  'give it one of: ts run, ts run until="...", ts test, ts node, ts browser, ts worker, ts worker get="..." (or tsx, js; with binding="NAME=value"), sh, json, toml, capnp, sql, mermaid, text';

/** Throws where a block is of no kind. */
export function kindOf(block: CodeBlock, path: string): Kind {
  const kind = plainKind(block) ?? programKind(block) ?? referenceKind(block, path);
  if (kind) return kind;
  throw new Error(`nothing checks a block of "${[block.language, ...block.words].join(" ")}": ${remedy}`);
}

function plainKind({ language, words }: CodeBlock): Kind | undefined {
  if (words.length > 0) return undefined;
  if (language === "sh") return { how: "commands" };
  if (language === "text") return { how: "text" };
  if (language === "capnp") return { how: "served" };
  return isParsed(language) ? { how: "parsed", as: language } : undefined;
}

function referenceKind({ language, words }: CodeBlock, path: string): Kind | undefined {
  const isReference = language === "ts" && words.join(" ") === "api" && path.startsWith("docs/api/");
  return isReference ? { how: "generated" } : undefined;
}

function programKind({ language, words, attributes }: CodeBlock): Kind | undefined {
  const [word] = words;
  if (!["ts", "tsx", "js"].includes(language) || words.length !== 1) return undefined;
  const until = attributes.get("until");
  const [, name, value] = /^(\w+)=(.*)$/.exec(attributes.get("binding") ?? "") ?? [];
  const told = {
    how: "program",
    isTest: word === "test",
    get: attributes.get("get") ?? null,
    binding: name === undefined || value === undefined ? null : ([name, value] as const),
  } as const;
  if (word === "test") return { ...told, environment: "node", run: { ends: true } };
  if (word === "run") return { ...told, environment: "node", run: until ? { until } : { ends: true } };
  if (word !== "node" && word !== "browser" && word !== "worker") return undefined;
  return { ...told, environment: word, run: until ? { until } : null };
}

function isParsed(language: string): language is "json" | "toml" | "sql" | "mermaid" {
  return ["json", "toml", "sql", "mermaid"].includes(language);
}
