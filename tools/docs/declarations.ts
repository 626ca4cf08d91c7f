/**
 * The exported symbols of every entry point, as the compiler sees them in the built declarations.
 *
 * This is the only file that uses the compiler's API, which TypeScript 7 calls unstable: a new version of the compiler may
 * need changes here, and nowhere else. Generators that are kept, such as TypeDoc and API Extractor, rest on TypeScript 6.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, type Checker, type InterfaceType, type Symbol as Named, SymbolFlags } from "typescript/unstable/sync";
import { inRepository } from "../paths.ts";

export interface EntryPoint {
  /** The specifier of the import: `edge-election/node`. */
  readonly specifier: string;
  /** The module's own comment. */
  readonly summary: string;
  readonly symbols: readonly ExportedSymbol[];
}

export interface ExportedSymbol {
  readonly name: string;
  readonly kind: "class" | "function" | "constant" | "interface" | "type";
  readonly documentation: string;
  readonly declaration: string;
  /** The inherited members of an interface or class. */
  readonly inherited: readonly Member[];
  /** The file of its declaration, relative to `dist/`. It identifies a symbol that two entry points export. */
  readonly file: string;
}

export interface Member {
  /** As it is declared: `drainMs?: number`. */
  readonly declaration: string;
  readonly documentation: string;
}

/** The entry points in the order of `package.json`. Reads `dist/`, which must have been built. */
export async function entryPoints(): Promise<EntryPoint[]> {
  const declarations = await exportedDeclarations();
  const configuration = inRepository(".tsbuild/api/tsconfig.json");
  await mkdir(inRepository(".tsbuild/api"), { recursive: true });
  await writeFile(configuration, settings(declarations.map(({ file }) => file)));
  const api = new API({ cwd: inRepository("") });
  try {
    const project = api.updateSnapshot({ openProjects: [configuration] }).getProject(configuration);
    if (!project) throw new Error("the compiler does not know the project of the declarations");
    return await Promise.all(
      declarations.map(async ({ specifier, file }) => {
        const source = project.program.getSourceFile(inRepository(file));
        const module = source && project.checker.getSymbolAtLocation(source);
        if (!module) throw new Error(`${file} is no module: run npm run build`);
        const symbols = project.checker.getExportsOfModule(module).map((symbol) => describe(symbol, project.checker));
        return { specifier, summary: await moduleComment(file), symbols: byUse(symbols) };
      }),
    );
  } finally {
    api.close();
  }
}

async function exportedDeclarations(): Promise<{ specifier: string; file: string }[]> {
  const manifest = JSON.parse(await readFile(inRepository("package.json"), "utf8")) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  return Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === "string"
      ? []
      : [{ specifier: path.replace(/^\./, manifest.name), file: target.types.replace(/^\.\//, "") }],
  );
}

const settings = (files: readonly string[]): string =>
  JSON.stringify({
    compilerOptions: {
      target: "es2024",
      lib: ["ES2024", "ESNext.Disposable"],
      types: ["node", "@cloudflare/workers-types"],
      module: "nodenext",
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    },
    files: files.map((file) => `../../${file}`),
  });

/** Read from the source: the compiler drops this comment from a declaration file that begins with an import. */
async function moduleComment(file: string): Promise<string> {
  const source = await readFile(inRepository(file.replace(/^dist\//, "").replace(/\.d\.ts$/, ".ts")), "utf8");
  return cleaned(/^\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? "");
}

const cleaned = (comment: string): string => comment.replace(/^\s*\* ?/gm, "").trim();

const kindOrder = ["function", "class", "constant", "interface", "type"];

/**
 * In the order of use: each function, then the types that its declaration names, then those that theirs name. What no
 * function leads to follows in the same way.
 */
export function byUse(symbols: readonly ExportedSymbol[]): ExportedSymbol[] {
  const rank = ({ kind }: ExportedSymbol): number => kindOrder.indexOf(kind);
  const roots = symbols.toSorted((left, right) => rank(left) - rank(right) || (left.name < right.name ? -1 : 1));
  const byName = new Map(roots.map((symbol) => [symbol.name, symbol]));
  const placed = new Set<ExportedSymbol>();
  for (const root of roots) {
    const queue = [root];
    for (const symbol of queue) {
      if (placed.has(symbol)) continue;
      placed.add(symbol);
      queue.push(...namedBy(symbol).flatMap((name) => byName.get(name) ?? []));
    }
  }
  return [...placed];
}

/** The words of its declaration; those of its comments are prose. */
const namedBy = ({ declaration, inherited }: ExportedSymbol): string[] =>
  [declaration, ...inherited.map((member) => member.declaration)]
    .join("\n")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .match(/\b[A-Z]\w*/g) ?? [];

function describe(exported: Named, checker: Checker): ExportedSymbol {
  const symbol = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const nodes = symbol.declarations.flatMap((handle) => handle.resolve() ?? []);
  const [node] = nodes;
  if (!node) throw new Error(`${exported.name} is exported and declared nowhere`);
  const kind = kindOf(symbol);
  const statements = nodes.map((one) =>
    one.kind === SyntaxKind.VariableDeclaration ? `const ${one.getText()};` : one.getText(),
  );
  return {
    name: exported.name,
    kind: kind === "constant" && /\) => /.test(statements[0] ?? "") ? "function" : kind,
    documentation: checker.getDocumentationCommentOfSymbol(symbol).trim(),
    declaration: tidied(statements.join("\n")),
    inherited: kind === "interface" || kind === "class" ? inheritedBy(symbol, checker) : [],
    file: node.getSourceFile().fileName.replace(inRepository("dist/"), ""),
  };
}

function kindOf({ flags, name }: Named): ExportedSymbol["kind"] {
  if (flags & SymbolFlags.Class) return "class";
  if (flags & SymbolFlags.Function) return "function";
  if (flags & SymbolFlags.Variable) return "constant";
  if (flags & SymbolFlags.Interface) return "interface";
  if (flags & SymbolFlags.TypeAlias) return "type";
  throw new Error(`${name} is a kind of export that the reference does not know`);
}

/** The declaration without parts that are of no use to readers. */
const tidied = (declaration: string): string =>
  declaration
    .replace(/^ {4}(#private|private .*);\n/gm, "")
    .replace(/^export (declare )?/gm, "")
    .replace(/: import\("hono\/[\s\S]*$/, ": ElectionApp;")
    .replace(/^ +/gm, (indent) => " ".repeat(Math.ceil(indent.length / 2)))
    .replace(/^const default:/, "export default");

/**
 * Members that come from the package's own types, in the order and the words of their declarations: those of the compiler
 * depend on what it has looked at before. Members of platform types are left out.
 */
function inheritedBy(symbol: Named, checker: Checker): Member[] {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const own = [...symbol.getMembers().keys()];
  if (checker.getBaseTypes(type as InterfaceType).length === 0) return [];
  const members = checker.getPropertiesOfType(type).flatMap((property) => {
    const node = property.declarations[0]?.resolve();
    const file = node?.getSourceFile().fileName ?? "";
    if (!node || own.includes(property.escapedName) || !file.startsWith(inRepository("dist/"))) return [];
    return {
      place: `${file} ${String(node.pos).padStart(9, "0")}`,
      declaration: memberDeclaration(property, node.getText()),
      documentation: checker.getDocumentationCommentOfSymbol(property).trim(),
    };
  });
  return members.toSorted((left, right) => (left.place < right.place ? -1 : 1));
}

/** In one line. `Partial` makes members optional that are declared without a question mark. */
function memberDeclaration({ name, flags }: Named, text: string): string {
  const rest = text.slice(text.indexOf(name) + name.length).replace(/^\?|;$/g, "");
  return `${name}${flags & SymbolFlags.Optional ? "?" : ""}${rest.replace(/\s+/g, " ")}`;
}
