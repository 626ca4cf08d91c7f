/** What has become of each mutant: one line of JSON each, appended at once, so that a run that is stopped loses nothing. */
import { appendFile, readFile } from "node:fs/promises";
import type { Mutation } from "./mutations.ts";
import type { Mutant, Pass } from "./rooms.ts";

export interface Outcome extends Pick<Mutation, "line" | "within" | "kind" | "from" | "to"> {
  readonly room: string;
  readonly file: string;
  /** What kind of search has found it; `null`: none has. */
  readonly stage: Stage | null;
  /** The script, the random run, the world or the test. */
  readonly foundBy: string | null;
  /** The pass that is yet to come; absent: it has been through all. */
  readonly next?: Pass;
  /** It survived until a test was written for it. */
  readonly survivedBefore?: true;
}

export type Stage = "loading" | "scripts" | "random runs" | "small worlds" | "loops" | "unit" | "sim" | "worker";

const keyOf = ({ file, line, within, from, to }: Pick<Outcome, "file" | "line" | "within" | "from" | "to">): string =>
  JSON.stringify([file, line, within, from, to]);

export class Results {
  readonly #path: string;
  readonly #outcomes = new Map<string, Outcome>();

  private constructor(path: string) {
    this.#path = path;
  }

  static async in(path: string): Promise<Results> {
    const results = new Results(path);
    for (const outcome of await outcomesIn(path)) results.#outcomes.set(keyOf(outcome), outcome);
    return results;
  }

  of({ file, mutation }: Mutant): Outcome | undefined {
    return this.#outcomes.get(keyOf({ file, ...mutation }));
  }

  get all(): Outcome[] {
    return [...this.#outcomes.values()];
  }

  async add(outcome: Outcome): Promise<void> {
    const before = this.#outcomes.get(keyOf(outcome));
    const isLate =
      before !== undefined && before.next === undefined && (before.stage === null || before.survivedBefore);
    const whole: Outcome = isLate && outcome.stage !== null ? { ...outcome, survivedBefore: true } : outcome;
    this.#outcomes.set(keyOf(outcome), whole);
    await appendFile(this.#path, `${JSON.stringify(whole)}\n`);
  }
}

/** A later line about a mutant takes the place of an earlier one. */
async function outcomesIn(path: string): Promise<Outcome[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line !== "");
  return [...new Map(lines.map((line) => JSON.parse(line) as Outcome).map((one) => [keyOf(one), one])).values()];
}
