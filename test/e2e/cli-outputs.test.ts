/** The command line where nobody reads what it writes: a pager that was left, a log shipper that restarts, a full disk. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { startProxy } from "../../tools/harness/proxy.ts";
import { type CommandProcess, endCommands, startCommand } from "../support/command-line.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const SECRET = "a secret of at least thirty-two characters";

let backend: LocalBackend;
let groups = 0;

beforeAll(async () => {
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
});
afterAll(() => backend.stop());
afterEach(endCommands);

const where = (url = backend.url): string[] => ["--url", url, "--group", `outputs-${++groups}`];

/** Nobody reads this output, from before the command has begun. */
function unread(words: readonly string[], output: "stdout" | "stderr", environment = {}): CommandProcess {
  const command = startCommand(words, { environment });
  command.child[output]?.destroy();
  return command;
}

const running = (url?: string, ...options: readonly string[]): string[] => {
  const script = "for i in 1 2 3 4 5 6 7 8 9; do echo beat $i; sleep 0.1; done; exit 7";
  return ["run", ...where(url), "--component", "x", ...options, "--", "sh", "-c", script];
};

test.each([[], ["--json"], ["--quiet"]])(
  "[E5] run with nobody at its standard error runs its command to the end (%s)",
  async (...options) => {
    const { code, stdout } = await unread(running(backend.url, ...options), "stderr").ended;
    expect([code, stdout.split("\n").length]).toEqual([7, 10]);
  },
);

test("[E5] run goes on when the reader of its standard error leaves, and then the connection for a moment", async () => {
  const proxy = await startProxy(backend.port);
  const run = startCommand(running(proxy.url));
  await run.whenWritten(/beat 1/);
  run.child.stderr?.destroy();
  proxy.reset();
  expect(await run.ended).toMatchObject({ code: 7, stdout: expect.stringContaining("beat 9") });
  await proxy.close();
});

test("[E5] dev serves on without a reader, and stops by a signal", async () => {
  await using folder = await temporaryFolder();
  const data = (name: string): string[] => ["--data-dir", join(folder.path, name)];
  const unheard = startCommand(["dev", "--port", "0", "--json", ...data("a")]);
  await unheard.whenWritten(/"url"/);
  unheard.child.stderr?.destroy();
  unheard.child.kill("SIGTERM");
  expect(await unheard.ended).toMatchObject({ code: 0 });

  const port = await freePort();
  const unseen = unread(["dev", "--port", String(port), ...data("b")], "stdout");
  await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200), 20_000);
  unseen.child.kill("SIGTERM");
  expect(await unseen.ended).toMatchObject({ code: 0 });
});

test.each([
  ["status", () => ["status", ...where()]],
  ["status --json", () => ["status", ...where(), "--json"]],
  ["history", () => ["history", ...where()]],
  ["pause", () => ["pause", ...where()]],
  ["watch", () => ["watch", ...where(), "--component", "x"]],
  ["bench-connection", () => ["bench-connection", ...where(), "--rounds", "1"]],
  ["token", () => ["token", "--role", "observe", "--group", "g"]],
  ["--help", () => ["--help"]],
])("%s ends quietly with 141 where nobody reads its output", async (_, words) => {
  expect(await unread(words(), "stdout", { AUTH_SECRET: SECRET }).ended).toMatchObject({ code: 141, stderr: "" });
});

test("a failure with nobody at standard error keeps its exit code", async () => {
  const unreachable = ["status", "--group", "g", "--url", `http://127.0.0.1:${await freePort()}`];
  expect((await unread(unreachable, "stderr").ended).code).toBe(3);
  expect((await unread(["statsu"], "stderr").ended).code).toBe(2);
});

test("an output that can't be written is a failure that says so", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, "");
  const output = openSync(file, "r"); // as good as a full disk
  const child = spawn(process.execPath, [MAIN, "--help"], { stdio: ["ignore", output, "pipe"] });
  closeSync(output);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await once(child, "close");
  expect([code, said]).toEqual([1, expect.stringMatching(/^edge-election: the output can't be written: EBADF.*\n$/)]);
});

async function freePort(): Promise<number> {
  await using server = await listen(createServer());
  return server.port;
}
