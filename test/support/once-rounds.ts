/** Real processes with the same cron and different clocks, some of which are killed while they run: who has run what. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startLocalBackend } from "../../cli/backend/local-backend.ts";
import type { JobStatus } from "../../shared/protocol/runs.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import type { RunnerConfig } from "./once-runner.main.ts";

export interface Rounds {
  readonly processes: number;
  readonly occurrences: number;
  readonly tickMs: number;
  /** Clocks are up to so far from the true one. */
  readonly skewMs: number;
  readonly killed: number;
  readonly leaseMs: number;
}

/** Counted over all occurrences of one job. */
export interface RoundsResult {
  readonly group: "retry" | "once";
  readonly occurrences: number;
  readonly starts: number;
  readonly kills: number;
  /** By the record of the group. */
  readonly completed: number;
  readonly died: number;
  /** Their runs were late, and had lost their lease. */
  readonly failed: number;
  /** Nobody has run them. */
  readonly missing: number;
  /** Occurrences that more than one process was told to have completed. */
  readonly completedTwice: number;
  readonly startedTwice: number;
  /** Runs that lost their lease to the machine: they were late, and have not ended. */
  readonly lost: number;
  /** Acts of a run after one of a later run. */
  readonly overlaps: number;
  readonly rowsPerOccurrence: number;
  readonly errors: readonly string[];
}

interface Line {
  readonly what: string;
  readonly group: string;
  readonly occurrence: number;
  readonly by: string;
  readonly epoch: number;
}

export async function runRounds(rounds: Rounds): Promise<RoundsResult[]> {
  const { processes, occurrences, tickMs, skewMs, killed, leaseMs } = rounds;
  const limits = JSON.stringify({ occurrences: Math.min(occurrences, MOST_REMEMBERED), rows: 1_000_000 });
  await using folder = await temporaryFolder();
  await using backend = await startLocalBackend({
    bindings: { OPEN_MODE: "loopback", LOG_LEVEL: "error", LIMITS: limits },
    dataDir: join(folder.path, "data"),
  });
  const log = join(folder.path, "log");
  const startAt = Date.now() + 2 * skewMs + 1_000;
  const keep = async (index: number): Promise<void> => {
    const skew = processes === 1 ? 0 : (2 * skewMs * index) / (processes - 1) - skewMs;
    for (let life = 0; ; life += 1) {
      const config: RunnerConfig = {
        ...{ url: backend.url, name: `p${index}.${life}`, again: life > 0, log, skewMs: skew, startAt },
        ...{ tickMs, occurrences, leaseMs, killed, seed: 1_000 * index + life },
      };
      const { ended, output } = runNode("test/support/once-runner.main.ts", [JSON.stringify(config)]);
      const { code, signal } = await ended;
      if (code === 0) return;
      if (signal !== "SIGKILL") throw new Error(`a runner ended with ${code ?? signal}: ${output()}`);
    }
  };
  const records = new Map(GROUPS.map((group) => [group, new Map<string, string>()]));
  const look = () => Promise.all(Array.from(records, ([group, ends]) => remember(backend.url, group, ends)));
  const over = new AbortController();
  const looking = lookOn(look, over.signal);
  try {
    await Promise.all(Array.from({ length: processes }, (_, index) => keep(index)));
  } finally {
    over.abort();
    await looking;
  }
  await look();
  const lines = (await readFile(log, "utf8"))
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  // Awaited here: the backend stops when this returns.
  return await Promise.all(
    Array.from(records, ([group, ends]) => resultOf(backend.url, group, occurrences, lines, ends)),
  );
}

const GROUPS = ["retry", "once"] as const;
/** More than that a job can't be made to remember: the record is read before it forgets. */
const MOST_REMEMBERED = 300;
const LOOK_EVERY_MS = 20_000;

async function lookOn(look: () => Promise<unknown>, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await pause(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    // Among so many requests one may fail; the next look sees the same.
    if (!over.aborted) await look().catch((error: unknown) => process.stderr.write(`a look failed: ${error}\n`));
  }
}

/** Adds how each occurrence has ended that the job remembers. Nobody has used the job yet: 404. */
async function remember(url: string, group: string, ends: Map<string, string>): Promise<void> {
  const answer = await fetch(`${url}/v1/groups/${group}/jobs/tick`);
  if (answer.status === 404) return;
  if (!answer.ok) throw new Error(`the status of the job is ${answer.status}: ${await answer.text()}`);
  const { ended } = (await answer.json()) as JobStatus;
  for (const { occurrence, end } of ended) ends.set(occurrence, end);
}

async function resultOf(
  url: string,
  group: RoundsResult["group"],
  occurrences: number,
  all: readonly Line[],
  ends: ReadonlyMap<string, string>,
): Promise<RoundsResult> {
  const metrics = await (await fetch(`${url}/v1/groups/${group}/metrics`)).text();
  const rows = Number(/^edge_election_rows_written_total\{[^}]*\} (\d+)/m.exec(metrics)?.[1]);
  const lines = all.filter((line) => line.group === group);
  const of = (what: string): Line[] => lines.filter((line) => line.what === what);
  const twice = (what: string): number => of(what).length - new Set(of(what).map(({ occurrence }) => occurrence)).size;
  const record = (wanted: string): number => [...ends.values()].filter((end) => end === wanted).length;
  const known = new Set(["start", "kill", "end", "ran", "completed", "failed", "died", "too_old", "left", "lost"]);
  return {
    ...{ group, occurrences, starts: of("start").length, kills: of("kill").length },
    ...{ completed: record("completed"), died: record("died") },
    failed: record("failed"),
    missing: occurrences - ends.size,
    ...{
      completedTwice: twice("ran"),
      lost: of("lost").length,
      startedTwice: twice("start"),
      overlaps: overlapsIn(lines),
    },
    rowsPerOccurrence: rows / occurrences,
    errors: lines.filter(({ what }) => !known.has(what)).map(({ what }) => what),
  };
}

/** In the order of the log. */
function overlapsIn(lines: readonly Line[]): number {
  let [last, overlaps] = [0, 0];
  for (const { what, epoch } of lines) {
    if (what !== "start" && what !== "end") continue;
    if (epoch < last) overlaps += 1;
    last = Math.max(last, epoch);
  }
  return overlaps;
}

/** What was promised and is not so; empty if all is well. */
export function problemsOf(result: RoundsResult): string[] {
  const { group, occurrences } = result;
  // A run that died and one that takes its place are two.
  const rowsPerRun = (result.rowsPerOccurrence * occurrences) / Math.max(occurrences, result.starts);
  const expected: readonly (readonly [boolean, string])[] = [
    [result.missing === 0, `${result.missing} occurrences are missing`],
    [result.completedTwice === 0, `${result.completedTwice} completed twice`],
    [result.overlaps === 0, `${result.overlaps} overlaps`],
    [rowsPerRun <= 3, `${rowsPerRun} rows a run`],
    [group === "once" || result.completed === occurrences, `${result.completed} completed, with retry`],
    [group === "retry" || result.startedTwice === 0, `${result.startedTwice} started twice, without retry`],
    [result.errors.length === 0, result.errors.slice(0, 3).join("; ")],
  ];
  return expected.flatMap(([isSo, problem]) => (isSo ? [] : [`${group}: ${problem}`]));
}
