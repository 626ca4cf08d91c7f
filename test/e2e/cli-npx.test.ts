/** The command line as npx starts it, and what is left of it when npx is gone. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { endingsOf } from "../../tools/harness/backend-answers.ts";
import { endCommands, startCommand } from "../support/command-line.ts";
import { CommandLog, loggedCommand, overlaps } from "../support/command-log.ts";
import { type PackedProject, packedProject } from "../support/packed.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
/** More than twice as long as it takes to notice that npx is gone. */
const LONG_MS = 1_500;

let backend: LocalBackend;
let project: PackedProject;
let tests = 0;
const children: ChildProcess[] = [];

beforeAll(async () => {
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback", DRAIN_MS: "2000" } });
  project = await packedProject();
  for (const name of ["commander", "hono", "ws"]) await project.install(name);
  // As an installation does it.
  const main = "edge-election/dist/cli/main.js";
  const modules = join(project.path, "node_modules");
  await mkdir(join(modules, ".bin"));
  await chmod(join(modules, main), 0o755);
  await symlink(`../${main}`, join(modules, ".bin/edge-election"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await endCommands();
});
afterAll(async () => {
  await backend.stop();
  await project[Symbol.asyncDispose]();
});

/** The environment as npm finds it, also where npm has started this test. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

function startIn(program: string, parameters: readonly string[]) {
  const child = spawn(program, parameters, {
    cwd: project.path,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let written = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
  }
  /** With everybody who holds its outputs. */
  const ended = once(child, "close");
  return { child, ended, written: () => written, exited: once(child, "exit") };
}

const where = (group: string): string[] => ["--url", backend.url, "--group", group, "--component", "x"];

/** A command that leads, and another `run` that waits for it. */
async function atWork(): Promise<{ readonly group: string; readonly log: CommandLog; readonly words: string[] }> {
  const group = `npx-${++tests}`;
  const file = join(project.path, `${group}.jsonl`);
  return { group, log: new CommandLog(file), words: ["run", ...where(group), "--", ...loggedCommand(file, "slow")] };
}

const reasons = (group: string): Promise<(string | null)[]> => endingsOf(backend.url, group);

test.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)(
  "[X9] run whose npx is gone by %s lets its command end in order, and hands over",
  async (signal) => {
    const { group, log, words } = await atWork();
    const npx = startIn("npx", ["--no", "edge-election", ...words]);
    const { epoch } = await log.until("a run", ({ event }) => event === "beat");
    npx.child.kill(signal);
    await npx.ended;
    expect(npx.written()).toContain("npm, which started this process, has ended");
    expect(log.read().filter(({ event }) => event === "told" || event === "done")).toHaveLength(2);
    expect(await reasons(group)).toEqual(["closed"]);

    const next = startCommand([
      "run",
      ...where(group),
      "--",
      ...loggedCommand(join(project.path, `${group}.jsonl`), "ends=0"),
    ]);
    expect((await next.ended).code).toBe(0);
    expect(log.read().at(-1)?.epoch).toBeGreaterThan(epoch);
    expect(overlaps(log.read())).toEqual([]);
    log.close();
  },
);

test("[X9] watch whose npx is gone ends too", async () => {
  const npx = startIn("npx", ["--no", "edge-election", "watch", ...where("watched")]);
  await once(npx.child.stdout, "data");
  npx.child.kill("SIGKILL");
  await npx.ended;
  expect(npx.written()).toContain("npm, which started this process, has ended");
});

test("[X9] run that a shell has left behind without npm goes on", async () => {
  const { log, words } = await atWork();
  const command = [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(" ");
  const shell = startIn("sh", ["-c", `${command} & echo $!`]);
  const [runner] = await once(shell.child.stdout, "data");
  await shell.exited;
  await log.until("a run", ({ event }) => event === "beat");
  const leftAt = Date.now();
  await log.until("a beat without the shell", ({ event, at }) => event === "beat" && at > leftAt + LONG_MS);
  process.kill(Number(runner), "SIGTERM");
  await shell.ended;
  expect(shell.written()).not.toContain("gone");
  log.close();
});
