import { join } from "node:path";
import { expect, test } from "vitest";
import { runNode, runProgram } from "../../tools/harness/child-process.ts";
import { throwawayWorker } from "../support/throwaway-worker.ts";

test.each([
  ["cli/start.ts", "SIGINT"],
  ["cli/start.ts", "SIGTERM"],
  ["dist/cli/start.js", "SIGTERM"],
] as const)("%s says what to open, and %s stops it cleanly", async (file, signal) => {
  await using place = await throwawayWorker();
  const started = runNode(file, [], { PORT: "0", LEASE_MS: "3000", DATA_DIR: join(place.folder, "data") });
  const [, health = ""] = await started.whenWritten(/Health\s+(http:\S+)[\s\S]*Ctrl-C/);

  expect((await fetch(health)).status).toBe(200);
  const dashboard = /Dashboard\s+(http:\S+)/.exec(started.output())?.[1] ?? "";
  expect(await (await fetch(dashboard)).text()).toContain('src="./dashboard/dashboard.js"');
  expect(started.output()).toContain("LEASE_MS=3000");
  started.child.kill(signal);
  expect(await started.ended).toEqual({ code: 0, signal: null });
});

test("npm start leaves nothing behind when a signal stops npm itself", async () => {
  await using place = await throwawayWorker();
  const started = runProgram("npm", ["start"], { PORT: "0", DATA_DIR: join(place.folder, "data") });
  const [, health = ""] = await started.whenWritten(/Health\s+(http:\S+)[\s\S]*Ctrl-C/);
  expect((await fetch(health)).status).toBe(200);
  started.child.kill("SIGTERM");
  await started.ended;
  expect(started.output()).toContain("Stopping.");
  await expect(fetch(health)).rejects.toThrow();
});

test("npm start refuses a wrong setting in one line that says what to do", async () => {
  const started = runNode("cli/start.ts", [], { LEASE_MS: "10s" });

  expect(await started.ended).toEqual({ code: 1, signal: null });
  expect(started.output()).toBe(
    'LEASE_MS is "10s": set it to a whole number from 2000 to 86400000, or leave it out.\n',
  );
});
