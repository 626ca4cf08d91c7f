import { createContext, runInContext, runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { type BuildOptions, type BuildResult, build } from "esbuild";
import { repositoryRoot } from "./paths.ts";

/** An entry point that pages load. */
interface Entry {
  readonly file: string;
  /** A little above the present size, so that it does not grow unnoticed; never a reason against a clear message. */
  readonly limitBytes: number;
  /** Packages that it may import; they and the client are not counted. */
  readonly packages: readonly string[];
}

const client: Entry = { file: "client/index.ts", limitBytes: 17_000, packages: [] };
const react: Entry = { file: "client/react/index.ts", limitBytes: 750, packages: ["react"] };

/** What a bundler delivers for an entry point: one file, minified and gzipped. */
export interface ClientBundle {
  readonly entry: Entry;
  readonly gzippedBytes: number;
  /** What it imports from outside its own sources, and may not: must be empty. */
  readonly externalImports: readonly string[];
  /** Globals beyond the language's own that merely importing it looks at: must be empty. */
  readonly touchedGlobals: readonly string[];
}

/** What a package touches at import is its own affair: only entry points without any are asked. */
export const bundleClients = (): Promise<ClientBundle[]> => Promise.all([client, react].map(bundleClient));

async function bundleClient(entry: Entry): Promise<ClientBundle> {
  const { outputFiles, metafile } = await bundle(entry.file, { format: "esm", minify: true });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const outside = imports.filter(({ external, path }) => external && !entry.packages.includes(path));
  return {
    entry,
    gzippedBytes: outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
    externalImports: outside.map(({ path }) => path),
    touchedGlobals: entry.packages.length > 0 ? [] : await touchedAtImport(entry),
  };
}

async function touchedAtImport({ file }: Entry): Promise<string[]> {
  const { outputFiles } = await bundle(file, { format: "iife", minify: false });
  return globalsTouchedBy(outputFiles[0]?.text ?? "");
}

/** What is wrong with the bundle, one clause each; an empty list when all is well. */
export function clientBundleProblems(bundled: ClientBundle): string[] {
  const { entry, gzippedBytes, externalImports, touchedGlobals } = bundled;
  const { file, limitBytes } = entry;
  const problems: string[] = [];
  if (gzippedBytes > limitBytes) {
    problems.push(
      `${file} is ${gzippedBytes} bytes gzipped, ${gzippedBytes - limitBytes} over the limit of ${limitBytes}`,
    );
  }
  if (externalImports.length > 0) problems.push(`${file} imports ${externalImports.join(", ")}`);
  if (touchedGlobals.length > 0) problems.push(`importing ${file} touches ${touchedGlobals.join(", ")}`);
  return problems;
}

function bundle(
  file: string,
  options: Pick<BuildOptions, "format" | "minify">,
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
