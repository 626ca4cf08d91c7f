/**
 * A mutant: the shipped cores with one deliberate fault. It is made by replacing text in the sources as they are
 * bundled, so that the product has no hooks for it. Each text must occur exactly once in its file, or the mutant can't
 * be made: none turns into the right core unnoticed when the sources change.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { transform } from "esbuild";
import { replaceOnce, type Edit as SourceEdit } from "../../../tools/harness/edited-sources.ts";
import type { Cores } from "../cores.ts";
import type { Kind } from "../run.ts";

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
  /** Which runs it takes otherwise; absent: plain ones. */
  readonly kind?: Kind;
  /** A script that catches it, where random search takes long. */
  readonly trace?: (cores: Cores) => void;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

const HOLDER = `${root}shared/holder/`;

/** One file in one of its copies: the contender core gets a copy of the holder for itself. */
interface Copy {
  readonly path: string;
  readonly core: HolderCore;
}

type Exports = Record<string, unknown>;
type Run = (exports: Exports, require: (path: string) => Exports, module: { exports: Exports }) => void;

interface Compiled {
  readonly run: Run;
  /** The files that it imports, as it names them. */
  readonly imports: readonly string[];
}

const sources = new Map<string, Promise<string>>();
const compiled = new Map<string, Promise<Compiled>>();

function readOnce(path: string): Promise<string> {
  const known = sources.get(path) ?? readFile(path, "utf8");
  sources.set(path, known);
  return known;
}

/** As it is. Hundreds of mutants share nearly all files: each is compiled once, however many run it. */
function compileFile(path: string, source: string): Promise<Compiled> {
  const known = compiled.get(path) ?? compile(path, source);
  compiled.set(path, known);
  return known;
}

async function compile(path: string, source: string): Promise<Compiled> {
  const { code } = await transform(source, { loader: "ts", format: "cjs", target: "es2024" });
  const script = new Script(`(function (exports, require, module) {${code}\n})`, { filename: path });
  const imports = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = ""]) => name);
  return { run: script.runInThisContext() as Run, imports };
}

const imported = ({ path, core }: Copy, name: string): Copy => {
  const target = join(dirname(path), name);
  const copies = core === "contender" || path.startsWith(`${root}worker/callers/`);
  return { path: target, core: copies && target.startsWith(HOLDER) ? "contender" : "session" };
};

const keyOf = ({ path, core }: Copy): string => `${core} ${path}`;

/** The text of a source in one of its copies, where it is not that of the file. */
type Edited = (copy: Copy, source: string) => string;

/** Compiles the cores with these edits, and runs them. */
export const loadCores = (edits: readonly Edit[]): Promise<Cores> =>
  loadEdited((copy, source) => {
    const own = edits.filter((edit) => copy.path === `${root}${edit.file}` && (edit.core ?? copy.core) === copy.core);
    return own.reduce(replaceOnce, source);
  });

/** The same with another text in place of one file, wherever it runs. */
export const loadCoresWith = (file: string, text: string): Promise<Cores> =>
  loadEdited(({ path }, source) => (path === `${root}${file}` ? text : source));

async function loadEdited(edited: Edited): Promise<Cores> {
  const files = new Map<string, Promise<Compiled>>();
  const load = async (copy: Copy): Promise<void> => {
    const file = readOnce(copy.path).then((source) => {
      const text = edited(copy, source);
      return text === source ? compileFile(copy.path, source) : compile(copy.path, text);
    });
    files.set(keyOf(copy), file);
    const next = (await file).imports.map((name) => imported(copy, name));
    await Promise.all(next.filter((one) => !files.has(keyOf(one))).map(load));
  };
  const entry: Copy = { path: fileURLToPath(new URL("../cores.ts", import.meta.url)), core: "session" };
  await load(entry);
  const runs = new Map(await Promise.all(Array.from(files, async ([key, file]) => [key, (await file).run] as const)));
  return runFrom(entry, runs)["shippedCores"] as Cores;
}

function runFrom(entry: Copy, runs: ReadonlyMap<string, Run>): Exports {
  const modules = new Map<string, { exports: Exports }>();
  const run = (copy: Copy): Exports => {
    const known = modules.get(keyOf(copy));
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(keyOf(copy), module);
    runs.get(keyOf(copy))?.(module.exports, (name) => run(imported(copy, name)), module);
    return module.exports;
  };
  return run(entry);
}
