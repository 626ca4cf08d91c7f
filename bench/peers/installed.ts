/** Finds the programs of a peer on this machine. If one is missing, its row is skipped, and says what to install. */
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { Skipped } from "../row.ts";

/** The path of a program. */
export async function requireProgram(name: string, packageName: string): Promise<string> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (await isThere(path, constants.X_OK)) return path;
  }
  throw missing(name, `apt-get install ${packageName}`);
}

export async function requireFile(path: string, packageName: string): Promise<string> {
  if (await isThere(path, constants.R_OK)) return path;
  throw missing(path, `apt-get install ${packageName}`);
}

/** A client of `bench/peers/package.json`; its types are those of `clients.d.ts`. */
export async function requireClient<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (isNotFound(error)) throw missing(`the npm package ${name}`, "npm ci --prefix bench/peers");
    throw error;
  }
}

const missing = (what: string, remedy: string): Skipped => new Skipped(`${what} is not installed: ${remedy}`);

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";

const isThere = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
