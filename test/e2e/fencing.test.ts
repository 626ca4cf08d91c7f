/** The fencing experiment: what a paused leader can do to a store that does not compare epochs, and to one that does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocalBackend } from "../../cli/local-backend.ts";
import { type NodeProcess, runNode } from "../support/child-process.ts";
import type { CounterConfig, Write } from "../support/counter.main.ts";
import { temporaryFolder } from "../support/folder.ts";

const ENTRY = new URL("../../dist/client/node/index.js", import.meta.url).href;
const ROUNDS = 3;

/** Increments that a later write has undone: values that were written more than once. */
const lostUpdates = (writes: readonly Write[]): number =>
  writes.length - new Set(writes.map(({ value }) => value)).size;

/** Stops the leader between a read and its write until another process has led and written; then lets it write. */
async function pauseLeaderBetweenReadAndWrite(leader: NodeProcess, other: NodeProcess): Promise<void> {
  const [seen, otherSeen] = [leader.output().length, other.output().length];
  await leader.whenWritten(new RegExp(`^[^]{${seen}}[^]*read\\n$`));
  leader.child.kill("SIGSTOP");
  await other.whenWritten(new RegExp(`^[^]{${otherSeen}}[^]*leads\\n[^]*written\\n`));
  leader.child.kill("SIGCONT");
  await leader.whenWritten(new RegExp(`^[^]{${seen}}[^]*read\\n(written|refused)\\n`));
}

async function experiment(group: string, guarded: boolean): Promise<number> {
  await using folder = await temporaryFolder();
  await using backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback", LEASE_MS: "2000" } });
  const store = join(folder.path, "counter.jsonl");
  writeFileSync(store, "");
  const start = (name: string): NodeProcess => {
    const config: CounterConfig = { entry: ENTRY, url: backend.url, group, name, store, guarded };
    return runNode("test/support/counter.main.ts", [JSON.stringify(config)]);
  };
  let [leader, other] = [start("one"), start("two")];
  try {
    const first = await Promise.race([
      leader.whenWritten(/written/).then(() => leader),
      other.whenWritten(/written/).then(() => other),
    ]);
    if (first === other) [leader, other] = [other, leader];
    for (let round = 0; round < ROUNDS; round++) {
      await pauseLeaderBetweenReadAndWrite(leader, other);
      [leader, other] = [other, leader];
    }
  } finally {
    for (const { child } of [leader, other]) child.kill("SIGKILL");
    await Promise.all([leader.ended, other.ended]);
  }
  const writes = readFileSync(store, "utf8").split("\n").slice(0, -1);
  return lostUpdates(writes.map((line) => JSON.parse(line) as Write));
}

test("[S13] without a fence a paused leader's late write undoes others': the experiment can fail", async () => {
  expect(await experiment("unfenced", false)).toBeGreaterThan(0);
});

test("[S5] [S13] a store that refuses lower epochs loses no update to a paused leader", async () => {
  expect(await experiment("fenced", true)).toBe(0);
});
