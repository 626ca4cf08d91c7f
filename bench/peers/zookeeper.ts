/** ZooKeeper's election recipe: ephemeral sequential nodes, each waiting contender watching the one before its own. */
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Skipped } from "../row.ts";
import { elapsedSince, pause } from "../sockets.ts";
import { freePort, type HandOver, requireProgram, withServer } from "./server.ts";
import { ZooKeeperSession } from "./zookeeper-client.ts";

/** Where the distribution's package puts it. */
const LIBRARY = "/usr/share/java/zookeeper.jar";
const ROOT = "/bench";
/** Nothing is sent to keep a session while the other side has its turn. */
const SESSION_MS = 30_000;
const SETTLE_MS = 5;
const RETRY_MS = 100;

/** Resolves when the node is the first one. */
async function leads(session: ZooKeeperSession, path: string): Promise<void> {
  for (;;) {
    const names = (await session.children(ROOT)).sort();
    const place = names.indexOf(path.slice(ROOT.length + 1));
    if (place === 0) return;
    await session.changed(`${ROOT}/${names[place - 1]}`);
  }
}

/** It listens before it serves, and hangs up meanwhile. */
async function openSession(port: number, attempts = 100): Promise<ZooKeeperSession> {
  try {
    return await ZooKeeperSession.open(port, SESSION_MS);
  } catch (error) {
    if (attempts === 0) throw error;
    await pause(RETRY_MS);
    return openSession(port, attempts - 1);
  }
}

/** From deleting the leader's node to the next one knowing that its own is the first. */
export async function withZooKeeper<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const java = await requireProgram("java");
  await access(LIBRARY).catch(() => {
    throw new Skipped("ZooKeeper is not installed");
  });
  const port = await freePort();
  const parameters = async (folder: string): Promise<string[]> => {
    const file = join(folder, "zoo.cfg");
    const settings = [`dataDir=${folder}`, `clientPort=${port}`, "clientPortAddress=127.0.0.1", "tickTime=2000"];
    await writeFile(file, `${[...settings, "admin.enableServer=false"].join("\n")}\n`);
    return ["-Dzookeeper.maxClientCnxns=0", "-cp", LIBRARY, "org.apache.zookeeper.server.ZooKeeperServerMain", file];
  };
  return withServer(java, parameters, port, async () => {
    let [leading, waiting] = [await openSession(port), await openSession(port)];
    await leading.createPersistent(ROOT);
    let path = await leading.createEphemeralSequential(`${ROOT}/n-`);
    const handOver = async (): Promise<number> => {
      const nextPath = await waiting.createEphemeralSequential(`${ROOT}/n-`);
      const next = leads(waiting, nextPath);
      await pause(SETTLE_MS);
      const startedAt = performance.now();
      void leading.delete(path);
      await next;
      const ms = elapsedSince(startedAt);
      path = nextPath;
      [leading, waiting] = [waiting, leading];
      return ms;
    };
    try {
      return await work(handOver);
    } finally {
      for (const session of [leading, waiting]) session.close();
    }
  });
}
