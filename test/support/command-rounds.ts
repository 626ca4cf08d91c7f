/** Several `edge-election run` of one component, and rounds in which the one that leads, or its command, is killed. */

import { join } from "node:path";
import { seededRandom } from "../../testing/random.ts";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";
import { type CommandProcess, startCommand } from "./command-line.ts";
import { CommandLog, type LogLine, loggedCommand, longestGapMs, overlaps } from "./command-log.ts";
import { hasCode } from "./error-code.ts";

const RUNNERS = 5;
/** Between R and D a supervisor has a fifth of it to end its command in, on a machine that starts ten processes beside. */
const LEASE_MS = 3_000;
const GRACE_MS = 300;
const BINDINGS = { OPEN_MODE: "loopback", LEASE_MS: String(LEASE_MS), DRAIN_MS: "1000" };

export interface CommandRoundsReport {
  readonly rounds: number;
  readonly terms: number;
  readonly lines: number;
  /** What is wrong, in words. */
  readonly faults: readonly string[];
  readonly longestGapMs: number;
}

interface Stage {
  readonly url: string;
  readonly logFile: string;
  readonly log: CommandLog;
  readonly random: () => number;
  readonly runners: Set<CommandProcess>;
}

export async function runCommandRounds(
  rounds: number,
  seed: number,
  tell: (line: string) => void,
): Promise<CommandRoundsReport> {
  await using folder = await temporaryFolder();
  await using backend = await startLocalBackend({ bindings: BINDINGS });
  const logFile = join(folder.path, "log.jsonl");
  const log = new CommandLog(logFile);
  const stage = { url: backend.url, logFile, log, random: seededRandom(seed), runners: new Set<CommandProcess>() };
  try {
    for (let index = 0; index < RUNNERS; index++) add(stage);
    let last = 0;
    for (let round = 1; round <= rounds; round++) {
      const running = await log.until(
        "a command of a new term",
        ({ epoch, event }) => epoch > last && event === "beat",
      );
      last = running.epoch;
      const fault = FAULTS[Math.floor(stage.random() * FAULTS.length)] ?? killRunner;
      tell(`round ${round}: ${fault.name}, epoch ${last}`);
      await fault(stage, running);
      while (stage.runners.size < RUNNERS) add(stage);
    }
    await log.until("a command after the last fault", ({ epoch }) => epoch > last);
  } finally {
    for (const { child } of stage.runners) child.kill("SIGKILL");
    await Promise.all([...stage.runners].map(over)); // with the commands, which hold the same outputs
    log.read();
    log.close();
  }
  const { lines } = log;
  const terms = new Set(lines.map(({ epoch }) => epoch)).size;
  return { rounds, terms, lines: lines.length, faults: overlaps(lines), longestGapMs: longestGapMs(lines) };
}

function add({ url, logFile, random, runners }: Stage): void {
  const options = [
    "--url",
    url,
    "--group",
    "rounds",
    "--component",
    "worker",
    "--grace-ms",
    String(GRACE_MS),
    "--json",
  ];
  const words = random() < 0.5 ? ["stubborn"] : [];
  const runner = startCommand(["run", ...options, "--", ...loggedCommand(logFile, ...words)]);
  runners.add(runner);
  void runner.ended.then(() => runners.delete(runner));
}

/** The `run` whose command has written this line. Its own output may be read later than that of its command. */
function runnerOf({ runners }: Stage, { epoch }: LogLine): Promise<CommandProcess> {
  const leads = new RegExp(`"event":"leading","epoch":${epoch},`);
  return Promise.any([...runners].map((runner) => runner.whenWritten(leads).then(() => runner)));
}

/** False where it has ended by itself: on a busy machine a term may be lost before the fault comes. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (hasCode(error, "ESRCH")) return false;
    throw error;
  }
}

/** Rejects instead of waiting for ever: then a process has outlived what should have ended it. */
async function over({ ended, child }: CommandProcess): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    const inVain = (): void => reject(new Error(`waited in vain for everybody of ${child.pid} to end`));
    timer = setTimeout(inVain, PATIENCE_MS);
  });
  await Promise.race([ended, tooLong]).finally(() => clearTimeout(timer));
}

type Fault = (stage: Stage, running: LogLine) => Promise<void>;

const killRunner: Fault = async (stage, running) => {
  const runner = await runnerOf(stage, running);
  runner.child.kill("SIGKILL");
  await over(runner); // and with it its command, which holds the same outputs
};

/** The runner goes on if its command was being stopped already, because the term was lost before. */
async function overOrLost(runner: CommandProcess, { epoch }: LogLine): Promise<void> {
  const lost = runner.whenWritten(new RegExp(`"event":"lost","epoch":${epoch},`)).catch(() => undefined);
  await Promise.race([over(runner), lost]);
}

const killCommand: Fault = async (stage, running) => {
  const runner = await runnerOf(stage, running);
  if (signal(running.pid, "SIGKILL")) await overOrLost(runner, running);
};

const killSupervisor: Fault = async (stage, running) => {
  const runner = await runnerOf(stage, running);
  if (signal(running.parent, "SIGKILL")) await overOrLost(runner, running);
};

/** Its supervisor alone is left to end the command in time. */
const stopRunner: Fault = async (stage, running) => {
  const runner = await runnerOf(stage, running);
  runner.child.kill("SIGSTOP");
  await stage.log.until("a command after the stopped one", ({ epoch }) => epoch > running.epoch);
  runner.child.kill("SIGKILL");
  await over(runner);
};

const stopSupervisor: Fault = async (stage, running) => {
  const runner = await runnerOf(stage, running);
  signal(running.parent, "SIGSTOP");
  runner.child.kill("SIGKILL");
  // Nobody watches now: it goes on where it was, and finds its pipe closed.
  signal(running.parent, "SIGCONT");
  await over(runner);
};

const FAULTS: readonly Fault[] = [killRunner, killRunner, killCommand, killSupervisor, stopRunner, stopSupervisor];
