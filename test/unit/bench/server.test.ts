import { existsSync } from "node:fs";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { withServer } from "../../../bench/peers/server.ts";
import { freePort } from "../../../cli/backend/free-port.ts";
import { runNode } from "../../../tools/harness/child-process.ts";

const END_AT_ONCE = ["--eval", "process.kill(process.pid, 'SIGTERM')"];
const listenOn = (port: number): string => `require("node:net").createServer().listen(${port}, "127.0.0.1")`;
const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.unref();
  });
const never = (): Promise<never> => new Promise(() => undefined);

test.each([
  ["can't be started", "/a-program-that-nobody-has", [], "ENOENT"],
  ["ends before it listens", process.execPath, END_AT_ONCE, "SIGTERM"],
])("a server that %s fails its row at once, and says so", async (_what, program, parameters, why) => {
  await expect(withServer(program, () => parameters, await freePort(), never)).rejects.toThrow(why);
});

test("a server that ends in the middle fails its row, even if its client tries again for ever", async () => {
  const port = await freePort();
  const script = `${listenOn(port)}.on("connection", () => process.exit(7))`;
  await expect(withServer(process.execPath, () => ["--eval", script], port, never)).rejects.toThrow("exit code 7");
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("after a %s nothing is left of a row", async (signal) => {
  const run = runNode("test/unit/bench/interrupted.main.ts");
  const [, port, folder = ""] = await run.whenWritten(/^serves (\d+) (.+)$/m);
  run.child.kill(signal);
  const { code } = await run.ended;

  expect(code).toBeGreaterThan(128);
  expect(existsSync(folder)).toBe(false);
  await expect.poll(() => connects(Number(port))).toBe(false);
});
