import { createContext, runInContext, runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { type BuildOptions, type BuildResult, build } from "esbuild";
import { repositoryRoot } from "./paths.ts";

const limitBytes = 4_000;

/** What a user's page loads when it imports the client: bundled, minified, gzipped. */
export interface ClientBundle {
  readonly gzippedBytes: number;
  /** What the entry point imports from outside its own sources: must be empty. */
  readonly externalImports: readonly string[];
  /** Globals beyond the language's own that merely importing it looks at: must be empty. */
  readonly touchedGlobals: readonly string[];
}

export async function bundleClient(): Promise<ClientBundle> {
  const result = await bundle({ format: "esm", minify: true });
  const imports = Object.values(result.metafile.inputs).flatMap((input) => input.imports);
  const script = await bundle({ format: "iife", minify: false });
  return {
    gzippedBytes: gzipSync(codeOf(result), { level: 9 }).length,
    externalImports: imports.filter((entry) => entry.external).map((entry) => entry.path),
    touchedGlobals: globalsTouchedBy(codeOf(script)),
  };
}

/** What is wrong with the bundle, one clause each; an empty list when all is well. */
export function clientBundleProblems(client: ClientBundle): string[] {
  const problems: string[] = [];
  const excess = client.gzippedBytes - limitBytes;
  if (excess > 0)
    problems.push(`it is ${client.gzippedBytes} bytes gzipped, ${excess} over the limit of ${limitBytes}`);
  if (client.externalImports.length > 0) problems.push(`it imports ${client.externalImports.join(", ")}`);
  if (client.touchedGlobals.length > 0) problems.push(`importing it touches ${client.touchedGlobals.join(", ")}`);
  return problems;
}

function bundle(
  options: Pick<BuildOptions, "format" | "minify">,
): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    ...options,
    absWorkingDir: repositoryRoot,
    entryPoints: ["client/index.ts"],
    bundle: true,
    platform: "browser",
    target: "es2022",
    packages: "external",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
}

function codeOf(result: BuildResult<{ write: false }>): string {
  return result.outputFiles[0]?.text ?? "";
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
