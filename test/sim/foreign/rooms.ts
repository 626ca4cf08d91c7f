/** Where faults are put, and the tests of each of these rooms. */
import { glob, readFile } from "node:fs/promises";
import { seededRandom } from "../../../testing/random.ts";
import { inRepository, repositoryRoot } from "../../../tools/paths.ts";
import { type Mutation, mutationsOf } from "./mutations.ts";

/** Every mutant goes through the first pass before any goes through the second. */
export const PASSES = ["first", "second", "third"] as const;
export type Pass = (typeof PASSES)[number];

export interface Tests {
  readonly project: "unit" | "sim" | "worker";
  /** A pattern of files. */
  readonly files: string;
  /** In which pass: after the quick part of the simulator, or with the rest of it. */
  readonly pass: Exclude<Pass, "first">;
}

export interface Room {
  readonly name: string;
  readonly sources: string;
  /** Whether the simulator runs it. */
  readonly isSimulated: boolean;
  readonly tests: readonly Tests[];
}

/** They try what is random. */
const SLOW = "random|properties|preemption|stored-rows|holes|limits|connection|pace|input|spread|queue|conformance";

/** From the quickest to the slowest. */
const unit = (folders: string): Tests[] => [
  { project: "unit", files: `test/unit/${folders}/!(${SLOW}).test.ts`, pass: "second" },
  { project: "unit", files: `test/unit/${folders}/@(${SLOW}).test.ts`, pass: "third" },
];
const worker = (files: string, pass: Tests["pass"] = "third"): Tests => ({
  project: "worker",
  files: `test/worker/${files}.test.ts`,
  pass,
});
const once: Tests = { project: "sim", files: "test/sim/once/*.test.ts", pass: "third" };

export const ROOMS: readonly Room[] = [
  {
    name: "worker/group",
    sources: "worker/group/*.ts",
    isSimulated: true,
    tests: [...unit("{group,host,testing}"), worker("{host,http}/*"), once],
  },
  {
    name: "worker/host",
    sources: "worker/host/*.ts",
    isSimulated: true,
    tests: [...unit("{host,group,testing}"), worker("{host,http}/*"), worker("callers/run-once")],
  },
  {
    name: "shared/holder",
    sources: "shared/holder/*.ts",
    isSimulated: true,
    tests: unit("{client,callers,testing}"),
  },
  {
    name: "client/session",
    sources: "client/session/*.ts",
    isSimulated: true,
    tests: [...unit("{client,testing}"), worker("client/*")],
  },
  {
    name: "worker/callers",
    sources: "worker/callers/{core/*,turns}.ts",
    isSimulated: true,
    tests: [...unit("{callers,testing}"), worker("callers/*")],
  },
  {
    name: "worker/durable-object",
    sources: "worker/durable-object/*.ts",
    isSimulated: false,
    tests: [...unit("durable-object"), worker("**/*", "second")],
  },
];

/** In the order of their names. */
export async function filesOf(pattern: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(pattern, { cwd: folder })) files.push(file);
  return files.sort();
}

/** One mutant. */
export interface Mutant {
  readonly room: Room;
  readonly file: string;
  readonly source: string;
  readonly mutation: Mutation;
}

/** All mutants of a room, in an order that follows from the seed: the first of them are a fair sample, however many they are. */
export async function mutantsOf(room: Room, seed: number): Promise<Mutant[]> {
  const files = await filesOf(room.sources, repositoryRoot);
  const all: Mutant[] = [];
  for (const file of files) {
    const source = await readFile(inRepository(file), "utf8");
    all.push(...mutationsOf(file, source).map((mutation) => ({ room, file, source, mutation })));
  }
  const random = seededRandom(seed);
  const places = new Map(all.map((mutant) => [mutant, random()]));
  return all.toSorted((one, other) => (places.get(one) ?? 0) - (places.get(other) ?? 0));
}
