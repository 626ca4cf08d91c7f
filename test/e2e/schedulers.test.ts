/** Schedulers whose processes share their tasks by `runOnce`. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";
import type { CronConfig, CronLine } from "../support/cron-runner.main.ts";

test("[J1] [J3] [J5] three processes with the same task of node-cron run each fire once; whoever dies is followed", async () => {
  await using folder = await temporaryFolder();
  await using backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
  const log = join(folder.path, "log");
  await writeFile(log, "");
  const lines = async (): Promise<CronLine[]> =>
    (await readFile(log, "utf8"))
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as CronLine);
  const runners = ["a", "b", "c"].map((name) =>
    runNode("test/support/cron-runner.main.ts", [
      JSON.stringify({ url: backend.url, name, log, processes: 3 } satisfies CronConfig),
    ]),
  );
  const firesOf = (what: CronLine["what"], all: readonly CronLine[]) =>
    all.filter((line) => line.what === what).map(({ fire }) => fire);
  const isFollowed = async (): Promise<void> => {
    const all = await lines();
    const ends = firesOf("end", all);
    expect(firesOf("kill", all).filter((fire) => ends.includes(fire))).toHaveLength(1);
    expect(ends.length).toBeGreaterThan(4);
  };
  try {
    await vi.waitFor(isFollowed, { timeout: PATIENCE_MS, interval: 100 });
  } finally {
    for (const { child } of runners) child.kill("SIGKILL");
  }
  await Promise.all(runners.map(({ ended }) => ended));
  const all = await lines();
  const [killed] = all.filter(({ what }) => what === "kill");
  const ends = firesOf("end", all);
  expect(new Set(ends).size).toBe(ends.length);
  expect(all.find(({ what, fire }) => what === "end" && fire === killed?.fire)?.by).not.toBe(killed?.by);
  const starts = firesOf("start", all);
  expect(starts.filter((fire, index) => starts.indexOf(fire) !== index)).toEqual([killed?.fire]);
});
