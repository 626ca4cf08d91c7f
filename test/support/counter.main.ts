/**
 * Increments a counter by read, wait, write while it leads: `node counter.main.ts CONFIG`. It prints `read`, and writes
 * when it is given a line. A process that is stopped between its read and its write overwrites what others have written
 * since: the experiment of Jepsen's distributed lock tests.
 */

import { createInterface } from "node:readline";
import type { Leadership } from "../../client/index.ts";
import { importNodeClient } from "../../tools/harness/built.ts";
import { configuration } from "../../tools/harness/configuration.ts";
import { openStore, type StoreConfig } from "./counter-stores.ts";

export interface CounterConfig {
  readonly url: string;
  readonly group: string;
  readonly name: string;
  readonly store: StoreConfig;
}

const { url, group, name, store: config } = configuration<CounterConfig>();

const { createElectionClient } = await importNodeClient();
const client = createElectionClient({ url, group, process: { name } });
const store = await openStore(config);
const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const say = (word: string): void => void process.stdout.write(`${word}\n`);

async function count(leadership: Leadership): Promise<void> {
  say("leads");
  while (leadership.isLeader()) {
    const read = await store.read(leadership);
    say("read");
    await orders.next();
    say((await store.write(read + 1, leadership)) ? "written" : "refused");
  }
}

for await (const leadership of client.terms("counter")) await count(leadership).catch((error) => say(String(error)));
