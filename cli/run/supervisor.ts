/**
 * The leader of the command's process group: `node supervisor.js GRACE_MS COMMAND [ARGUMENT...]`, started by
 * `edge-election run` with a pipe. It runs the command, forwards signals to the group, and ends the group when it is
 * told to, when the lease is about to end, or when the pipe closes because `edge-election run` has ended.
 */
import { spawn } from "node:child_process";
import type { Order, Report } from "./messages.ts";
import { membersOfGroup, signalGroup } from "./process-group.ts";
import { FORWARDED_SIGNALS } from "./signals.ts";
import { StopWatch } from "./stop-watch.ts";

const LOOK_EVERY_MS = 20;
const [, , grace = "0", command = "", ...parameters] = process.argv;
const graceMs = Number(grace);
const groupId = process.pid;
let isStarted = false;
let hasEnded = false;

const watch = new StopWatch({
  terminate: () => signalGroup(groupId, "SIGTERM"),
  kill: () => signalGroup(groupId, "SIGKILL"), // this process too
});

let reported: Promise<unknown> = Promise.resolve();

function report(message: Report): void {
  if (!process.connected) return;
  reported = new Promise((resolve) => process.send?.(message, resolve));
}

function start(): void {
  isStarted = true;
  const child = spawn(command, parameters, { stdio: "inherit" });
  child.once("spawn", () => report({ type: "started" }));
  child.on("error", (error: NodeJS.ErrnoException) => {
    if (child.pid !== undefined) return;
    report({ type: "failed", code: error.code ?? "EUNKNOWN", message: error.message });
    finish();
  });
  child.once("exit", (code, signal) => {
    report({ type: "ended", code, signal, stopped: watch.isStopping });
    finish();
  });
}

/** Ends the processes that the command has left behind in its group. */
function finish(): void {
  if (!hasEnded && hasCompany()) watch.stop(graceMs);
  hasEnded = true;
  if (hasCompany()) setTimeout(finish, LOOK_EVERY_MS);
  else leave();
}

const hasCompany = (): boolean => membersOfGroup(groupId).some((member) => member !== process.pid);

function leave(): void {
  watch.dismiss();
  void reported.then(() => process.exit());
}

process.on("message", (order: Order) => {
  if (order.type === "signal") return void signalGroup(groupId, order.signal);
  if (order.type === "stop") watch.stop(order.graceMs);
  else watch.extend(order.terminateAt, order.killAt);
  if (isStarted) return;
  if (watch.isStopping) process.exit();
  start();
});
process.on("disconnect", () => {
  if (!isStarted) process.exit();
  else if (!hasEnded) watch.stop(graceMs);
});
for (const signal of FORWARDED_SIGNALS) process.on(signal, () => undefined); // they are meant for the command
