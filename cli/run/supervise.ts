/** One run of the command, as `edge-election run` sees it. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { instantIn } from "./instant.ts";
import type { Order, Report } from "./messages.ts";
import { membersOfGroup, signalGroup } from "./process-group.ts";
import type { StopPlan } from "./stop-plan.ts";
import { StopWatch } from "./stop-watch.ts";

const SUPERVISOR = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./supervisor.ts" : "./supervisor.js", import.meta.url),
);
const LOOK_EVERY_MS = 20;
/** In a row: a process that starts while the table is read can be missing from it once. */
const EMPTY_LOOKS = 2;

export interface CommandLine {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Between SIGTERM and SIGKILL, where the pipe closes or the command leaves processes behind. */
  readonly graceMs: number;
}

export type CommandEnding =
  /** By itself, or by a signal from outside. */
  | { readonly type: "ended"; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  /** Because the leadership was over, or about to be. */
  | { readonly type: "stopped" }
  /** It could not be started. */
  | { readonly type: "failed"; readonly code: string; readonly message: string };

export interface Supervised {
  /** Resolves when the whole process group has ended. Never rejects. */
  readonly gone: Promise<CommandEnding>;
  /** Counts until it is called again. */
  plan(plan: StopPlan): void;
  stop(graceMs: number): void;
  signal(signal: NodeJS.Signals): void;
}

export function supervise(line: CommandLine, plan: StopPlan, onStarted: () => void): Supervised {
  const { command, parameters, environment, graceMs } = line;
  const child = spawn(process.execPath, [SUPERVISOR, String(graceMs), command, ...parameters], {
    detached: true, // the leader of a group of its own
    env: environment,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  const groupId = child.pid;
  let report: Report | undefined;
  const send = (order: Order): void => {
    if (child.connected) child.send(order, () => undefined); // a supervisor that has ended needs no orders
  };
  const watch = new StopWatch({
    terminate: () => undefined,
    kill: () => groupId !== undefined && signalGroup(groupId, "SIGKILL"),
  });
  child.on("message", (message: Report) => {
    report = message;
    if (message.type === "started") onStarted();
  });
  const extend = ({ terminateInMs, killInMs }: StopPlan): void => {
    const [terminateAt, killAt] = [instantIn(terminateInMs), instantIn(killInMs)];
    watch.extend(terminateAt, killAt);
    send({ type: "lease", terminateAt, killAt });
  };
  extend(plan);
  const gone = whenOver(child).then(async (ending): Promise<CommandEnding> => {
    if (ending.type !== "failed" && groupId !== undefined) await emptied(groupId);
    const isStopping = watch.isStopping;
    watch.dismiss();
    return outcomeOf(report, ending, isStopping);
  });
  return {
    gone,
    plan: extend,
    stop(grace) {
      watch.stop(grace);
      send({ type: "stop", graceMs: grace });
    },
    signal: (signal) => send({ type: "signal", signal }),
  };
}

/** Resolves when the supervisor has ended and all its reports have arrived. */
function whenOver(child: ChildProcess): Promise<CommandEnding> {
  const disconnected = new Promise<void>((resolve) => {
    if (child.connected) child.once("disconnect", resolve);
    else resolve();
  });
  return new Promise((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) resolve({ type: "failed", code: error.code ?? "EUNKNOWN", message: error.message });
    });
    child.once("exit", (code, signal) => void disconnected.then(() => resolve({ type: "ended", code, signal })));
  });
}

/** Ends what is left of a process group whose leader has ended. */
async function emptied(groupId: number): Promise<void> {
  for (let empty = 0; empty < EMPTY_LOOKS; ) {
    if (membersOfGroup(groupId).length === 0) {
      empty += 1;
    } else {
      empty = 0;
      signalGroup(groupId, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

function outcomeOf(report: Report | undefined, ending: CommandEnding, isStopping: boolean): CommandEnding {
  if (report?.type === "ended") {
    const { code, signal, stopped } = report;
    return stopped ? { type: "stopped" } : { type: "ended", code, signal };
  }
  if (report?.type === "failed") return report;
  return isStopping ? { type: "stopped" } : ending;
}
