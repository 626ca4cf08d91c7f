import { createContext, runInContext, runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { type BuildOptions, type BuildResult, build } from "esbuild";
import { repositoryRoot } from "./paths.ts";

/** An entry point that pages load. */
interface Entry {
  readonly file: string;
  /** What of it a page uses; a bundler leaves out the rest. Absent: everything. */
  readonly names?: readonly string[];
  /** About 15 % above the size, so that a dependency that slips in is noticed. It is no reason against a clear message: raise it. */
  readonly limitBytes: number;
  /** Packages that it may import. They and the client are not counted. */
  readonly packages: readonly string[];
}

export const CLIENT_LIMIT_BYTES = 28_000;
const clientNames = [
  "ClientClosedError",
  "createElectionClient",
  "DuplicateContenderError",
  "ElectionError",
  "LeadershipLostError",
  "ProtocolError",
  "UnauthorizedError",
  "visibleTab",
];
const client: Entry = { file: "client/index.ts", names: clientNames, limitBytes: CLIENT_LIMIT_BYTES, packages: [] };
/** What is called without a client. */
const runOnce: Entry = { file: "client/once.ts", names: ["runOnce"], limitBytes: 8_200, packages: [] };
const react: Entry = { file: "client/react/index.ts", limitBytes: 800, packages: ["react"] };

/** The result of a bundler for an entry point: one file, minified and gzipped. */
export interface ClientBundle {
  readonly entry: Entry;
  readonly gzippedBytes: number;
  /** Forbidden imports from outside its own sources: must be empty. */
  readonly externalImports: readonly string[];
  /** Globals beyond the language's own that its import reads: must be empty. */
  readonly touchedGlobals: readonly string[];
}

/** Bundles every entry point. Globals are checked only for entry points without packages. */
export const bundleClients = (): Promise<ClientBundle[]> => Promise.all([client, runOnce, react].map(bundleClient));

async function bundleClient(entry: Entry): Promise<ClientBundle> {
  const { outputFiles, metafile } = await bundle(entry, { format: "esm", minify: true });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const outside = imports.filter(({ external, path }) => external && !entry.packages.includes(path));
  return {
    entry,
    gzippedBytes: outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
    externalImports: outside.map(({ path }) => path),
    touchedGlobals: entry.packages.length > 0 ? [] : await touchedAtImport(entry),
  };
}

async function touchedAtImport(entry: Entry): Promise<string[]> {
  const { outputFiles } = await bundle(entry, { format: "iife", minify: false });
  return globalsTouchedBy(outputFiles[0]?.text ?? "");
}

/** Problems of the bundle, one clause each. */
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
  { file, names }: Entry,
  options: Pick<BuildOptions, "format" | "minify">,
): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    ...options,
    absWorkingDir: repositoryRoot,
    stdin: {
      contents: names === undefined ? `export * from "./${file}";` : `export { ${names.join(", ")} } from "./${file}";`,
      resolveDir: repositoryRoot,
    },
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
 * Runs the script where only the language's own globals exist. Returns every other global that it reads, or the error
 * that it throws.
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
