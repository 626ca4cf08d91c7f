/** Projects of users: empty folders into which the packed package is installed. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { inRepository } from "../../tools/paths.ts";
import { execute } from "./commands.ts";

export interface Project extends AsyncDisposable {
  readonly folder: string;
  /** Runs a command of the project itself, such as `npx` would. */
  readonly command: (name: string) => string;
}

interface Wanted {
  /** What stands in the folder before anything is installed, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Beside the package itself: names with a version, or `alias@npm:name@version`. */
  readonly packages: readonly string[];
}

/** Resolves to the path of what `npm publish` would send. */
export async function packPackage(folder: string): Promise<string> {
  const parameters = ["pack", "--pack-destination", folder, "--ignore-scripts", "--loglevel=error"];
  const output = await execute("npm", parameters, { folder: inRepository("") });
  return join(folder, output.trim().split("\n").at(-1) ?? "");
}

export async function createProject(tarball: string, { files, packages }: Wanted): Promise<Project> {
  const place = await temporaryFolder();
  const all = { "package.json": JSON.stringify(manifest), ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(join(place.path, dirname(path)), { recursive: true });
    await writeFile(join(place.path, path), text);
  }
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  await execute("npm", ["install", ...quiet, tarball, ...packages], { folder: place.path });
  return {
    folder: place.path,
    command: (name) => join(place.path, "node_modules", ".bin", name),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

/** Runtimes bring their binaries by scripts of their packages. */
const manifest = {
  private: true,
  type: "module",
  allowScripts: { node: true, node22: true, node24: true, bun: true, deno: true, workerd: true, esbuild: true },
};

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
}

const ownManifest = async (): Promise<Manifest> => JSON.parse(await readFile(inRepository("package.json"), "utf8"));

/** The oldest version of Node that the package takes. */
export const oldestNode = async (): Promise<string> => (await ownManifest()).engines.node.replace(">=", "");

/** The versions that this repository was tested with. */
export async function testedVersion(name: string): Promise<string> {
  const { devDependencies } = await ownManifest();
  return `${name}@${devDependencies[name] ?? "latest"}`;
}
