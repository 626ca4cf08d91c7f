/**
 * A mutant: the shipped cores with one deliberate fault. It is made by replacing text in the sources as they are
 * bundled, so that the product has no hooks for it. Each text must occur exactly once in its file, or the mutant can't
 * be made: none turns into the right core unnoticed when the sources change.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";
import { build, type Plugin } from "esbuild";
import { replaceOnce, type Edit as SourceEdit } from "../../../tools/harness/edited-sources.ts";
import type { Cores } from "../cores.ts";

export interface Edit extends SourceEdit {
  /** Of code that two cores share: only in the copy of this one. Default: wherever it runs. */
  readonly core?: HolderCore;
}

/** The two cores that stand on the holder. */
export type HolderCore = "session" | "contender";

export const inGroup = (file: string, from: string, to: string): Edit => ({
  file: `worker/group/${file}.ts`,
  from,
  to,
});
/** The shell of the group core. */
export const inHost = (file: string, from: string, to: string): Edit => ({
  file: `worker/host/${file}.ts`,
  from,
  to,
});
/** The core of contenders without a socket. */
export const inContender = (file: string, from: string, to: string): Edit => ({
  file: `worker/callers/core/${file}.ts`,
  from,
  to,
});
/** The order of that core's turns. */
export const inTurns = (from: string, to: string): Edit => ({ file: "worker/callers/turns.ts", from, to });
export const inSession = (file: string, from: string, to: string): Edit => ({
  file: `client/session/${file}.ts`,
  from,
  to,
});

/** What both cores of holders share: changed for the one, and left alone for the other. */
export const inHolder = (core: HolderCore, from: string, to: string): Edit => ({
  file: "shared/holder/holder.ts",
  core,
  from,
  to,
});

export interface Mutant {
  readonly name: string;
  /** The rule that it breaks. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** Whether it takes processes without a socket to tell. */
  readonly callers?: boolean;
  /** A script that catches it, where random search takes long. */
  readonly trace?: (cores: Cores) => void;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const entry = fileURLToPath(new URL("../cores.ts", import.meta.url));

const mutate = (edits: readonly Edit[]): Plugin => ({
  name: "mutate",
  setup({ onLoad, onResolve }) {
    // The contender core gets a copy of the holder for itself.
    onResolve({ filter: /^\./ }, ({ path, importer, namespace, resolveDir }) => {
      const target = join(resolveDir, path);
      const isOwn = namespace === CONTENDER || importer.startsWith(`${root}worker/callers/`);
      return isOwn && target.startsWith(`${root}shared/holder/`) ? { path: target, namespace: CONTENDER } : undefined;
    });
    const load =
      (core: HolderCore) =>
      async ({ path }: { readonly path: string }) => {
        const source = await readFile(path, "utf8");
        const own = edits.filter((edit) => path === `${root}${edit.file}` && (edit.core ?? core) === core);
        return { contents: own.reduce(replaceOnce, source), loader: "ts", resolveDir: dirname(path) } as const;
      };
    onLoad({ filter: /\.ts$/, namespace: "file" }, load("session"));
    onLoad({ filter: /\.ts$/, namespace: CONTENDER }, load("contender"));
  },
});

const CONTENDER: HolderCore = "contender";

/** Bundles the cores with these edits, and runs the bundle. */
export async function loadCores(edits: readonly Edit[]): Promise<Cores> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    plugins: [mutate(edits)],
    bundle: true,
    write: false,
    logLevel: "silent",
    format: "cjs",
    target: "es2024",
  });
  const module: { exports: { readonly shippedCores?: Cores } } = { exports: {} };
  const wrapped = `(function (module) {${outputFiles[0]?.text}\n})`;
  const evaluate: (target: typeof module) => void = runInThisContext(wrapped);
  evaluate(module);
  const { shippedCores } = module.exports;
  if (shippedCores === undefined) throw new Error("the bundle exports no cores");
  return shippedCores;
}
