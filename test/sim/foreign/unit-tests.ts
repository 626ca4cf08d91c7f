/** The tests of a room, run on a copy of the repository in which one source is a mutant. */
import { execFile } from "node:child_process";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inRepository, repositoryRoot } from "../../../tools/paths.ts";

const run = promisify(execFile);

export interface Tests {
  readonly project: string;
  readonly files: readonly string[];
  /** A pattern of files that are left out. */
  readonly without?: string;
}

/** What is in the repository, changed files included, with the packages that are installed here. */
export async function copyRepository(folder: string): Promise<void> {
  const { stdout } = await run("git", ["-C", repositoryRoot, "ls-files", "-z"], { maxBuffer: 2 ** 26 });
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    await cp(inRepository(file), join(folder, file), { recursive: true });
  }
  await symlink(inRepository("node_modules"), join(folder, "node_modules"));
}

/** A test that never ends is stopped: the mutant has been found. */
const PATIENCE_MS = 300_000;

/** Whether a test fails. The source is put back. */
export async function testsFail(folder: string, file: string, text: string, tests: Tests): Promise<boolean> {
  const { project, files, without } = tests;
  const some = without === undefined ? [] : ["--exclude", without];
  const path = join(folder, file);
  const original = await readFile(path, "utf8");
  await writeFile(path, text);
  try {
    await run("npx", ["vitest", "run", "--bail", "1", "--project", project, ...some, ...files], {
      cwd: folder,
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
      maxBuffer: 2 ** 26,
    });
    return false;
  } catch {
    return true;
  } finally {
    await writeFile(path, original);
  }
}
