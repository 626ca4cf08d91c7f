/**
 * Increments a counter by read, pause, write while it leads: `node counter.main.ts CONFIG`. The store is a file, one
 * line for each write that it accepted; `guarded` lets the store refuse an epoch lower than one it has seen. A process
 * that is stopped between its read and its write overwrites what others have written since: the experiment of Jepsen's
 * distributed lock tests.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import type { Leadership } from "../../client/index.ts";

export interface CounterConfig {
  readonly entry: string;
  readonly url: string;
  readonly group: string;
  readonly name: string;
  readonly store: string;
  readonly guarded: boolean;
}

/** A write that the store has accepted. */
export interface Write {
  readonly value: number;
  readonly epoch: number;
  readonly by: string;
}

const { entry, url, group, name, store, guarded } = JSON.parse(process.argv[2] ?? "{}") as CounterConfig;
const THINK_MS = 100;

const { createElectionClient } = (await import(entry)) as typeof import("../../client/node/index.ts");
const client = createElectionClient({ url, group, process: { name } });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const writes = (): Write[] =>
  readFileSync(store, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Write);

/** The store's own lock: a file that can only be created once. It makes each single read and write atomic, no more. */
async function locked<T>(action: () => T): Promise<T> {
  for (;;) {
    try {
      const lock = openSync(`${store}.lock`, "wx");
      try {
        return action();
      } finally {
        closeSync(lock);
        rmSync(`${store}.lock`);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      await pause(1);
    }
  }
}

/** The protected resource: with a guard it keeps the highest epoch beside the data and refuses a lower one. */
const write = (value: number, epoch: number): Promise<boolean> =>
  locked(() => {
    const highest = Math.max(0, ...writes().map((entry) => entry.epoch));
    if (guarded && epoch < highest) return false;
    const file = openSync(store, "a");
    writeSync(file, `${JSON.stringify({ value, epoch, by: name } satisfies Write)}\n`);
    closeSync(file);
    return true;
  });

async function count(leadership: Leadership): Promise<void> {
  process.stdout.write("leads\n");
  while (leadership.isLeader()) {
    const read = await locked(() => writes().at(-1)?.value ?? 0);
    process.stdout.write("read\n"); // whoever stops this process now makes its next write a late one
    await pause(THINK_MS);
    const accepted = await write(read + 1, leadership.epoch);
    process.stdout.write(accepted ? "written\n" : "refused\n");
  }
}

for await (const leadership of client.terms("counter")) await count(leadership).catch(() => undefined);
