/**
 * A real process with a cron of its own: it runs each occurrence of two jobs once, and is killed in the middle of some runs:
 * `node once-runner.main.ts CONFIG`. It writes what it does into a log that outlives it.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LeadershipLostError, type RunLeadership, runOnce } from "../../client/node/index.ts";
import { seededRandom } from "../../testing/random.ts";
import { configuration } from "../../tools/harness/configuration.ts";

export interface RunnerConfig {
  readonly url: string;
  readonly name: string;
  /** Its predecessor was killed. */
  readonly again: boolean;
  readonly log: string;
  /** How far its clock is from the true one. */
  readonly skewMs: number;
  /** When the first occurrence is due, by the true clock, and how many follow, how far apart. */
  readonly startAt: number;
  readonly tickMs: number;
  readonly occurrences: number;
  readonly leaseMs: number;
  /** The share of its runs in which it is killed. */
  readonly killed: number;
  readonly seed: number;
}

const { url, name, again, log, skewMs, startAt, tickMs, occurrences, leaseMs, killed, seed } =
  configuration<RunnerConfig>();
const random = seededRandom(seed);
/** One write that is not torn: it is shorter than a page, and appended. */
const note = (what: string, group: string, occurrence: number, epoch = 0): void =>
  appendFileSync(log, `${JSON.stringify({ what, group, occurrence, by: name, epoch })}\n`);

async function runAt(group: string, retry: boolean, occurrence: number): Promise<void> {
  const run = async (leadership: RunLeadership): Promise<string> => {
    note("start", group, occurrence, leadership.epoch);
    await sleep(1 + random() * 10);
    if (random() < killed) {
      note("kill", group, occurrence);
      process.kill(process.pid, "SIGKILL");
      await sleep(60_000);
    }
    leadership.assertLeader(); // on a machine that is busy it may be late: then somebody else runs it
    note("end", group, occurrence, leadership.epoch);
    return name;
  };
  const result = await runOnce({ url, group, job: "tick", occurrence, by: name, leaseMs, retry, run });
  note(result.ran ? "ran" : result.reason, group, occurrence);
}

const nameOf = (error: unknown): string => (error instanceof LeadershipLostError ? "lost" : String(error));

/** A process that begins again asks for so many earlier occurrences as well: its schedule has kept them. */
const KEPT_TICKS = 150;
const clock = (): number => Date.now() + skewMs;
/** Like a scheduler that lets only so many jobs run at once: where all are slow, calls do not pile up. */
const AT_ONCE = 16;
const running = new Set<Promise<void>>();
const due = Math.min(occurrences, Math.floor((clock() - startAt) / tickMs));
for (let occurrence = again ? Math.max(0, due - KEPT_TICKS) : 0; occurrence < occurrences; occurrence += 1) {
  await sleep(Math.max(0, startAt + occurrence * tickMs - clock()));
  for (const [group, retry] of [
    ["retry", true],
    ["once", false],
  ] as const) {
    while (running.size >= AT_ONCE) await Promise.race(running);
    const run = runAt(group, retry, occurrence)
      .catch((error: unknown) => note(nameOf(error), group, occurrence))
      .then(() => void running.delete(run));
    running.add(run);
  }
}
await Promise.all(running);
note("left", "", occurrences);
