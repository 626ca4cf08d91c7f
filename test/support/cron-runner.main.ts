/**
 * A real process with a task of node-cron that fires each second: `node cron-runner.main.ts CONFIG`. The first run that begins
 * when all of `processes` have the task is killed.
 */
import { appendFileSync, readFileSync } from "node:fs";
import cron, { type TaskContext } from "node-cron";
import { createRunCoordinator } from "../../client/node/index.ts";
import { configuration } from "../../tools/harness/configuration.ts";

export interface CronConfig {
  readonly url: string;
  readonly name: string;
  readonly log: string;
  readonly processes: number;
}

export interface CronLine {
  /** `scheduled`: the process has the task, and fires at each `fire` after this one. */
  readonly what: "scheduled" | "start" | "kill" | "end";
  readonly fire: number;
  readonly by: string;
}

const { url, name: by, log, processes } = configuration<CronConfig>();
const note = (what: CronLine["what"], fire: number): void =>
  appendFileSync(log, `${JSON.stringify({ what, fire, by } satisfies CronLine)}\n`);

/** Whether every process fires at this time, and none has been killed. */
function isToDie(fire: number): boolean {
  const lines = readFileSync(log, "utf8").split("\n").filter(Boolean);
  const all = lines.map((line) => JSON.parse(line) as CronLine);
  const ready = all.filter((line) => line.what === "scheduled" && line.fire < fire);
  return ready.length === processes && !all.some(({ what }) => what === "kill");
}

async function work({ date }: TaskContext): Promise<void> {
  const fire = date.getTime();
  note("start", fire);
  if (isToDie(fire)) {
    note("kill", fire);
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => {});
  }
  note("end", fire);
}

cron.setRunCoordinator(createRunCoordinator({ url, group: "cron", by }));
cron.schedule("* * * * * *", work, {
  ...{ name: "each-second", distributed: true, distributedLease: 5_000 },
  // On a machine that is busy a fire is late, and not missed.
  missedExecutionTolerance: 60_000,
});
note("scheduled", Date.now());
