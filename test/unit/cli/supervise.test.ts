import { afterEach, expect, test } from "vitest";
import { supervise } from "../../../cli/run/supervise.ts";

const { execPath } = process;
afterEach(() => {
  process.execPath = execPath;
});

test("a supervisor that can't be started is an outcome of the run, and no error of the process", async () => {
  process.execPath = "/no/such/node";
  const line = { command: "true", parameters: [], environment: process.env, graceMs: 0 };
  const run = supervise(line, { terminateInMs: 60_000, killInMs: 60_000 }, () => undefined);
  run.signal("SIGTERM");
  expect(await run.gone).toMatchObject({ type: "failed", code: "ENOENT" });
});
