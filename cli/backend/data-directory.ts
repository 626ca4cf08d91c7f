import { access, constants, mkdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface DataDirectory {
  readonly path: string;
  /** Lets another backend use the directory. May be called twice. */
  release(): void;
}

/** In the data directory. It stays empty, and may stay there. */
const LOCK_FILE = "edge-election.lock";
/** What the owner alone may read: leader information may be secret. */
const OWNER_ONLY = 0o700;
const SQLITE_BUSY = 5;

/**
 * Makes sure that the directory exists, is writable, and is used by this process alone: two backends on one directory
 * would be two groups that each believe to be the only one. The claim ends with the process, however it ends.
 */
export async function claimDataDirectory(directory: string): Promise<DataDirectory> {
  const path = await usableDirectory(directory);
  const lock = await tryLock(join(path, LOCK_FILE));
  if (lock === undefined) {
    throw new Error(`Another backend uses the data directory ${path}: stop it first, or choose another directory.`);
  }
  await keepOutOfGit(path);
  return { path, release: lock.end };
}

/** Leader information may be secret, and a data folder often lies in a checkout. An existing file stays as it is. */
async function keepOutOfGit(path: string): Promise<void> {
  const file = join(path, ".gitignore");
  await writeFile(file, "*\n", { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST")
      throw new Error(`The file ${file} cannot be written: ${error.message}`, { cause: error });
  });
}

async function usableDirectory(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: OWNER_ONLY });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(directory);
  } catch (cause) {
    const message = `The data directory ${directory} cannot be written: choose another one, or change its permissions.`;
    throw new Error(message, { cause });
  }
}

/** Held here: a lock whose owner has forgotten it would end when its connection is collected as garbage. */
const locks = new Set<object>();

/**
 * Node can't lock a file; SQLite does, by a lock of the operating system. So it is seen in every container that has the
 * directory, and the system ends it with its holder. `undefined` if somebody else has it.
 */
async function tryLock(file: string): Promise<{ end(): void } | undefined> {
  const { DatabaseSync } = await import("node:sqlite");
  const connection = new DatabaseSync(file);
  locks.add(connection);
  const end = (): void => {
    if (locks.delete(connection)) connection.close();
  };
  try {
    connection.exec("BEGIN EXCLUSIVE");
    return { end };
  } catch (error) {
    end();
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return undefined;
    throw new Error(`The lock ${file} cannot be taken: remove this file if it is not empty.`, { cause: error });
  }
}
