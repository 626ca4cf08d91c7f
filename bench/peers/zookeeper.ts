/** ZooKeeper's election recipe: ephemeral sequential nodes, where each waiting contender watches the node before its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Client } from "node-zookeeper-client";
import { freePort } from "../../cli/backend/free-port.ts";
import { elapsedSince, pause } from "../sockets.ts";
import { requireClient, requireFile, requireProgram } from "./installed.ts";
import { type HandOver, withServer } from "./server.ts";

const ROOT = "/bench";
/** The default of the client. */
const SESSION_MS = 30_000;
const SETTLE_MS = 5;
const ANY_VERSION = -1;

/** From removing the leader's node until the next contender knows that its own node is the first. */
export async function withZooKeeper<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const java = await requireProgram("java", "default-jre-headless");
  const library = await requireFile("/usr/share/java/zookeeper.jar", "libzookeeper-java");
  const { createClient, CreateMode } = await requireClient(
    "node-zookeeper-client",
    () => import("node-zookeeper-client"),
  );
  const port = await freePort();
  return withServer(
    java,
    (folder) => parametersOf(folder, library, port),
    port,
    async () => {
      const connect = (): Promise<Contender> =>
        connected(createClient(`127.0.0.1:${port}`, { sessionTimeout: SESSION_MS }), CreateMode.EPHEMERAL_SEQUENTIAL);
      let [leading, waiting] = [await connect(), await connect()];
      await leading.create(ROOT, CreateMode.PERSISTENT);
      let path = await leading.stand();
      const handOver = async (): Promise<number> => {
        const nextPath = await waiting.stand();
        const next = waiting.leads(nextPath);
        await pause(SETTLE_MS);
        const startedAt = performance.now();
        const removed = leading.remove(path);
        await next;
        const ms = elapsedSince(startedAt);
        await removed;
        path = nextPath;
        [leading, waiting] = [waiting, leading];
        return ms;
      };
      try {
        return await work(handOver);
      } finally {
        for (const { close } of [leading, waiting]) close();
      }
    },
  );
}

async function parametersOf(folder: string, library: string, port: number): Promise<string[]> {
  const file = join(folder, "zoo.cfg");
  const settings = [`dataDir=${folder}`, `clientPort=${port}`, "clientPortAddress=127.0.0.1", "tickTime=2000"];
  await writeFile(file, `${[...settings, "admin.enableServer=false"].join("\n")}\n`);
  return ["-Dzookeeper.maxClientCnxns=0", "-cp", library, "org.apache.zookeeper.server.ZooKeeperServerMain", file];
}

type Contender = Awaited<ReturnType<typeof connected>>;

/** The client tries again by itself while the server listens and does not serve yet. */
async function connected(client: Client, sequential: number) {
  const isConnected = new Promise<void>((resolve) => client.once("connected", resolve));
  client.connect();
  await isConnected;
  const create = promisify(client.create.bind(client));
  const children = promisify(client.getChildren.bind(client));
  const remove = promisify(client.remove.bind(client));
  /** Resolves when the node has changed or gone, or is not there. */
  const changed = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      client.exists(path, resolve, (error, found) => {
        if (error !== null) reject(error);
        else if (found === null) resolve();
      });
    });
  const leads = async (path: string): Promise<void> => {
    for (;;) {
      const names = [...(await children(ROOT))].sort();
      const place = names.indexOf(path.slice(ROOT.length + 1));
      if (place === 0) return;
      await changed(`${ROOT}/${names[place - 1]}`);
    }
  };
  return {
    create,
    /** Resolves when the node is the first one. */
    leads,
    /** Resolves with the path of a new node at the end of the queue. */
    stand: (): Promise<string> => create(`${ROOT}/n-`, sequential),
    remove: (path: string): Promise<void> => remove(path, ANY_VERSION),
    close: (): void => client.close(),
  };
}
