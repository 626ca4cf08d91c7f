/** The tests of a room on a copy of the repository in which one source is a mutant, by a vitest that is kept from mutant to mutant. */
import { type ChildProcess, execFile, fork } from "node:child_process";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { kill } from "node:process";
import { promisify } from "node:util";
import { atExit } from "../../../cli/at-exit.ts";
import { inRepository, repositoryRoot } from "../../../tools/paths.ts";
import { filesOf, type Tests } from "./rooms.ts";
import type { Order, Report } from "./test-runner.main.ts";

/** What is in the repository, changed files included, with the packages that are installed here. */
export async function copyRepository(folder: string): Promise<void> {
  const { stdout } = await promisify(execFile)("git", ["-C", repositoryRoot, "ls-files", "-z"], { maxBuffer: 2 ** 26 });
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    await cp(inRepository(file), join(folder, file), { recursive: true });
  }
  await symlink(inRepository("node_modules"), join(folder, "node_modules"));
}

/**
 * How much longer than with the right sources a file of tests may take before it counts as hanging. Both are run at that moment, one
 * after the other, on the same machine: what is slow because of others is slow for both.
 */
const TIMES_RIGHT = 10;
const SMALLEST_MS = 15_000;
/** For the first run of all files: the tests have limits of their own. */
const FIRST_RUN_MS = 600_000;
/** Ticks are counted: while this process stands still, so do the tests. */
const TICK_MS = 500;

/** How a run of some files has ended: with the test that has failed, with none, or in a file that took too long. */
type End = { readonly failed: string | null } | { readonly stuckIn: string };

interface Mutated {
  readonly file: string;
  readonly text: string;
}

export class KeptTests {
  readonly #folder: string;
  readonly #projects: readonly string[];
  #runner: ChildProcess | null = null;
  /** How long each file of tests takes with the right sources. */
  readonly #rightMs = new Map<string, number>();
  /** How often each has found a mutant of a source. */
  readonly #finds = new Map<string, number>();

  constructor(folder: string, projects: readonly string[]) {
    this.#folder = folder;
    this.#projects = projects;
  }

  /** The test that fails; `null`: none does. */
  async whatFails(mutated: Mutated, { project, files: pattern }: Tests): Promise<string | null> {
    const { file } = mutated;
    const files = await filesOf(pattern, this.#folder);
    if (files.length === 0) return null;
    const unknown = files.filter((one) => !this.#rightMs.has(one));
    if (unknown.length > 0) assertPassed(await this.#run({ project, files: unknown, changed: file }));
    const order: Order = { project, files: this.#inOrder(file, files), changed: file };
    const end = await this.#withMutant(mutated, order);
    const found = "failed" in end ? end.failed : await this.#secondLook(mutated, { ...order, files: [end.stuckIn] });
    if (found !== null) this.#count(file, found);
    return found;
  }

  /** A file that took too long is run with the right sources and then with the mutant: it hangs if these pass in a tenth of the time. */
  async #secondLook(mutated: Mutated, order: Order): Promise<string | null> {
    assertPassed(await this.#run(order));
    const end = await this.#withMutant(mutated, order);
    return "failed" in end ? end.failed : `${end.stuckIn}: it hangs`;
  }

  async #withMutant({ file, text }: Mutated, order: Order): Promise<End> {
    const path = join(this.#folder, file);
    const original = await readFile(path, "utf8");
    await writeFile(path, text);
    try {
      return await this.#run(order, this.#rightMs);
    } finally {
      await writeFile(path, original);
    }
  }

  /** What has found a mutant of this source before, or is named after it, then the quickest. */
  #inOrder(file: string, files: readonly string[]): string[] {
    const finds = (one: string): number =>
      this.#finds.get(`${one} ${file}`) ?? (basename(one, ".test.ts") === basename(file, ".ts") ? 0.5 : 0);
    const rightMs = (one: string): number => this.#rightMs.get(one) ?? 0;
    return files.toSorted((one, other) => finds(other) - finds(one) || rightMs(one) - rightMs(other));
  }

  #count(file: string, found: string): void {
    const key = `${found.split(": ")[0]} ${file}`;
    this.#finds.set(key, (this.#finds.get(key) ?? 0) + 1);
  }

  /** Without a mutant it learns how long each file takes. */
  async #run(order: Order, rightMs?: ReadonlyMap<string, number>): Promise<End> {
    const runner = await this.#started();
    const limitMs = (file: string): number =>
      rightMs === undefined ? FIRST_RUN_MS : Math.max(SMALLEST_MS, TIMES_RIGHT * (rightMs.get(file) ?? 0));
    return new Promise((resolve) => {
      let file = order.files[0] ?? "";
      let begunAt = Date.now();
      let waitedMs = 0;
      const begins = (next: string): void => {
        if (rightMs === undefined) this.#rightMs.set(file, Math.min(Date.now() - begunAt, waitedMs + TICK_MS));
        file = next;
        begunAt = Date.now();
        waitedMs = 0;
      };
      const done = (end: End): void => {
        clearInterval(patience);
        runner.removeAllListeners();
        resolve(end);
      };
      const stuck = (): void => {
        this.end();
        done({ stuckIn: file });
      };
      const patience = setInterval(() => {
        waitedMs += TICK_MS;
        if (waitedMs > limitMs(file)) stuck();
      }, TICK_MS);
      runner.once("exit", stuck);
      runner.on("message", (report: Report) => {
        if ("begins" in report) return begins(report.begins);
        begins("");
        done(report);
      });
      runner.send(order);
    });
  }

  async #started(): Promise<ChildProcess> {
    if (this.#runner !== null) return this.#runner;
    const runner = fork(join(this.#folder, "test/sim/foreign/test-runner.main.ts"), this.#projects, {
      cwd: this.#folder,
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#runner = runner;
    atExit(() => this.end());
    await new Promise((resolve, reject) => {
      runner.once("message", resolve);
      runner.once("exit", () => reject(new Error("the runner of the tests has ended before its first order")));
    });
    runner.removeAllListeners();
    return runner;
  }

  /** The processes that run the tests belong to its group. */
  end(): void {
    const pid = this.#runner?.pid;
    this.#runner = null;
    try {
      if (pid !== undefined) kill(-pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

function assertPassed(end: End): void {
  if ("stuckIn" in end) throw new Error(`${end.stuckIn} takes too long without a mutant`);
  if (end.failed !== null) throw new Error(`${end.failed} fails without a mutant`);
}
