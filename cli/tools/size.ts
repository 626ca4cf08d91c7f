import { relative } from "node:path";
import { createContext, runInContext, runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { type BuildOptions, type BuildResult, build, type Metafile } from "esbuild";
import { repositoryRoot } from "./paths.ts";

/** An entry point that pages load. */
interface Entry {
  readonly file: string;
  /** Of the entry point with everything that it imports statically: what a page waits for. */
  readonly limitBytes: number;
  /** With what is loaded later: a little above the present size, so that it does not grow unnoticed. */
  readonly totalLimitBytes: number;
  /** Packages that it may import; they and the client are not counted. */
  readonly packages: readonly string[];
}

const client: Entry = { file: "client/index.ts", limitBytes: 3_500, totalLimitBytes: 11_800, packages: [] };
const react: Entry = { file: "client/react/index.ts", limitBytes: 600, totalLimitBytes: 600, packages: ["react"] };

/** What a bundler that splits code delivers for an entry point: chunks, minified, each of them gzipped. */
export interface ClientBundle {
  readonly entry: Entry;
  /** The chunk of the entry point and those that it imports statically. */
  readonly gzippedBytes: number;
  /** All chunks. */
  readonly totalGzippedBytes: number;
  /** What any chunk imports from outside its own sources, and may not: must be empty. */
  readonly externalImports: readonly string[];
  /** Globals beyond the language's own that merely importing any chunk looks at: must be empty. */
  readonly touchedGlobals: readonly string[];
}

/** What a package touches at import is its own affair: only entry points without any are asked. */
export const bundleClients = (): Promise<ClientBundle[]> => Promise.all([client, react].map(bundleClient));

async function bundleClient(entry: Entry): Promise<ClientBundle> {
  const { outputFiles, metafile } = await bundle(entry.file, { format: "esm", minify: true, splitting: true });
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [relative(repositoryRoot, path), gzipSync(contents, { level: 9 }).length]),
  );
  const bytesOf = (chunks: Iterable<string>): number =>
    [...chunks].reduce((sum, chunk) => sum + (sizes.get(chunk) ?? 0), 0);
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const outside = imports.filter(({ external, path }) => external && !entry.packages.includes(path));
  return {
    entry,
    gzippedBytes: bytesOf(loadedWith(entry.file, metafile)),
    totalGzippedBytes: bytesOf(sizes.keys()),
    externalImports: outside.map(({ path }) => path),
    touchedGlobals: entry.packages.length > 0 ? [] : await touchedAtImport(metafile),
  };
}

/** The chunk that the file has become, and every chunk that it imports statically, directly or not. */
function loadedWith(file: string, { outputs }: Metafile): Set<string> {
  const chunks = new Set(Object.keys(outputs).filter((chunk) => outputs[chunk]?.entryPoint === file));
  for (const chunk of chunks) {
    for (const { kind, path } of outputs[chunk]?.imports ?? []) if (kind === "import-statement") chunks.add(path);
  }
  return chunks;
}

/** Each entry point of a chunk, those that are imported dynamically included, is run as a script of its own. */
async function touchedAtImport({ outputs }: Metafile): Promise<string[]> {
  const files = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const scripts = await Promise.all(files.map((file) => bundle(file, { format: "iife", minify: false })));
  return [...new Set(scripts.flatMap(({ outputFiles }) => globalsTouchedBy(outputFiles[0]?.text ?? "")))];
}

/** What is wrong with the bundle, one clause each; an empty list when all is well. */
export function clientBundleProblems(bundled: ClientBundle): string[] {
  const { entry, gzippedBytes, totalGzippedBytes, externalImports, touchedGlobals } = bundled;
  const { file, limitBytes, totalLimitBytes } = entry;
  const problems = [
    ...excess(file, gzippedBytes, limitBytes),
    ...excess(`${file} with all that it loads later`, totalGzippedBytes, totalLimitBytes),
  ];
  if (externalImports.length > 0) problems.push(`${file} imports ${externalImports.join(", ")}`);
  if (touchedGlobals.length > 0) problems.push(`importing ${file} touches ${touchedGlobals.join(", ")}`);
  return problems;
}

const excess = (what: string, bytes: number, limit: number): string[] =>
  bytes > limit ? [`${what} is ${bytes} bytes gzipped, ${bytes - limit} over the limit of ${limit}`] : [];

function bundle(
  file: string,
  options: Pick<BuildOptions, "format" | "minify" | "splitting">,
): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    ...options,
    absWorkingDir: repositoryRoot,
    entryPoints: [file],
    outdir: ".",
    bundle: true,
    platform: "browser",
    target: "es2022",
    packages: "external",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
}

/**
 * Runs the script where only the language's own globals exist. Every other global that it so much as asks for is
 * reported, and so is an error.
 */
export function globalsTouchedBy(script: string): string[] {
  const language: object = runInNewContext(`
    delete globalThis.console;
    delete globalThis.WebAssembly;
    Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, globalThis[name]]));
  `);
  const touched = new Set<string>();
  const noteUnlessLanguage = (name: string | symbol) => {
    if (typeof name === "string" && !Object.hasOwn(language, name)) touched.add(name);
  };
  const globals = new Proxy(language, {
    get(target, name) {
      noteUnlessLanguage(name);
      return Reflect.get(target, name);
    },
    has(target, name) {
      noteUnlessLanguage(name);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor(target, name) {
      noteUnlessLanguage(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
  try {
    runInContext(script, createContext(globals));
  } catch (error) {
    if (touched.size === 0) touched.add(String(error));
  }
  return [...touched];
}
