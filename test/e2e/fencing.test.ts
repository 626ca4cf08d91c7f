/** The fencing experiment: what a paused leader can do to a store that does not compare epochs, and to one that does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { importFence } from "../../tools/harness/built.ts";
import { type NodeProcess, runNode } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { serve } from "../../tools/harness/serve.ts";
import type { CounterConfig } from "../support/counter.main.ts";
import type { StoreConfig } from "../support/counter-stores.ts";
import { lostUpdates } from "../support/fence-contract.ts";

const ROUNDS = 3;
/** Long enough that only who is stopped loses it, on a machine on which all experiments run side by side: mostly they wait. */
const LEASE_MS = "4000";

let backend: LocalBackend;

beforeAll(async () => {
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback", LEASE_MS } });
});
afterAll(() => backend.stop());

/** A process that counts, and what it prints, word by word. */
class Counter {
  readonly process: NodeProcess;
  #heard = 0;

  constructor(config: CounterConfig) {
    this.process = runNode("test/support/counter.main.ts", [JSON.stringify(config)]);
    this.process.child.stdin?.on("error", () => undefined); // a killed process reads nothing
  }

  /** The next of these words that it prints. */
  async says(...words: string[]): Promise<string> {
    const next = new RegExp(`^[^]{${this.#heard}}[^]*?(${words.join("|")})\\n`);
    const { 0: said, 1: word = "" } = await this.process.whenWritten(next);
    this.#heard = said.length;
    return word;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.child.kill(signal);
  }

  /** Lets it write what it has read. */
  go(): void {
    this.process.child.stdin?.write("go\n");
  }
}

/** The leader has read, and is stopped until another process has led and written; then it writes. */
async function pauseLeaderBetweenReadAndWrite(leader: Counter, other: Counter): Promise<string> {
  leader.signal("SIGSTOP");
  await other.says("read");
  other.go();
  await other.says("written");
  leader.signal("SIGCONT");
  leader.go();
  return leader.says("written", "refused");
}

/** What became of the late writes. */
async function experiment(group: string, store: StoreConfig): Promise<string[]> {
  const [one, two] = ["one", "two"].map((name) => new Counter({ url: backend.url, group, name, store }));
  if (one === undefined || two === undefined) throw new Error("no counters");
  const outcomes: string[] = [];
  try {
    let [leader, other] = await Promise.race([
      one.says("read").then(() => [one, two] as const),
      two.says("read").then(() => [two, one] as const),
    ]);
    for (let round = 0; round < ROUNDS; round++) {
      outcomes.push(await pauseLeaderBetweenReadAndWrite(leader, other));
      await other.says("read");
      [leader, other] = [other, leader];
    }
  } finally {
    for (const { process } of [one, two]) process.child.kill("SIGKILL");
    await Promise.all([one.process.ended, two.process.ended]);
  }
  return outcomes;
}

type Kind = StoreConfig["kind"];

/** Makes the store, runs the experiment, and counts the updates that were lost. */
const experiments: Readonly<Record<Kind, (group: string, guarded: boolean) => Promise<object>>> = {
  async file(group, guarded) {
    await using folder = await temporaryFolder();
    const at = join(folder.path, "counter.jsonl");
    writeFileSync(at, "");
    const late = await experiment(group, { kind: "file", at, guarded });
    const writes = readFileSync(at, "utf8").split("\n").slice(0, -1);
    return { late, lost: lostUpdates(writes.map((line) => JSON.parse(line))) };
  },

  async sqlite(group, guarded) {
    const { createSqlGuard, createSqlitePort } = await importFence();
    await using folder = await temporaryFolder();
    const at = join(folder.path, "counter.sqlite");
    const database = new DatabaseSync(at, { timeout: 10_000 });
    await createSqlGuard(createSqlitePort(database)).setUp();
    database.exec("CREATE TABLE writes (value INTEGER, epoch INTEGER)");
    const late = await experiment(group, { kind: "sqlite", at, guarded });
    const writes = database.prepare("SELECT value FROM writes").all();
    database.close();
    return { late, lost: lostUpdates(writes.map(({ value }) => ({ value: Number(value) }))) };
  },

  async http(group, guarded) {
    const { createSqlGuard, createSqlitePort, fence } = await importFence();
    const writes: { readonly value: number }[] = [];
    const guard = createSqlGuard(createSqlitePort(new DatabaseSync(":memory:")));
    await guard.setUp();
    const app = new Hono();
    if (guarded) app.use(fence({ guard, groups: [group], components: ["counter"] }));
    app.get("/", (context) => context.text(String(writes.at(-1)?.value ?? 0)));
    app.post("/", async (context) => {
      writes.push({ value: Number(await context.req.text()) });
      return context.text("written");
    });
    await using resource = await serve((request) => app.fetch(request));
    const late = await experiment(group, { kind: "http", at: resource.url, guarded });
    return { late, lost: lostUpdates(writes) };
  },
};

const every = (outcome: string): string[] => Array.from({ length: ROUNDS }, () => outcome);

test.concurrent.each<[string, Kind]>([
  ["a file", "file"],
  ["SQLite", "sqlite"],
  ["a resource behind HTTP", "http"],
])(
  "[S13] without a fence a paused leader's late write undoes others', in %s: the experiment can fail",
  async (_, kind) => {
    expect(await experiments[kind](`${kind}-unfenced`, false)).toEqual({ late: every("written"), lost: ROUNDS });
  },
);

test.concurrent.each<[string, Kind]>([
  ["[S5] [S13] a store that refuses lower epochs loses no update to a paused leader", "file"],
  ["[FG1] [S13] with a guard for SQL no update is lost to a paused leader", "sqlite"],
  ["[FG7] [S13] behind the middleware no update is lost to a paused leader that sends its headers", "http"],
])("%s", async (_, kind) => {
  expect(await experiments[kind](`${kind}-fenced`, true)).toEqual({ late: every("refused"), lost: 0 });
});
