/**
 * `npm run fixture`: writes what the present version stores of one group, row by row, to `test/worker/host/stored/`. The file is
 * named after the schema. Later versions have to read it: make it anew only while no release has this schema.
 */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startLocalBackend } from "../../cli/backend/local-backend.ts";
import { groupPath } from "../../shared/protocol/paths.ts";
import { bundleWorker } from "../bundle-worker.ts";
import { inRepository } from "../paths.ts";
import { temporaryFolder } from "./folder.ts";
import type { LivePeer } from "./live-peer.ts";
import { connectPeer } from "./socket-peer.ts";

const GROUP = "stored";

async function enter(url: string, hello: Parameters<LivePeer["hello"]>[0]): Promise<LivePeer> {
  const peer = await connectPeer({ url, group: GROUP });
  await peer.hello(hello);
  return peer;
}

/** A row of every kind, and an election in every state. */
async function live(url: string): Promise<void> {
  const process = { name: "leader", address: "tcp://one", metadata: { zone: "a" } };
  const own = (component: string) => ({ component, election: "dedicated" }) as const;
  const leader = await enter(url, { process, priority: 3, contenders: [{ component: "dispatcher" }] });
  const first = await leader.win();
  leader.send({ type: "resign", leaderSessionId: first.leaderSessionId });
  const { leaderSessionId } = await leader.win();
  leader.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId, address: "tcp://two" });
  await leader.next("confirmed");
  const other = await enter(url, { contenders: [own("draining"), own("leading")], observe: ["dispatcher"] });
  await other.next("grant");
  await other.next("grant");
  await enter(url, { priority: -1, contenders: [{ component: "dispatcher", priority: 2 }], observe: true });
  const revoke = `${url}${groupPath(GROUP, "elections", "component:draining", "revoke")}`;
  fetch(revoke, { method: "POST" }).catch(() => undefined); // the backend ends before it answers
  await other.next("revoke");
  const gone = await enter(url, { contenders: [own("vacant")] });
  const grant = await gone.next("grant");
  gone.silent = true;
  gone.send({ type: "release", leaderSessionId: grant.leaderSessionId });
  await gone.ping();
}

/** The one database that has rows of a group. */
async function rowsIn(folder: string): Promise<Record<string, unknown>[]> {
  for (const entry of await readdir(folder, { recursive: true })) {
    if (!entry.endsWith(".sqlite") || entry.endsWith("metadata.sqlite")) continue;
    using database = new DatabaseSync(join(folder, entry));
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE name = 'stored'").all();
    if (tables.length > 0) return database.prepare("SELECT key, sequence, row FROM stored ORDER BY key").all();
  }
  throw new Error("no group has stored anything");
}

await using folder = await temporaryFolder();
const dataDir = join(folder.path, "data");
const bindings = { OPEN_MODE: "loopback", LEASE_MS: "20000" };
const backend = await startLocalBackend({ workerBundle: await bundleWorker(), bindings, dataDir });
try {
  await live(backend.url);
} finally {
  await backend.kill();
}
const stored = await rowsIn(dataDir);
const { version } = JSON.parse(String(stored.find(({ key }) => key === "schema")?.["row"]));
const file = inRepository(`test/worker/host/stored/schema-${version}.json`);
const rows = stored.map((row) => JSON.stringify(row));
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `[\n  ${rows.join(",\n  ")}\n]\n`);
process.exit(0); // peers are still open
