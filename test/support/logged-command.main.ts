/**
 * What `edge-election run` runs in tests: `node logged-command.main.ts LOG [WORD...]`. It shows that it lives by lines
 * that are appended to the log, often: since they are appended in order, a process that writes after another one has begun has
 * overlapped with it. Words: `stubborn` ignores SIGTERM; `ends=N` ends with this code after its first lines; `parent`
 * leaves a child of its own behind that writes too, and ends when that lives; `slow` takes its time after SIGTERM.
 */
import { spawn } from "node:child_process";
import { openSync, writeSync } from "node:fs";

const BEAT_MS = 10;
const BEATS = 5;
const SLOW_MS = 300;
const [, self = "", log = "", ...words] = process.argv;
const file = openSync(log, "a");
const epoch = Number(process.env["EDGE_ELECTION_EPOCH"]);
const write = (event: string): void =>
  void writeSync(file, `${JSON.stringify({ epoch, pid: process.pid, parent: process.ppid, event, at: Date.now() })}\n`);

write("start");
let beats = 0;
const code = /ends=(\d+)/.exec(words.join(" "))?.[1];
setInterval(() => {
  write("beat");
  beats += 1;
  if (beats === 1) process.send?.("lives", () => process.disconnect());
  if (beats >= BEATS && code !== undefined) process.exit(Number(code));
}, BEAT_MS);
if (words.includes("stubborn")) process.on("SIGTERM", () => write("ignored"));
if (words.includes("slow")) {
  process.on("SIGTERM", () => {
    write("told");
    setTimeout(() => {
      write("done");
      process.exit(0);
    }, SLOW_MS);
  });
}
if (words.includes("parent")) {
  const rest = words.filter((word) => word !== "parent");
  const child = spawn(process.execPath, [self, log, ...rest], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  child.once("message", () => process.exit(0));
}
